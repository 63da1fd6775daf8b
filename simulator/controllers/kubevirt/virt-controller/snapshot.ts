import type { Condition, ControllerRevision, VirtualMachine } from '../../../../src/clone/resources';
import { isCode, Kinds } from '../../../../src/kubernetes';
import { eventRecorder } from '../../events';
import { hasFinalizer, isDeleting, uidOf } from '../../objects';
import { type ControllerDefinition, type Key, keyOf, type SimContext, watching } from '../../runtime';
import { KubeVirtKinds, type VmSnapshot, type VmSnapshotContent } from '../kinds';
import { FINALIZERS } from '../names';
import { same, withCondition } from '../objects';
import { SnapshotLock } from './snapshot-source';

const NAME = 'virt-controller';

/** How often a lock that couldn't be had is tried anew, and how long a snapshot may take, in seconds. */
const RETRY_SECONDS = 5;
const DEADLINE_SECONDS = 300;

/**
 * What virt-controller does for snapshots of VMs: it locks the VM, has the volumes taken, unlocks it. The volumes
 * themselves are the storage's. (pkg/storage/snapshot/snapshot.go)
 */
export function snapshotController(context: SimContext): ControllerDefinition {
  const client = context.clientFor(NAME);
  const snapshots = context.cache(KubeVirtKinds.VmSnapshot);
  const contents = context.cache(KubeVirtKinds.VmSnapshotContent);
  const vms = context.cache(Kinds.VirtualMachine);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const revisions = context.cache(Kinds.ControllerRevision);
  const lock = new SnapshotLock(context, client);
  const record = eventRecorder(context, NAME);
  const { timeScale } = context.options;

  async function reconcile({ namespace, name }: Key): Promise<{ requeueAfterMs: number } | undefined> {
    const cached = snapshots.get(namespace, name);
    if (!cached) return;
    const terminating = isDeleting(cached) || isOverdue(cached, timeScale);
    const snapshot = terminating ? cached : await withFinalizer(cached);
    const vm = vms.get(namespace, snapshot.spec.source.name);
    const content = contents.get(namespace, contentNameOf(snapshot));
    let state = vm && lock.stateOf(vm, snapshot);
    let retry: number | undefined;
    let mayGo = true;
    if (snapshot.status && vm && state) {
      if (isProgressing(snapshot) && !terminating) {
        if (state.locked) {
          if (!content) await createContent(snapshot, vm);
        } else {
          state = await lock.lock(vm, snapshot);
          retry = RETRY_SECONDS * 1000 * timeScale;
        }
        mayGo = false;
      } else {
        if (canUnlock(snapshot, content, terminating)) await lock.unlock(vm, snapshot);
        mayGo = !state.locked;
      }
    }
    if (terminating && content) await discard(snapshot, content);
    const next = statusOf(snapshot, vm, content, state, timeScale);
    if (vm && next.phase === 'InProgress') setIndications(next, lock.indicationsOf(vm));
    const written = same(next, snapshot.status)
      ? snapshot
      : await client.replace(
          KubeVirtKinds.VmSnapshot,
          { ...snapshot, status: next },
          { subresource: 'status' },
        );
    if (isDeleting(written) && mayGo && hasFinalizer(written, FINALIZERS.snapshot)) {
      await client.replace(KubeVirtKinds.VmSnapshot, without(written, FINALIZERS.snapshot));
      return;
    }
    const left = retry ?? untilDeadline(written, timeScale);
    if (!isProgressing(written) || left === undefined) return undefined;
    return { requeueAfterMs: Math.max(0, left) }; // 0: it has passed since the status was made
  }

  async function withFinalizer(snapshot: VmSnapshot): Promise<VmSnapshot> {
    if (hasFinalizer(snapshot, FINALIZERS.snapshot)) return snapshot;
    const finalizers = [...(snapshot.metadata.finalizers ?? []), FINALIZERS.snapshot];
    return client.replace(KubeVirtKinds.VmSnapshot, {
      ...snapshot,
      metadata: { ...snapshot.metadata, finalizers },
    });
  }

  async function createContent(snapshot: VmSnapshot, vm: VirtualMachine): Promise<void> {
    const content: VmSnapshotContent = {
      metadata: {
        name: contentNameOf(snapshot),
        namespace: snapshot.metadata.namespace,
        finalizers: [FINALIZERS.snapshotContent],
      },
      spec: {
        virtualMachineSnapshotName: snapshot.metadata.name,
        source: { virtualMachine: { metadata: vm.metadata, spec: specTaken(vm) } },
      },
    };
    try {
      await client.create(KubeVirtKinds.VmSnapshotContent, content);
    } catch (error) {
      if (!isCode(error, 409)) throw error;
    }
    const message = `Successfully created VirtualMachineSnapshotContent ${content.metadata.name}`;
    record(snapshot, 'Normal', 'SuccessfulVirtualMachineSnapshotContentCreate', message);
  }

  /** Of a VM that is on: what its guest was started from, with the disks that it has now. */
  function specTaken(vm: VirtualMachine): VirtualMachine['spec'] {
    const { namespace, name } = vm.metadata;
    const vmi = vmis.get(namespace, name);
    if (!vmi) return vm.spec;
    const revision = revisions.get(namespace, String(vmi.status?.virtualMachineRevisionName));
    const started = (revision as ControllerRevision | undefined)?.data as
      | { spec?: VirtualMachine['spec'] }
      | undefined;
    if (!started?.spec)
      throw new Error(`vm revision ${vmi.status?.virtualMachineRevisionName} doesn't exist`);
    const spec = structuredClone(started.spec);
    const now = vm.spec.template.spec;
    spec.template.spec.volumes = now.volumes;
    spec.template.spec.domain.devices = {
      ...spec.template.spec.domain.devices,
      disks: now.domain.devices?.disks,
    };
    spec.dataVolumeTemplates = vm.spec.dataVolumeTemplates;
    return spec;
  }

  /** What has been taken goes with its snapshot, unless that says otherwise, and when it isn't whole. */
  async function discard(snapshot: VmSnapshot, content: VmSnapshotContent): Promise<void> {
    const { namespace, name, uid } = content.metadata;
    if (hasFinalizer(content, FINALIZERS.snapshotContent)) {
      await client.replace(KubeVirtKinds.VmSnapshotContent, without(content, FINALIZERS.snapshotContent));
    }
    if (!shouldDelete(snapshot, content) || isDeleting(content)) return;
    await client.delete(KubeVirtKinds.VmSnapshotContent, { namespace, name }, { uid });
  }

  return {
    name: 'virt-controller-snapshot',
    watches: [
      watching(KubeVirtKinds.VmSnapshot),
      watching(KubeVirtKinds.VmSnapshotContent, ({ metadata, spec }) => [
        `${metadata.namespace}/${spec.virtualMachineSnapshotName}`,
      ]),
      watching(Kinds.VirtualMachine, ({ metadata }) =>
        snapshots
          .list(metadata.namespace)
          .filter(({ spec }) => spec.source.name === metadata.name)
          .map(keyOf),
      ),
      ...[Kinds.VirtualMachineInstance, Kinds.ControllerRevision, Kinds.Pod].map((kind) =>
        watching(kind as never, () => []),
      ),
      watching(Kinds.PersistentVolumeClaim, () => []),
      watching(Kinds.DataVolume, () => []),
    ],
    reconcile,
  };
}

