import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '../../../../src/clone/resources';
import { hasRun, isFinal } from '../objects';

/** A start that failed is put off by 10 s times the square of its count, with jitter; at most 5 minutes. */
const STEP_SECONDS = 10;
const MAX_SECONDS = 300;

interface StartFailure {
  consecutiveFailCount: number;
  lastFailedVMIUID?: string;
  retryAfterTimestamp: string;
}

export function startFailureOf(vm: VirtualMachine): StartFailure | undefined {
  return vm.status?.startFailure as StartFailure | undefined;
}

/** Milliseconds until the VM may be started again; 0 = now. */
export function backoffLeftMs(vm: VirtualMachine): number {
  const failure = startFailureOf(vm);
  return failure ? Math.max(0, Date.parse(failure.retryAfterTimestamp) - Date.now()) : 0;
}

/** Counts VMIs that ended before their guest ran; one that runs clears the count (vm.go syncStartFailureStatus). */
export function startFailureAfter(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  strategy: RunStrategy,
  timeScale: number,
): StartFailure | undefined {
  const known = startFailureOf(vm);
  if (hasRun(vmi) || !['Always', 'RerunOnFailure', 'Once'].includes(strategy)) return undefined;
  if (!vmi || !isFinal(vmi) || known?.lastFailedVMIUID === vmi.metadata.uid) return known;
  const count = (known?.consecutiveFailCount ?? 0) + 1;
  const delay = STEP_SECONDS * count ** 2;
  const seconds = Math.min(MAX_SECONDS, delay + Math.floor(Math.random() * (delay / 2 + 1)));
  return {
    consecutiveFailCount: count,
    lastFailedVMIUID: vmi.metadata.uid,
    retryAfterTimestamp: new Date(Date.now() + seconds * 1000 * timeScale).toISOString(),
  };
}
