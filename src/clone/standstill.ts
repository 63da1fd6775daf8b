import type { VirtualMachine } from './resources';

/** virt-controller's reason for `Ready: False` while there is no VMI (vm.go, syncReadyConditionFromVMI). */
const NO_VMI = 'VMINotExists';

/** What of a VM that is off tells later whether it has run meanwhile. */
export interface Standstill {
  generation: number;
  /** Since when there has been no VMI, by virt-controller's clock, to the second. Absent while an ended one is left. */
  since?: string;
}

export function standstillOf(vm: VirtualMachine): Standstill {
  return { generation: vm.metadata.generation ?? 0, since: isWithoutVmi(vm) ? readySince(vm) : undefined };
}

/** Whether virt-controller has yet to see that the VMI is gone: until then the VM's status is of a former life. */
export function isAwaitingStandstill(vm: VirtualMachine): boolean {
  return readyOf(vm) !== undefined && !isWithoutVmi(vm);
}

/**
 * Whether the VM has run since, though it may be off again and nobody looked: `Ready` changes its reason with each
 * VMI that comes or goes, and with that its time; and the generation that a VMI was made from is noted only while
 * there is one (syncGenerationInfo). An older VM, as a cache may show it, tells nothing.
 */
export function hasRunSince(vm: VirtualMachine, before: Standstill): boolean {
  if ((vm.status?.observedGeneration ?? 0) > before.generation) return true;
  const since = readySince(vm);
  return before.since !== undefined && since !== undefined && Date.parse(since) > Date.parse(before.since);
}

function readyOf(vm: VirtualMachine) {
  return vm.status?.conditions?.find(({ type }) => type === 'Ready');
}

function isWithoutVmi(vm: VirtualMachine): boolean {
  return readyOf(vm)?.reason === NO_VMI;
}

function readySince(vm: VirtualMachine): string | undefined {
  return readyOf(vm)?.lastTransitionTime;
}