function contentNameOf({ metadata }: VmSnapshot): string {
  return `vmsnapshot-content-${metadata.uid}`;
}

function isProgressing({ status }: VmSnapshot): boolean {
  return status?.phase !== 'Failed' && status?.phase !== 'Succeeded';
}

function shouldDelete({ spec }: VmSnapshot, { status }: VmSnapshotContent): boolean {
  return (spec.deletionPolicy ?? 'Delete') === 'Delete' || !status?.readyToUse;
}

function canUnlock(
  snapshot: VmSnapshot,
  content: VmSnapshotContent | undefined,
  terminating: boolean,
): boolean {
  return !isProgressing(snapshot) || (terminating && (!content || !shouldDelete(snapshot, content)));
}

/** Milliseconds; undefined when there is no deadline, which `0s` says. */
function untilDeadline({ metadata, spec }: VmSnapshot, timeScale: number): number | undefined {
  const seconds = spec.failureDeadline === undefined ? DEADLINE_SECONDS : secondsOf(spec.failureDeadline);
  if (seconds === 0) return undefined;
  return Date.parse(String(metadata.creationTimestamp)) + seconds * 1000 * timeScale - Date.now();
}

/** Of a duration such as `1h5m0s`. */
function secondsOf(duration: string): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit as string] ?? 0), 0);
}

function isOverdue(snapshot: VmSnapshot, timeScale: number): boolean {
  if (snapshot.status?.phase === 'Failed') return true;
  const left = untilDeadline(snapshot, timeScale);
  return isProgressing(snapshot) && left !== undefined && left <= 0;
}

type Status = NonNullable<VmSnapshot['status']>;

/** The texts are in the conditions' reasons, as KubeVirt has them. */
function statusOf(
  snapshot: VmSnapshot,
  vm: VirtualMachine | undefined,
  content: VmSnapshotContent | undefined,
  state: { locked: boolean; message: string } | undefined,
  timeScale: number,
): Status {
  const status: Status = { readyToUse: false, ...structuredClone(snapshot.status) };
  const say = (type: string, holds: boolean, reason: string) => {
    const condition: Condition = { type, status: holds ? 'True' : 'False', reason };
    status.conditions = withCondition(status.conditions, condition);
  };
  if (vm) status.sourceUID = uidOf(vm);
  if (content?.status) {
    status.virtualMachineSnapshotContentName = content.metadata.name;
    status.creationTime = content.status.creationTime;
    status.readyToUse = content.status.readyToUse;
  }
  if (isOverdue({ ...snapshot, status }, timeScale)) {
    status.phase = 'Failed';
    say('Failure', true, 'snapshot deadline exceeded');
    say('Progressing', false, 'Operation failed');
  } else if (status.phase === 'Succeeded' || status.creationTime) {
    status.phase = 'Succeeded';
    say('Progressing', false, 'Operation complete');
  } else {
    status.phase = 'InProgress';
    say('Progressing', state?.locked === true, state?.message ?? 'Source does not exist');
    if (isDeleting(snapshot)) {
      status.phase = 'Deleting';
      say('Progressing', false, 'VM snapshot is deleting');
    }
  }
  say('Ready', status.readyToUse === true, status.readyToUse ? 'Ready' : 'Not ready');
  return status;
}

/** How the disks were taken; nothing is said of a VM that is off. */
function setIndications(status: Status, indications: string[]): void {
  if (indications.length > 0) status.indications = indications;
  else delete status.indications;
}

function without<T extends VmSnapshot | VmSnapshotContent>(object: T, finalizer: string): T {
  const finalizers = object.metadata.finalizers?.filter((name) => name !== finalizer);
  return { ...object, metadata: { ...object.metadata, finalizers } };
}
