import type { VirtualMachine, VirtualMachineInstance } from './resources';

/** virt-controller's reason for `Ready: False` while there is no VMI (vm.go, syncReadyConditionFromVMI). */
const NO_VMI = 'VMINotExists';

/** What of a VM that is off tells later whether it has run meanwhile. */
export interface Standstill {
  generation: number;
  /** Since when there has been no VMI, by virt-controller's clock, to the second. Absent while an ended one is left. */
  since?: string;
  /** Uid of an ended VMI that is left. */
  ended?: string;
}

export function standstillOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): Standstill {
  const generation = vm.metadata.generation ?? 0;
  if (vmi) return { generation, ended: vmi.metadata.uid };
  return { generation, since: isWithoutVmi(vm) ? readySince(vm) : undefined };
}

/** Whether virt-controller has yet to see that the VMI is gone: until then the VM's status is of a former life. */
export function isAwaitingStandstill(vm: VirtualMachine): boolean {
  return readyOf(vm) !== undefined && !isWithoutVmi(vm);
}

/**
 * Whether the VM has run since, though it may be off again and nobody looked: `Ready` changes its reason with each
 * VMI that comes or goes, and with that its time; and the generation that a VMI was made from is noted only while
 * there is one (syncGenerationInfo). Where an ended VMI was left (which notes each new generation), only another
 * one in its place tells. An older VM, as a cache may show it, tells nothing.
 */
export function hasRunSince(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  before: Standstill,
): boolean {
  if (before.ended !== undefined) return vmi !== undefined && vmi.metadata.uid !== before.ended;
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
