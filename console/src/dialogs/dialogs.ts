import { createContext, useContext } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import type { VmRef } from '../../../src/contract';

export type DialogName = 'clone' | 'edit' | 'shutDown' | 'restart' | 'delete' | 'cancelCloning';

export interface DialogProps {
  /** The VM that it is about: of `cancelCloning`, the clone's own. */
  vm: VmRef;
  onClose: () => void;
}

/** A clone that has just been asked for here, and whether its source was on. */
export type CloneAsked = (clone: CloneAnswer, sourceOn: boolean) => void;

export interface Dialogs {
  open: (name: DialogName, vm: VmRef) => void;
}

export const DialogContext = createContext<Dialogs>({ open: () => {} });

export function useDialogs(): Dialogs {
  return useContext(DialogContext);
}

/** Of the button that opens a VM's menu. */
export function menuId({ namespace, name }: VmRef): string {
  return `menu-${namespace}-${name}`;
}
