import type { KubernetesResource, PersistentVolumeClaim, Pod, StorageClass } from '../../src/clone/resources';
import { isCode, Kinds } from '../../src/kubernetes';
import type { CacheIndex } from '../controllers/cache-index';
import { Ann } from '../controllers/cdi/names';
import { eventRecorder } from '../controllers/events';
import { type PersistentVolume, SimKinds } from '../controllers/kinds';
import {
  annotationOf,
  bytesOf,
  claimsOf,
  isBound,
  isDeleting,
  requestOf,
  uidOf,
} from '../controllers/objects';
import { type ControllerDefinition, keyOf, type SimContext, update, watching } from '../controllers/runtime';
import { milliseconds } from '../options';
import { CONTENT, steeringOf } from './copy-steering';

/** Kinds of data sources that storage can fill a volume from by itself. */
const SOURCES = ['PersistentVolumeClaim', 'VolumeSnapshot'];

/** A volume that is being made: since when, and what will be on it. */
interface Making {
  since: number;
  content?: string;
}

/** Where the content of a new volume comes from. */
interface Source {
  /** Where it may say how the copy is to go. */
  object: KubernetesResource;
  content?: string;
}

/** Makes volumes for claims: empty, cloned from another claim's, or restored from a snapshot. */
export function claimProvisioner(context: SimContext): ControllerDefinition {
  const client = context.clientFor('csi-provisioner');
  const recordEvent = eventRecorder(context, 'csi-provisioner');
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const volumes = context.cache(SimKinds.PersistentVolume);
  const classes = context.cache(Kinds.StorageClass);
  const snapshots = context.cache(SimKinds.VolumeSnapshot);
  const contents = context.cache(SimKinds.VolumeSnapshotContent);
  const making = new Map<string, Making>();

  /** The class, when it is this provisioner's turn: populated claims get their volume from their populator. */
  function classToServe(claim: PersistentVolumeClaim): StorageClass | undefined {
    const source = claim.spec.dataSourceRef?.kind;
    if (claim.spec.volumeName || (source && !SOURCES.includes(source))) return undefined;
    const storageClass = classes.get(undefined, claim.spec.storageClassName ?? '');
    const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
    return waits && !annotationOf(claim, Ann.selectedNode) ? undefined : storageClass;
  }

  function sourceOf(claim: PersistentVolumeClaim, storageClass: StorageClass): Source | undefined {
    const { dataSourceRef } = claim.spec;
    if (!dataSourceRef) return undefined;
    if (dataSourceRef.kind === 'VolumeSnapshot') return snapshotOf(claim, dataSourceRef.name, storageClass);
    const source = claims.get(claim.metadata.namespace, dataSourceRef.name);
    if (source && isBound(source)) {
      const volume = volumes.get(undefined, source.spec.volumeName ?? '');
      return { object: source, content: annotationOf(volume, CONTENT) };
    }
    throw new Error(`error getting PVC ${dataSourceRef.name} (which is the data source)`);
  }

  function snapshotOf(claim: PersistentVolumeClaim, name: string, storageClass: StorageClass): Source {
    const snapshot = snapshots.get(claim.metadata.namespace, name);
    const { readyToUse, boundVolumeSnapshotContentName: bound = '' } = snapshot?.status ?? {};
    const content = contents.get(undefined, bound);
    const failed = (why: string) =>
      new Error(`error getting handle for DataSource Type VolumeSnapshot by Name ${name}: ${why}`);
    if (!snapshot || !content) throw failed(`error getting snapshot ${name} from api server`);
    if (!readyToUse) throw failed(`snapshot ${name} is not Ready`);
    if (content.spec.driver !== storageClass.provisioner) {
      throw failed(`requested driver ${storageClass.provisioner}, the snapshot is of ${content.spec.driver}`);
    }
    const size = content.status?.restoreSize ?? 0;
    const asked = bytesOf(requestOf(claim));
    if (asked < size) {
      throw failed(
        `requested volume size ${asked} is less than the size ${size} for the source snapshot ${name}`,
      );
    }
    return { object: snapshot, content: annotationOf(content, CONTENT) };
  }

  return {
    name: 'provisioner',
    watches: [
      watching(Kinds.PersistentVolumeClaim),
      watching(Kinds.StorageClass, ({ metadata }) =>
        claims
          .list()
          .flatMap((claim) => (claim.spec.storageClassName === metadata.name ? [keyOf(claim)] : [])),
      ),
      watching(SimKinds.PersistentVolume, () => []),
      watching(SimKinds.VolumeSnapshot, () => []),
      watching(SimKinds.VolumeSnapshotContent, () => []),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = claims.get(namespace, name);
      const storageClass = claim && !isDeleting(claim) ? classToServe(claim) : undefined;
      if (!claim || !storageClass) {
        if (claim) making.delete(uidOf(claim));
        return;
      }
      const source = sourceOf(claim, storageClass);
      const steering = steeringOf(claim, source?.object);
      if (
        steering.neverProvisioned ||
        (source && (steering.crashes > 0 || steering.stallPercent !== undefined))
      ) {
        const about = { ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
        recordEvent(
          about,
          'Warning',
          'ProvisioningFailed',
          'failed to provision volume: storage is out of order',
        );
        return;
      }
      const { provisionSeconds, csiCloneSeconds } = context.options;
      const seconds = source ? (steering.seconds ?? csiCloneSeconds) : provisionSeconds;
      const made = making.get(uidOf(claim)) ?? {
        since: Date.now(),
        content: source?.content,
      };
      making.set(uidOf(claim), made);
      const left = made.since + milliseconds(seconds, context.options) - Date.now();
      if (left > 0) return { requeueAfterMs: left };
      try {
        await client.create(SimKinds.PersistentVolume, volumeFor(claim, storageClass, made.content), {
          signal,
        });
      } catch (error) {
        if (!isCode(error, 409)) throw error;
      }
      making.delete(uidOf(claim));
      return undefined;
    },
  };
}

function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  content: string | undefined,
): PersistentVolume {
  const { namespace = '', name } = claim.metadata;
  const { accessModes, volumeMode } = claim.spec;
  const { reclaimPolicy = 'Delete' } = storageClass as { reclaimPolicy?: 'Delete' | 'Retain' };
  return {
    metadata: {
      name: `pvc-${uidOf(claim)}`,
      annotations: {
        'pv.kubernetes.io/provisioned-by': storageClass.provisioner,
        ...(content !== undefined && { [CONTENT]: content }),
      },
    },
    spec: {
      capacity: { storage: requestOf(claim) },
      accessModes,
      volumeMode,
      storageClassName: storageClass.metadata.name,
      persistentVolumeReclaimPolicy: reclaimPolicy,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid: uidOf(claim) },
      csi: { driver: storageClass.provisioner, volumeHandle: uidOf(claim) },
    },
  };
}

