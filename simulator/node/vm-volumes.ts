import { Kinds } from '../../src/kubernetes';
import { KubeVirtKinds, type VmRestore } from '../controllers/kubevirt/kinds';
import { conditionOf, now } from '../controllers/kubevirt/objects';
import { isDeleting, uidOf } from '../controllers/objects';
import { type ControllerDefinition, keyOf, type SimContext, watching } from '../controllers/runtime';
import { OperationClock, operationSteering } from './operation-steering';

type Wait = { requeueAfterMs: number } | undefined;

/** The storage's part in snapshots of VMs: after a while the volumes have been taken, all at once. */
export function snapshotVolumes(context: SimContext): ControllerDefinition {
  const client = context.clientFor('csi-snapshotter');
  const contents = context.cache(KubeVirtKinds.VmSnapshotContent);
  const snapshots = context.cache(KubeVirtKinds.VmSnapshot);
  const vms = context.cache(Kinds.VirtualMachine);
  const clock = new OperationClock(context.options);
  return {
    name: 'vm-snapshot-volumes',
    watches: [
      watching(KubeVirtKinds.VmSnapshotContent),
      watching(KubeVirtKinds.VmSnapshot, ({ metadata }) => [
        `${metadata.namespace}/vmsnapshot-content-${metadata.uid}`,
      ]),
      watching(Kinds.VirtualMachine, ({ metadata }) =>
        contents
          .list(metadata.namespace)
          .filter(({ spec }) => spec.source?.virtualMachine.metadata.name === metadata.name)
          .map(keyOf),
      ),
    ],
    async reconcile({ namespace, name }): Promise<Wait> {
      const content = contents.get(namespace, name);
      if (!content?.spec.source || content.status?.readyToUse || isDeleting(content)) return;
      const { virtualMachineSnapshotName, source } = content.spec;
      const snapshot = snapshots.get(namespace, virtualMachineSnapshotName);
      const vm = vms.get(namespace, source.virtualMachine.metadata.name);
      const seconds = operationSteering('snapshot', [snapshot, vm], context.options);
      if (typeof seconds !== 'number') return;
      const left = clock.leftOf(uidOf(content), seconds);
      if (left > 0) return { requeueAfterMs: left };
      const status = { creationTime: now(), readyToUse: true };
      await client.replace(
        KubeVirtKinds.VmSnapshotContent,
        { ...content, status },
        { subresource: 'status' },
      );
      clock.forget(uidOf(content));
    },
  };
}

/** The storage's part in restores: after a while the volumes are there again. What is in them stays as it is. */
export function restoreVolumes(context: SimContext): ControllerDefinition {
  const client = context.clientFor('csi-snapshotter');
  const restores = context.cache(KubeVirtKinds.VmRestore);
  const vms = context.cache(Kinds.VirtualMachine);
  const clock = new OperationClock(context.options);
  return {
    name: 'vm-restore-volumes',
    watches: [
      watching(KubeVirtKinds.VmRestore),
      watching(Kinds.VirtualMachine, ({ metadata }) =>
        restores
          .list(metadata.namespace)
          .filter(({ spec }) => spec.target.name === metadata.name)
          .map(keyOf),
      ),
    ],
    async reconcile({ namespace, name }): Promise<Wait> {
      const restore = restores.get(namespace, name);
      if (!restore || !isWaiting(restore)) return;
      const vm = vms.get(namespace, restore.spec.target.name);
      const seconds = operationSteering('restore', [restore, vm], context.options);
      if (typeof seconds !== 'number') return;
      const left = clock.leftOf(uidOf(restore), seconds);
      if (left > 0) return { requeueAfterMs: left };
      const status = { ...restore.status, restores: [] };
      await client.replace(KubeVirtKinds.VmRestore, { ...restore, status }, { subresource: 'status' });
      clock.forget(uidOf(restore));
    },
  };
}

function isWaiting({ metadata, status }: VmRestore): boolean {
  if (metadata.deletionTimestamp || status?.restores || status?.complete) return false;
  return conditionOf(status?.conditions, 'Ready')?.reason === 'Waiting for new PVCs';
}
