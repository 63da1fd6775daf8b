import { holdersOf } from '../clone/lock';
import { isInProgress } from '../clone/ownership';
import type { VirtualMachine } from '../clone/resources';
import { MARKS, targetOfWorkflowId } from '../contract';
import { keyOf } from './live-index';

/**
 * The ids of the clones of which a VM's marks tell that they have got on: the one that makes it, when it appears, its
 * mark changes or it goes; and those that have come to hold it as their source, or hold it no longer.
 */
export function clonesMovedBy(now: VirtualMachine | undefined, before: VirtualMachine | undefined): string[] {
  const moved = new Set<string>();
  const vm = now ?? before;
  if (vm && markOf(now) !== markOf(before)) moved.add(keyOf(vm));
  if (now?.metadata.annotations?.[MARKS.lock] === before?.metadata.annotations?.[MARKS.lock])
    return [...moved];
  const [holders, left] = [holdersIn(now), holdersIn(before)];
  for (const id of holders) if (!left.has(id)) moved.add(id);
  for (const id of left) if (!holders.has(id)) moved.add(id);
  return [...moved];
}

/** What there is to see of the clone that makes this VM; undefined where none does. */
function markOf(vm: VirtualMachine | undefined): string | undefined {
  if (!vm || !isInProgress(vm)) return undefined;
  const { annotations, deletionTimestamp } = vm.metadata;
  return `${annotations?.[MARKS.inProgress]} ${deletionTimestamp ?? ''}`;
}

function holdersIn(vm: VirtualMachine | undefined): Set<string> {
  if (!vm) return new Set();
  try {
    const targets = holdersOf(vm).flatMap(({ workflowId }) => targetOfWorkflowId(workflowId) ?? []);
    return new Set(targets.map(({ namespace, name }) => `${namespace}/${name}`));
  } catch {
    return new Set(); // an unreadable lock names nobody
  }
}
