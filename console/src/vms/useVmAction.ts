import { useCallback, useRef } from 'react';
import type { VmRow } from '../../../src/clone/status';
import type { VmRef } from '../../../src/contract';
import { refPath, request, sentenceOf } from '../api/http';
import { useToast } from '../toasts/Toasts';

/** What is done at once, and what is said of it. */
const ACTIONS = {
  start: { asked: 'Starting', failed: 'could not be started' },
  pause: { asked: 'Pausing', failed: 'could not be paused' },
  unpause: { asked: 'Unpausing', failed: 'could not be unpaused' },
} as const;
export type ImmediateAction = keyof typeof ACTIONS;

/** Asks for an action that needs no confirmation; the row shows what comes of it. One at a time for each VM. */
export function useVmAction(): (action: ImmediateAction, vm: VmRef) => Promise<void> {
  const toast = useToast();
  const pending = useRef(new Set<string>());
  return useCallback(
    async (action, vm) => {
      const id = `${vm.namespace}/${vm.name}`;
      if (pending.current.has(id)) return;
      pending.current.add(id);
      const { asked, failed } = ACTIONS[action];
      try {
        await request<VmRow>(`/vms/${refPath(vm)}/${action}`, { method: 'POST' });
        toast({ variant: 'info', title: `${asked} ${vm.name}.` });
      } catch (error) {
        toast({ variant: 'danger', title: `VM ${vm.name} ${failed}.`, body: sentenceOf(error) });
      } finally {
        pending.current.delete(id);
      }
    },
    [toast],
  );
}
