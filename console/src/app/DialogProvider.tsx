import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { VmRef } from '../../../src/contract';
import { CloneModal } from '../clone-modal/CloneModal';
import { CancelCloningDialog } from '../dialogs/CancelCloningDialog';
import { DeleteDialog } from '../dialogs/DeleteDialog';
import {
  type CloneAsked,
  DialogContext,
  type DialogName,
  type DialogProps,
  menuId,
} from '../dialogs/dialogs';
import { EditDialog } from '../dialogs/EditDialog';
import { RestartDialog } from '../dialogs/RestartDialog';
import { ShutDownDialog } from '../dialogs/ShutDownDialog';

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
      {shown && (
        <Shown
          // Of another VM nothing that was typed is kept.
          key={`${shown.name} ${shown.vm.namespace}/${shown.vm.name}`}
          {...shown}
          onClose={onClose}
          onCloneAsked={onCloneAsked}
        />
      )}
    </DialogContext.Provider>
  );
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

/** The row has been drawn anew meanwhile, so what had the focus may be gone. */
function focusMenuOf(vm: VmRef): void {
  requestAnimationFrame(() => {
    const menu = document.getElementById(menuId(vm)) ?? document.getElementById('main-heading');
    menu?.focus();
  });
}
