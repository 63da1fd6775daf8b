import type {
  Condition,
  DataVolume,
  PatchOperation,
  PersistentVolumeClaim,
  Pod,
  VirtualMachineInstance,
} from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import { FINALIZERS, LABELS, PERSISTENT_STATE } from '../names';
import { conditionOf, isFinal, phaseTransitions, same, withCondition, withoutCondition } from '../objects';
import type { SyncError } from './sync-error';

/** One pass over one VMI. */
export interface VmiReconcile {
  readonly client: ClusterClient;
  /** As the cache had it. */
  readonly vmi: VirtualMachineInstance;
  /** The pods that it controls, and the one that counts. */
  pods: Pod[];
  pod?: Pod;
  readonly dataVolumes: DataVolume[];
  /** The claim with its guest's lasting state. */
  readonly stateClaim?: PersistentVolumeClaim;
  /** Its VM is still there. */
  readonly hasVm: boolean;
}

/** Writes what pod and disks say into the VMI, if that is news (vmi/lifecycle.go updateStatus). */
export async function writeVmi(run: VmiReconcile, failure: SyncError | undefined): Promise<void> {
  const { client, vmi } = run;
  const next = structuredClone(vmi);
  next.status ??= {};
  next.status.conditions = disksCondition(run, readyCondition(run, next.status.conditions ?? []));
  next.status.activePods = Object.fromEntries(
    run.pods.map(({ metadata, spec }) => [metadata.uid, spec?.nodeName ?? '']),
  );
  if (run.stateClaim) showStateClaim(next, run.stateClaim);
  const phase = vmi.status?.phase;
  if (phase === 'Running' || phase === 'Scheduled') {
    if (!run.pod) enter(next, 'Failed');
    await patchHandedOver(client, vmi, next);
    return;
  }
  if (isFinal(vmi)) dropFinalizers(run, next);
  else if (phase === 'Scheduling') schedule(run, next);
  else begin(run, next, failure);
  next.status.conditions = synchronizedCondition(next.status.conditions, failure);
  if (!same(next, vmi)) await client.replace(Kinds.VirtualMachineInstance, next);
}

/** Also in the status of a VMI that has stopped to need it: as KubeVirt, by the claim alone. */
function showStateClaim({ status }: VirtualMachineInstance, { metadata, spec }: PersistentVolumeClaim): void {
  const shown = status?.volumeStatus ?? [];
  if (!status || shown.some(({ name }) => name === PERSISTENT_STATE.volume)) return;
  const persistentVolumeClaimInfo = { claimName: metadata.name, accessModes: spec.accessModes };
  status.volumeStatus = [...shown, { name: PERSISTENT_STATE.volume, persistentVolumeClaimInfo }];
}

function enter(next: VirtualMachineInstance, phase: string): void {
  next.status = { ...next.status, phaseTransitionTimestamps: phaseTransitions(next, phase), phase };
}

/** Pending, until there is a pod. */
function begin(
  { vmi, pod, dataVolumes }: VmiReconcile,
  next: VirtualMachineInstance,
  failure?: SyncError,
): void {
  const failed = dataVolumes.some(({ status }) => status?.phase === 'Failed');
  if (pod) enter(next, 'Scheduling');
  else if (vmi.metadata.deletionTimestamp || failed) enter(next, 'Failed');
  else if (failure?.reason === 'FailedPvcNotFound' && next.status) {
    next.status.conditions = withCondition(next.status.conditions, {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: failure.message,
    });
  }
}

