import { currentSetting, isFinal, strategyOfSetting } from './power';
import type { VirtualMachine, VirtualMachineInstance } from './resources';
import { blockerOf } from './source-state';

/** Why KubeVirt would refuse a power action of a VM whose status alone allows it. */
export interface PowerRefusals {
  run?: string;
  shutDown?: string;
  unpause?: string;
}

/**
 * What KubeVirt's API looks at beside the status (lifecycle.go, Start-, Stop- and UnpauseVMRequestHandler; webhook
 * vm-storage-status.go): a start of Halted, and a stop of Always and Once, write the run strategy, which stays as it is
 * during a snapshot or restore; a VM that ran Once is never started again.
 */
export function powerRefusals(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): PowerRefusals {
  const strategy = strategyOfSetting(currentSetting(vm));
  const frozen = blockerOf(vm, 'SnapshotInProgress') ?? blockerOf(vm, 'RestoreInProgress');
  const spent =
    strategy === 'Once' && isFinal(vmi)
      ? `${vm.metadata.name} has run once, as its run strategy has it: give it another one first.`
      : undefined;
  return {
    run: blockerOf(vm, 'SourceNeedsRecovery') ?? (strategy === 'Halted' ? frozen : spent),
    shutDown: strategy === 'Always' || strategy === 'Once' ? frozen : undefined,
    unpause: blockerOf(vm, 'SnapshotInProgress'),
  };
}
