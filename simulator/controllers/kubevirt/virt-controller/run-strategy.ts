import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { isFinal } from '../objects';
import { backoffLeftMs } from './start-failure';
import { startVmi, stopVmi } from './start-stop';
import { SyncError } from './sync-error';
import type { VmReconcile } from './vm-reconcile';

/** Makes or deletes the VMI as the run strategy and the first pending request say (vm.go syncRunStrategy). */
export async function syncRunStrategy(run: VmReconcile, strategy: RunStrategy): Promise<void> {
  const { vm, vmi } = run;
  switch (strategy) {
    case 'Always':
      if (!vmi) await startUnlessBackingOff(run);
      else if (isStopRequested(vm, vmi) || isFinal(vmi)) await stopVmi(run, vmi);
      return;
    case 'RerunOnFailure':
      if (vmi) await endOrRerun(run, vmi);
      else if (isStartedByRerunOnFailure(vm)) await startUnlessBackingOff(run);
      return;
    case 'Manual':
      if (!vmi && isStartRequested(vm)) await startVmi(run);
      else if (vmi && isStopRequested(vm, vmi)) await stopVmi(run, vmi);
      return;
    case 'Halted':
      if (vmi) await stopVmi(run, vmi);
      else if (isStartRequested(vm)) await becomeAlways(run);
      return;
    case 'Once':
      if (!vmi) await startVmi(run);
      return;
    default:
      throw new SyncError('FailedCreate', `unknown runstrategy: ${strategy}`);
  }
}

/** Whether the strategy wants a VMI; used for the VM's status alone (vm.go isSetToStart). */
export function isSetToStart(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  strategy: RunStrategy,
): boolean {
  switch (strategy) {
    case 'Always':
      return true;
    case 'Manual':
      return vmi ? !isStopRequested(vm, vmi) : isStartRequested(vm);
    case 'RerunOnFailure':
      return vmi ? vmi.status?.phase !== 'Succeeded' : isStartedByRerunOnFailure(vm);
    case 'Once':
      return !vmi;
    default:
      return false;
  }
}

function isStartRequested(vm: VirtualMachine): boolean {
  return vm.status?.stateChangeRequests?.[0]?.action === 'Start';
}

function isStopRequested(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  const request = vm.status?.stateChangeRequests?.[0];
  return request?.action === 'Stop' && request.uid === vmi.metadata.uid;
}

/** RerunOnFailure starts what asks for it, and what has just come to this strategy from another. */
function isStartedByRerunOnFailure(vm: VirtualMachine): boolean {
  return isStartRequested(vm) || vm.status?.runStrategy !== 'RerunOnFailure';
}

async function startUnlessBackingOff(run: VmReconcile): Promise<void> {
  const left = backoffLeftMs(run.vm);
  if (left > 0) run.requeueAfterMs = left;
  else await startVmi(run);
}

/** An ended guest's VMI goes; one that failed is made anew, by a request that outlives this pass. */
async function endOrRerun(run: VmReconcile, vmi: VirtualMachineInstance): Promise<void> {
  if (vmi.metadata.deletionTimestamp) return;
  if (!isStopRequested(run.vm, vmi) && !isFinal(vmi)) return;
  await stopVmi(run, vmi);
  if (vmi.status?.phase !== 'Failed') return;
  const { namespace, name } = run.vm.metadata;
  const requests = [...(run.vm.status?.stateChangeRequests ?? []), { action: 'Start' as const }];
  run.vm = await run.client.patchJson(
    Kinds.VirtualMachine,
    { namespace, name },
    [{ op: 'add', path: '/status/stateChangeRequests', value: requests }],
    { subresource: 'status' },
  );
}

async function becomeAlways(run: VmReconcile): Promise<void> {
  const { vm } = run;
  const state = vm.spec.running === undefined ? { runStrategy: 'Always' } : { running: true };
  await run.client.replace(Kinds.VirtualMachine, { ...vm, spec: { ...vm.spec, ...state } });
}