/** Scheduling, until the pod is ready: then the node's virt-handler takes over. */
function schedule({ vmi, pod }: VmiReconcile, next: VirtualMachineInstance): void {
  if (!next.status) return;
  const scheduled = conditionOf(pod?.status?.conditions, 'PodScheduled');
  next.status.conditions =
    scheduled?.status === 'False'
      ? withCondition(next.status.conditions, scheduled)
      : withoutCondition(next.status.conditions, 'PodScheduled');
  if (pod && isReady(pod) && !vmi.metadata.deletionTimestamp) {
    enter(next, 'Scheduled');
    next.status.nodeName = pod.spec?.nodeName;
    next.metadata.labels = { ...next.metadata.labels, [LABELS.nodeName]: pod.spec?.nodeName as string };
  } else if (!pod || isDownOrGoingDown(pod)) {
    enter(next, 'Failed');
  }
}

/** An ended VMI is let go when its pods are gone; the VM controller's finalizer is the VM's, while there is one. */
function dropFinalizers({ pods, hasVm }: VmiReconcile, next: VirtualMachineInstance): void {
  const dropped: string[] = [];
  if (pods.length === 0) dropped.push(FINALIZERS.vmi);
  if (!hasVm) dropped.push(FINALIZERS.vmController);
  next.metadata.finalizers = next.metadata.finalizers?.filter((finalizer) => !dropped.includes(finalizer));
}

/** The VMI is virt-handler's now: only what has changed is written, if it is still as it was read. */
async function patchHandedOver(
  client: ClusterClient,
  vmi: VirtualMachineInstance,
  next: VirtualMachineInstance,
): Promise<void> {
  const { namespace, name } = vmi.metadata;
  const operations: PatchOperation[] = [];
  const fields = ['conditions', 'activePods', 'volumeStatus', 'phase', 'phaseTransitionTimestamps'] as const;
  for (const field of fields) {
    const old = vmi.status?.[field];
    const value = next.status?.[field];
    if (same(old, value)) continue;
    const path = `/status/${field}`;
    operations.push({ op: 'test', path, value: old ?? null }, { op: old ? 'replace' : 'add', path, value });
  }
  if (operations.length > 0)
    await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, operations);
}

function readyCondition({ vmi, pod }: VmiReconcile, conditions: Condition[]): Condition[] {
  const notReady = (reason: string, message: string) =>
    withCondition(conditions, { type: 'Ready', status: 'False', reason, message });
  if (!pod) return notReady('PodNotExists', 'virt-launcher pod has not yet been scheduled');
  if (isDownOrGoingDown(pod)) return notReady('PodTerminating', 'virt-launcher pod is terminating');
  if (vmi.status?.phase !== 'Running') {
    return notReady('GuestNotRunning', 'Guest VM is not reported as running');
  }
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  if (ready) return withCondition(conditions, ready);
  return notReady('PodConditionMissing', 'virt-launcher pod is missing the Ready condition');
}

function disksCondition({ dataVolumes }: VmiReconcile, conditions: Condition[]): Condition[] {
  if (dataVolumes.length === 0) return conditions;
  const statuses = dataVolumes.map(
    ({ status }) => conditionOf(status?.conditions, 'Ready')?.status ?? 'Unknown',
  );
  const ready = statuses.every((status) => status === 'True');
  return withCondition(conditions, {
    type: 'DataVolumesReady',
    status: ready ? 'True' : statuses.includes('False') ? 'False' : 'Unknown',
    reason: ready ? 'AllDVsReady' : 'NotAllDVsReady',
    message: ready ? "All of the VMI's DVs are bound and ready" : "Not all of the VMI's DVs are ready",
  });
}

/** Only an error is written; the condition goes with it. */
function synchronizedCondition(conditions: Condition[], failure: SyncError | undefined): Condition[] {
  if (!failure) return withoutCondition(conditions, 'Synchronized');
  const { reason, message } = failure;
  return withCondition(conditions, { type: 'Synchronized', status: 'False', reason, message });
}

function isReady({ status }: Pod): boolean {
  return status?.phase === 'Running' && conditionOf(status.conditions, 'Ready')?.status === 'True';
}

function isDownOrGoingDown({ metadata, status }: Pod): boolean {
  return Boolean(metadata.deletionTimestamp) || status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
