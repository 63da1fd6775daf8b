import type { Condition, VirtualMachine, VirtualMachineInstance } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { ANNOTATIONS, FINALIZERS } from '../names';
import {
  conditionOf,
  hasCondition,
  isFinal,
  runStrategyOf,
  same,
  withCondition,
  withoutCondition,
} from '../objects';
import { printableStatus } from './printable-status';
import { startFailureAfter } from './start-failure';
import type { SyncError } from './sync-error';
import type { VmReconcile } from './vm-reconcile';

type Status = NonNullable<VirtualMachine['status']>;

/** Conditions of the VM that aren't copies of its VMI's. */
const OWN_CONDITIONS = ['Ready', 'Failure', 'RestartRequired'];

/**
 * Writes what is known into the VM's status, as a whole and under its resourceVersion: 409 when anyone has
 * written the VM meanwhile. Then lets an ended VMI go (vm.go updateStatus).
 */
export async function updateStatus(run: VmReconcile, failure: SyncError | undefined): Promise<void> {
  const { client, original, vm, vmi } = run;
  const strategy = runStrategyOf(original);
  const status: Status = structuredClone(vm.status ?? {});
  setTrue(status, 'created', vmi !== undefined);
  setTrue(status, 'ready', vmi !== undefined && hasCondition(vmi.status?.conditions, 'Ready', 'True'));
  if (vmi) {
    status.observedGeneration = Number(vmi.metadata.annotations?.[ANNOTATIONS.vmGeneration]);
    status.desiredGeneration = vm.metadata.generation;
  }
  // Only a VM that has been started once has a last strategy.
  if (status.runStrategy || vmi) status.runStrategy = strategy;
  trimRequests(status, vmi);
  const startFailure = startFailureAfter({ ...vm, status }, vmi, strategy, run.options.timeScale);
  if (startFailure) status.startFailure = startFailure;
  else delete status.startFailure;
  status.conditions = conditionsOf(status.conditions, vmi, failure);
  status.printableStatus = printableStatus(run, status);
  if (!same(status, original.status)) {
    await client.replace(Kinds.VirtualMachine, { ...vm, status }, { subresource: 'status' });
  }
  if (vmi && isFinal(vmi)) await release(run, vmi);
}

/** False is written as absence: the field is `omitempty`. */
function setTrue(status: Status, field: 'created' | 'ready', value: boolean): void {
  if (value) status[field] = true;
  else delete status[field];
}

/** Drops the first request once it has been obeyed, one a pass. */
function trimRequests(status: Status, vmi: VirtualMachineInstance | undefined): void {
  const [first, ...rest] = status.stateChangeRequests ?? [];
  if (!first) return;
  const stopped = first.action === 'Stop' && (!vmi || !first.uid || first.uid !== vmi.metadata.uid);
  const started = first.action === 'Start' && vmi && !vmi.metadata.deletionTimestamp && !isFinal(vmi);
  if (!stopped && !started) return;
  if (rest.length > 0) status.stateChangeRequests = rest;
  else delete status.stateChangeRequests;
}

/** While there is no VMI, what its last one left stays. */
function conditionsOf(
  old: Condition[] | undefined,
  vmi: VirtualMachineInstance | undefined,
  failure: SyncError | undefined,
): Condition[] {
  let conditions = withCondition(old, readyOf(vmi));
  conditions = failure
    ? withCondition(conditions, {
        type: 'Failure',
        status: 'True',
        reason: failure.reason,
        message: failure.message,
      })
    : withoutCondition(conditions, 'Failure');
  if (!vmi) return conditions;
  const copied = (vmi.status?.conditions ?? []).filter(({ type }) => !OWN_CONDITIONS.includes(type));
  for (const condition of copied) conditions = withCondition(conditions, condition);
  const kept = new Set([...OWN_CONDITIONS, ...copied.map(({ type }) => type)]);
  return conditions.filter(({ type }) => kept.has(type));
}

function readyOf(vmi: VirtualMachineInstance | undefined): Condition {
  if (!vmi) {
    return { type: 'Ready', status: 'False', reason: 'VMINotExists', message: 'VMI does not exist' };
  }
  const ready = conditionOf(vmi.status?.conditions, 'Ready');
  if (ready) return ready;
  const message = 'VMI is missing the Ready condition';
  return { type: 'Ready', status: 'False', reason: 'VMIConditionMissing', message };
}

async function release({ client }: VmReconcile, vmi: VirtualMachineInstance): Promise<void> {
  const { namespace, name, finalizers = [] } = vmi.metadata;
  if (!finalizers.includes(FINALIZERS.vmController)) return;
  const path = '/metadata/finalizers';
  await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
    { op: 'test', path, value: finalizers },
    { op: 'replace', path, value: finalizers.filter((finalizer) => finalizer !== FINALIZERS.vmController) },
  ]);
}
