import type {
  DataVolume,
  KubernetesResource,
  Pod,
  VirtualMachineInstance,
} from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { eventRecorder } from '../../events';
import { controllerOf } from '../../objects';
import { type ControllerDefinition, type Key, keyOf, type SimContext, watching } from '../../runtime';
import { KubeVirtKinds } from '../kinds';
import { ANNOTATIONS, PERSISTENT_STATE } from '../names';
import { claimNameOf, currentPod, isControlledBy, isFinal } from '../objects';
import { Expectations } from './expectations';
import { launcherPodOf } from './launcher-pod';
import { isMoving } from './migration-phase';
import { hasPersistentState, PersistentStates, stateClaimOf } from './persistent-state';
import { SyncError } from './sync-error';
import { type VmiReconcile, writeVmi } from './vmi-status';

const NAME = 'virt-controller';

/**
 * What virt-controller does for VirtualMachineInstances: the launcher pod once the disks are there, its phases
 * up to Scheduled, its end. From Scheduled on the VMI is virt-handler's. (pkg/virt-controller/watch/vmi)
 */
export function vmiController(context: SimContext): ControllerDefinition {
  const client = context.clientFor(NAME);
  const vms = context.cache(Kinds.VirtualMachine);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const pods = context.cache(Kinds.Pod);
  const dataVolumes = context.cache(Kinds.DataVolume);
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const migrations = context.cache(KubeVirtKinds.Migration);
  const states = new PersistentStates(context, client);
  const podExpectations = new Expectations(pods as never, vmiKeyOf);
  const record = eventRecorder(context, NAME);

  const vmisUsing = (object: KubernetesResource): string[] => {
    const { namespace, name, labels } = object.metadata;
    const guest = labels?.[PERSISTENT_STATE.label];
    if (guest !== undefined) return [`${namespace}/${guest}`];
    const uses = ({ spec }: VirtualMachineInstance) =>
      spec?.volumes?.some((volume) => claimNameOf(volume) === name);
    return vmis.list(namespace).filter(uses).map(keyOf);
  };

  async function reconcile({ namespace, name }: Key): Promise<void> {
    const vmi = vmis.get(namespace, name);
    if (!vmi) return;
    if (await observeApiVersion(vmi)) return;
    const key = keyOf(vmi);
    if (!podExpectations.satisfied(key)) return;
    const owned = pods.list(namespace).filter((pod) => isControlledBy(pod, vmi));
    const vm = vms.get(namespace, controllerOf(vmi)?.name ?? '');
    const run: VmiReconcile = {
      client,
      vmi,
      pods: owned,
      pod: currentPod(vmi, owned),
      dataVolumes: dataVolumesOf(vmi),
      stateClaim: stateClaimOf(claims, vmi),
      hasVm: vm !== undefined && isControlledBy(vmi, vm),
    };
    const failure = await sync(run, key);
    await writeVmi(run, failure);
    if (failure?.retried) throw failure;
  }

  async function observeApiVersion(vmi: VirtualMachineInstance): Promise<boolean> {
    if (vmi.metadata.annotations?.[ANNOTATIONS.latestApiVersion] === 'v1') return false;
    const annotations = {
      ...vmi.metadata.annotations,
      [ANNOTATIONS.latestApiVersion]: 'v1',
      [ANNOTATIONS.storageApiVersion]: 'v1',
    };
    await client.replace(Kinds.VirtualMachineInstance, {
      ...vmi,
      metadata: { ...vmi.metadata, annotations },
    });
    return true;
  }

  async function sync(run: VmiReconcile, key: string): Promise<SyncError | undefined> {
    try {
      if (run.vmi.metadata.deletionTimestamp) await deletePods(run, key);
      else if (!isFinal(run.vmi) && !run.pod) await createPod(run, key);
      return undefined;
    } catch (error) {
      if (error instanceof SyncError) return error;
      throw error;
    }
  }

  async function deletePods({ vmi, pods: owned }: VmiReconcile, key: string): Promise<void> {
    for (const { metadata, status } of owned) {
      const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
      if (metadata.deletionTimestamp && !ended) continue;
      const { namespace, name, uid } = metadata;
      const deleting = podExpectations.deleting(key, () =>
        client.delete(Kinds.Pod, { namespace, name }, { uid }),
      );
      await SyncError.wrap('failed to delete pod', 'FailedDelete', deleting);
      record(vmi, 'Normal', 'SuccessfulDelete', `Deleted virtual machine pod ${name}`);
    }
  }

  async function createPod(run: VmiReconcile, key: string): Promise<void> {
    const { vmi } = run;
    if (vmi.status?.phase !== 'Pending' || !disksAreReady(vmi)) return;
    if (migrations.list(vmi.metadata.namespace).some((migration) => isMoving(migration, vmi))) {
      throw new SyncError('FailedCreate', 'active migration exists');
    }
    if (!(await states.ensure(vmi))) return;
    const stateClaim = hasPersistentState(vmi) ? stateClaimOf(claims, vmi)?.metadata.name : undefined;
    const launcher = launcherPodOf(vmi, stateClaim);
    const creating = podExpectations.creating(key, () => client.create(Kinds.Pod, launcher));
    const pod = await SyncError.wrap('failed to create virtual machine pod', 'FailedCreate', creating);
    run.pods = [pod];
    run.pod = pod;
    record(vmi, 'Normal', 'SuccessfulCreate', `Created virtual machine pod ${pod.metadata.name}`);
  }

  /** True when each claim exists and is populated, or waits for exactly this pod. */
  function disksAreReady(vmi: VirtualMachineInstance): boolean {
    const { namespace } = vmi.metadata;
    return (vmi.spec?.volumes ?? []).every((volume) => {
      const name = claimNameOf(volume);
      if (!name || volume.dataVolume?.hotpluggable || volume.persistentVolumeClaim?.hotpluggable) return true;
      const claim = claims.get(namespace, name);
      if (!claim) {
        const missing = `PVC ${namespace}/${name} does not exist, waiting for it to appear`;
        record(vmi, 'Normal', 'FailedPvcNotFound', missing);
        throw new SyncError('FailedPvcNotFound', missing, false);
      }
      const owner = controllerOf(claim);
      if (owner?.kind !== 'DataVolume') return true;
      const phase = dataVolumes.get(namespace, owner.name)?.status?.phase;
      return phase === 'Succeeded' || phase === 'PendingPopulation';
    });
  }

  function dataVolumesOf({ metadata: { namespace }, spec }: VirtualMachineInstance): DataVolume[] {
    return (spec?.volumes ?? []).flatMap(({ dataVolume, persistentVolumeClaim }) => {
      const claim = persistentVolumeClaim && claims.get(namespace, persistentVolumeClaim.claimName);
      const owner = claim && controllerOf(claim);
      const name = dataVolume?.name ?? (owner?.kind === 'DataVolume' ? owner.name : undefined);
      const found = name ? dataVolumes.get(namespace, name) : undefined;
      return found ? [found] : [];
    });
  }

  return {
    name: 'virt-controller-vmi',
    watches: [
      watching(Kinds.VirtualMachineInstance),
      watching(Kinds.VirtualMachine),
      watching(Kinds.Pod, (pod) => [vmiKeyOf(pod)].filter((key) => key !== undefined)),
      watching(Kinds.DataVolume, vmisUsing),
      watching(Kinds.PersistentVolumeClaim, vmisUsing),
      watching(Kinds.StorageClass, () => []),
      watching(Kinds.StorageProfile, () => []),
      watching(KubeVirtKinds.Migration, () => []),
    ],
    reconcile,
  };
}

function vmiKeyOf(pod: Pod | KubernetesResource): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === 'VirtualMachineInstance' ? `${pod.metadata.namespace}/${owner.name}` : undefined;
}