/** Deletes volumes that were released, where their class says so. */
export function volumeDeleter(context: SimContext): ControllerDefinition {
  const client = context.clientFor('csi-provisioner');
  return {
    name: 'volume-deleter',
    watches: [watching(SimKinds.PersistentVolume)],
    async reconcile({ name }, signal) {
      const volume = context.cache(SimKinds.PersistentVolume).get(undefined, name);
      if (volume?.status?.phase !== 'Released' || isDeleting(volume)) return;
      if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return;
      await client.delete(SimKinds.PersistentVolume, { name }, { uid: uidOf(volume), signal });
    },
  };
}

/** A bound claim that asks for more gets it while a pod runs on it: the file system grows when it is mounted. */
export function volumeResizer(context: SimContext, podsByClaim: CacheIndex<Pod>): ControllerDefinition {
  const client = context.clientFor('csi-resizer');
  return {
    name: 'volume-resizer',
    watches: [
      watching(Kinds.PersistentVolumeClaim),
      watching(Kinds.Pod, (pod) => claimsOf(pod).map((claim) => `${pod.metadata.namespace}/${claim}`)),
      watching(SimKinds.PersistentVolume, () => []),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = context.cache(Kinds.PersistentVolumeClaim).get(namespace, name);
      const asked = claim && requestOf(claim);
      if (!claim || !asked || !isBound(claim) || isDeleting(claim)) return;
      if (bytesOf(asked) <= bytesOf(claim.status?.capacity?.storage)) return;
      const storageClass = context
        .cache(Kinds.StorageClass)
        .get(undefined, claim.spec.storageClassName ?? '');
      if ((storageClass as { allowVolumeExpansion?: boolean } | undefined)?.allowVolumeExpansion !== true)
        return;
      const isMounted = podsByClaim
        .get(`${namespace}/${name}`)
        .some(({ status }) => status?.phase === 'Running');
      const volume = context.cache(SimKinds.PersistentVolume).get(undefined, claim.spec.volumeName ?? '');
      if (!isMounted || !volume) return;
      const grow = (copy: PersistentVolume) => {
        copy.spec.capacity = { storage: asked };
      };
      await update(client, SimKinds.PersistentVolume, volume, grow, { signal });
      await update(
        client,
        Kinds.PersistentVolumeClaim,
        claim,
        (copy) => {
          copy.status = { ...copy.status, capacity: { storage: asked } };
        },
        { subresource: 'status', signal },
      );
    },
  };
}
