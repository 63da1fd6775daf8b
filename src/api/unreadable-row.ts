import { ACTIONS, type Actions } from '../clone/actions';
import { isLocked } from '../clone/lock';
import type { VirtualMachine } from '../clone/resources';
import type { VmRow } from '../clone/status';

/** Of a VM of a shape that no webhook lets pass: that it is there, and no more. */
export function unreadableRow(vm: VirtualMachine): VmRow {
  const { namespace = '', name, creationTimestamp } = vm.metadata;
  const unread = {
    enabled: false,
    reason: `${name} can not be read: its spec lacks what KubeVirt requires.`,
  };
  return {
    namespace,
    name,
    status: 'Unknown',
    filterGroup: 'Unknown',
    percent: null,
    ip: null,
    node: null,
    createdAt: creationTimestamp ?? null,
    locked: isLocked(vm),
    actions: Object.fromEntries(ACTIONS.map((action) => [action, unread])) as Actions,
  };
}
