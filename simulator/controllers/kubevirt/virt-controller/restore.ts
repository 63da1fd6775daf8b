import type { Condition, VirtualMachine } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { eventRecorder } from '../../events';
import { controllerReference, hasFinalizer, isDeleting, removeFinalizer, uidOf } from '../../objects';
import { type ControllerDefinition, type Key, keyOf, type SimContext, watching } from '../../runtime';
import { KubeVirtKinds, type VmRestore, type VmSnapshotContent } from '../kinds';
import { FINALIZERS } from '../names';
import { now, same, withCondition } from '../objects';
import { type RestoreStatus, said } from './restore-status';
import { isWrittenBy, mark, unmark, writeVm } from './restore-target';

const NAME = 'virt-controller';

/** How long the VM that is restored may stay on, in seconds. */
const GRACE_SECONDS = 300;
const STOP = 'Please stop the restore target to proceed with restore';

/**
 * What virt-controller does for restores of VMs: it waits until the VM is off, marks it, has the volumes restored,
 * writes the VM's spec, unmarks it. The volumes themselves are the storage's, which reports them in
 * `status.restores`; they keep their names. (pkg/storage/snapshot/restore.go)
 */
export function restoreController(context: SimContext): ControllerDefinition {
  const client = context.clientFor(NAME);
  const restores = context.cache(KubeVirtKinds.VmRestore);
  const snapshots = context.cache(KubeVirtKinds.VmSnapshot);
  const contents = context.cache(KubeVirtKinds.VmSnapshotContent);
  const vms = context.cache(Kinds.VirtualMachine);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const record = eventRecorder(context, NAME);
  const graceMs = GRACE_SECONDS * 1000 * context.options.timeScale;

  async function reconcile({ namespace, name }: Key): Promise<{ requeueAfterMs: number } | undefined> {
    const restore = restores.get(namespace, name);
    if (!restore) return;
    if (!restore.status) {
      return write(restore, said({ complete: false }, 'True', 'Initializing VirtualMachineRestore'));
    }
    const vm = vms.get(namespace, restore.spec.target.name);
    if (isDeleting(restore)) return letGo(restore, vm);
    const { status } = restore;
    if (status.complete || status.conditions?.some(({ type }) => type === 'Failure')) return;
    const owned = await own(restore, vm);
    try {
      return await advance(owned, vm);
    } catch (error) {
      const why = (error as Error).message;
      record(
        owned,
        'Warning',
        'VirtualMachineRestoreError',
        `VirtualMachineRestore encountered error ${why}`,
      );
      await write(owned, said(status, 'False', why));
      throw error;
    }
  }

  /** One step further; the rest follows from what it has written. */
  async function advance(
    restore: VmRestore,
    vm: VirtualMachine | undefined,
  ): Promise<{ requeueAfterMs: number } | undefined> {
    if (vm && vmis.get(vm.metadata.namespace, vm.metadata.name)) return waitUntilOff(restore, vm);
    const content = contentOf(restore, vm);
    const status = restore.status as RestoreStatus;
    const isWritten = isWrittenBy(restore, vm);
    const marked = vm && !isWritten ? await mark(client, restore, vm) : vm;
    if (!status.restores) {
      return write(restore, said(status, 'True', 'Creating new PVCs', 'Waiting for new PVCs'));
    }
    if (!isWritten) {
      await writeVm(client, restore, marked, content);
      return write(restore, said(status, 'True', 'Updating target spec', 'Waiting for target update'));
    }
    await unmark(client, restore, vm);
    const done = `Successfully completed VirtualMachineRestore ${restore.metadata.name}`;
    record(restore, 'Normal', 'VirtualMachineRestoreComplete', done);
    const complete = { ...status, complete: true, restoreTime: now() };
    return write(restore, said(complete, 'False', 'Operation complete', 'Operation complete', 'True'));
  }

  async function write(restore: VmRestore, status: RestoreStatus): Promise<undefined> {
    if (same(status, restore.status)) return;
    await client.replace(KubeVirtKinds.VmRestore, { ...restore, status }, { subresource: 'status' });
  }

  async function own(restore: VmRestore, vm: VirtualMachine | undefined): Promise<VmRestore> {
    const { finalizers = [], ownerReferences = [] } = restore.metadata;
    const isOwned = ownerReferences.length > 0 || !vm;
    if (isOwned && hasFinalizer(restore, FINALIZERS.restore)) return restore;
    const metadata = {
      ...restore.metadata,
      ownerReferences: isOwned ? ownerReferences : [controllerReference(Kinds.VirtualMachine, vm)],
      finalizers: [...new Set([...finalizers, FINALIZERS.restore])],
    };
    return client.replace(KubeVirtKinds.VmRestore, { ...restore, metadata });
  }

  async function waitUntilOff(
    restore: VmRestore,
    { metadata: { namespace, name } }: VirtualMachine,
  ): Promise<{ requeueAfterMs: number } | undefined> {
    const status = restore.status as RestoreStatus;
    const policy = restore.spec.targetReadinessPolicy ?? 'WaitGracePeriod';
    const left = Date.parse(String(restore.metadata.creationTimestamp)) + graceMs - Date.now();
    const warn = (message: string) => record(restore, 'Warning', 'RestoreTargetNotReady', message);
    switch (policy) {
      case 'StopTarget': {
        const message = 'Automatically stopping restore target for restore operation';
        warn(message);
        await client.act({ namespace, name }, 'stop');
        return write(restore, said(status, 'False', message));
      }
      case 'FailImmediate':
        return fail(restore, 'Restore target VMI must be powered off before restore operation');
      case 'WaitEventually':
      case 'WaitGracePeriod': {
        if (policy === 'WaitGracePeriod' && left < 0) {
          const hint = 'Please power off the target VM before attempting restore';
          return fail(restore, `Restore target failed to be ready within 5m0s. ${hint}`);
        }
        warn('Restore target VMI still exists, please stop the restore target to proceed with restore');
        const limit = policy === 'WaitGracePeriod' ? ', or the operation will fail after 5m0s' : '';
        await write(
          restore,
          said(status, 'False', `Waiting for target VM to be powered off. ${STOP}${limit}`),
        );
        return limit ? { requeueAfterMs: left } : undefined;
      }
      default:
        throw new Error(`unknown targetReadinessPolicy: ${policy}`);
    }
  }

  async function fail(restore: VmRestore, why: string): Promise<undefined> {
    record(restore, 'Warning', 'Operation failed', `VirtualMachineRestore failed ${why}`);
    const status = said(restore.status as RestoreStatus, 'False', why);
    const failure: Condition = { type: 'Failure', status: 'True', reason: why };
    return write(restore, { ...status, conditions: withCondition(status.conditions, failure) });
  }

  /** What is restored: of a snapshot that is ready, and of this very VM if it exists. */
  function contentOf(restore: VmRestore, vm: VirtualMachine | undefined): VmSnapshotContent {
    const { namespace } = restore.metadata;
    const name = restore.spec.virtualMachineSnapshotName;
    const snapshot = snapshots.get(namespace, name);
    const wrong = (why: string) => new Error(`VMSnapshot ${namespace}/${name} ${why}`);
    if (!snapshot) throw wrong('does not exist');
    if (snapshot.status?.phase === 'Failed') throw wrong('failed and is invalid to use');
    if (!snapshot.status?.readyToUse) throw wrong('not ready');
    if (vm && !isWrittenBy(restore, vm) && snapshot.status.sourceUID !== uidOf(vm)) {
      throw new Error('restore source and restore target are different but restore target already exists');
    }
    const content = contents.get(namespace, String(snapshot.status.virtualMachineSnapshotContentName));
    if (!content) throw new Error(`VMSnapshotContent of ${namespace}/${name} does not exist`);
    return content;
  }

  async function letGo(restore: VmRestore, vm: VirtualMachine | undefined): Promise<undefined> {
    if (!hasFinalizer(restore, FINALIZERS.restore)) return;
    if (vm) await unmark(client, restore, vm);
    const status = said(restore.status as RestoreStatus, 'False', 'VM restore is deleting');
    if (!same(status, restore.status)) return write(restore, status);
    const left = structuredClone(restore);
    removeFinalizer(left, FINALIZERS.restore);
    await client.replace(KubeVirtKinds.VmRestore, left);
  }

  return {
    name: 'virt-controller-restore',
    watches: [
      watching(KubeVirtKinds.VmRestore),
      watching(KubeVirtKinds.VmSnapshot, () => []),
      watching(KubeVirtKinds.VmSnapshotContent, () => []),
      watching(Kinds.VirtualMachine, restoresOf),
      watching(Kinds.VirtualMachineInstance, restoresOf),
    ],
    reconcile,
  };

  function restoresOf({ metadata }: { metadata: { namespace?: string; name: string } }): string[] {
    return restores
      .list(metadata.namespace)
      .filter(({ spec }) => spec.target.name === metadata.name)
      .map(keyOf);
  }
}
