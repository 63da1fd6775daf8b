import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import type { VmRef } from '../../../src/contract';
import { CloneModal } from '../clone-modal/CloneModal';
import { CancelCloningDialog } from './CancelCloningDialog';
import { DeleteDialog } from './DeleteDialog';
import { EditDialog } from './EditDialog';
import { RestartDialog } from './RestartDialog';
import { ShutDownDialog } from './ShutDownDialog';

export type DialogName = 'clone' | 'edit' | 'shutDown' | 'restart' | 'delete' | 'cancelCloning';

export interface DialogProps {
  /** The VM that it is about: of `cancelCloning`, the clone's own. */
  vm: VmRef;
  onClose: () => void;
}

/** A clone that has just been asked for here, and whether its source was on. */
export type CloneAsked = (clone: CloneAnswer, sourceOn: boolean) => void;

interface Dialogs {
  open: (name: DialogName, vm: VmRef) => void;
}

const DialogContext = createContext<Dialogs>({ open: () => {} });

/** The one dialogue that is open. After it has closed the focus goes back to the VM's menu, or to where it was. */
export function DialogProvider({
  onCloneAsked,
  children,
}: {
  onCloneAsked: CloneAsked;
  children: ReactNode;
}) {
  const [shown, setShown] = useState<{ name: DialogName; vm: VmRef }>();
  const open = useCallback((name: DialogName, vm: VmRef) => setShown({ name, vm }), []);
  const value = useMemo(() => ({ open }), [open]);
  const onClose = useCallback(() => setShown(undefined), []);
  // Once the dialogue is gone: it gives the focus back to what opened it, which may be gone, too.
  const last = useRef<VmRef>(undefined);
  useEffect(() => {
    if (!shown && last.current) focusMenuOf(last.current);
    last.current = shown?.vm;
  }, [shown]);
  return (
    <DialogContext.Provider value={value}>
      {children}
      {shown && <Shown name={shown.name} vm={shown.vm} onClose={onClose} onCloneAsked={onCloneAsked} />}
    </DialogContext.Provider>
  );
}

export function useDialogs(): Dialogs {
  return useContext(DialogContext);
}

function Shown({
  name,
  onCloneAsked,
  ...props
}: DialogProps & { name: DialogName; onCloneAsked: CloneAsked }) {
  switch (name) {
    case 'clone':
      return <CloneModal {...props} onCloneAsked={onCloneAsked} />;
    case 'edit':
      return <EditDialog {...props} />;
    case 'shutDown':
      return <ShutDownDialog {...props} />;
    case 'restart':
      return <RestartDialog {...props} />;
    case 'delete':
      return <DeleteDialog {...props} />;
    case 'cancelCloning':
      return <CancelCloningDialog {...props} />;
  }
}

export function menuId({ namespace, name }: VmRef): string {
  return `menu-${namespace}-${name}`;
}

/** The row has been drawn anew meanwhile, so what had the focus may be gone. */
function focusMenuOf(vm: VmRef): void {
  requestAnimationFrame(() => {
    const menu = document.getElementById(menuId(vm)) ?? document.getElementById('main-heading');
    menu?.focus();
  });
}
