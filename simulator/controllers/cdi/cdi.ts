import type {
  DataVolume,
  KubernetesEvent,
  KubernetesResource,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  StorageProfile,
} from '../../../src/clone/resources';
import { type ClusterClient, Kinds, type WatchCache } from '../../../src/kubernetes';
import { CacheIndex } from '../cache-index';
import { eventRecorder, type RecordEvent } from '../events';
import {
  type PersistentVolume,
  SimKinds,
  type VolumeCloneSource,
  type VolumeImportSource,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
} from '../kinds';
import { annotationOf, claimsOf, controllerOf, isBound, isTerminated, labelOf, uidOf } from '../objects';
import type { SimContext } from '../runtime';
import { Ann, Component, Label } from './names';

/** What all of CDI's controllers work with. */
export interface Cdi {
  context: SimContext;
  client: ClusterClient;
  recordEvent: RecordEvent;
  dataVolumes: WatchCache<DataVolume>;
  claims: WatchCache<PersistentVolumeClaim>;
  pods: WatchCache<Pod>;
  volumes: WatchCache<PersistentVolume>;
  classes: WatchCache<StorageClass>;
  profiles: WatchCache<StorageProfile>;
  snapshots: WatchCache<VolumeSnapshot>;
  snapshotClasses: WatchCache<VolumeSnapshotClass>;
  cloneSources: WatchCache<VolumeCloneSource>;
  importSources: WatchCache<VolumeImportSource>;
  dataVolumesBySource: CacheIndex<DataVolume>;
  claimsByUid: CacheIndex<PersistentVolumeClaim>;
  claimsByDataSource: CacheIndex<PersistentVolumeClaim>;
  podsByClaim: CacheIndex<Pod>;
  ownedClaims: CacheIndex<PersistentVolumeClaim>;
  ownedPods: CacheIndex<Pod>;
  ownedSnapshots: CacheIndex<VolumeSnapshot>;
  /** By the uid of what they are about. */
  eventsByUid: CacheIndex<KubernetesEvent>;
  close(): void;
}

const WATCHED = [
  Kinds.DataVolume,
  Kinds.PersistentVolumeClaim,
  Kinds.Pod,
  Kinds.StorageClass,
  Kinds.StorageProfile,
  SimKinds.PersistentVolume,
  SimKinds.VolumeSnapshot,
  SimKinds.VolumeSnapshotClass,
  SimKinds.VolumeCloneSource,
  SimKinds.VolumeImportSource,
  Kinds.Event,
] as const;

export async function openCdi(context: SimContext): Promise<Cdi> {
  await Promise.all(WATCHED.map((kind) => context.synced(kind)));
  const dataVolumes = context.cache(Kinds.DataVolume);
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const pods = context.cache(Kinds.Pod);
  const snapshots = context.cache(SimKinds.VolumeSnapshot);
  const ownedBy = (object: KubernetesResource) => [labelOf(object, Label.ownedByUid) ?? ''];
  const indexes = {
    dataVolumesBySource: new CacheIndex(dataVolumes, ({ spec }) =>
      spec.source?.pvc ? [`${spec.source.pvc.namespace}/${spec.source.pvc.name}`] : [],
    ),
    claimsByUid: new CacheIndex(claims, (claim) => [uidOf(claim)]),
    claimsByDataSource: new CacheIndex(claims, (claim) =>
      claim.spec.dataSourceRef ? [dataSourceKey(claim, claim.spec.dataSourceRef)] : [],
    ),
    podsByClaim: new CacheIndex(pods, (pod) =>
      claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`),
    ),
    ownedClaims: new CacheIndex<PersistentVolumeClaim>(claims, ownedBy),
    ownedPods: new CacheIndex<Pod>(pods, ownedBy),
    ownedSnapshots: new CacheIndex<VolumeSnapshot>(snapshots, ownedBy),
    eventsByUid: new CacheIndex(context.cache(Kinds.Event), ({ involvedObject }) => [
      involvedObject.uid ?? '',
    ]),
  };
  return {
    context,
    client: context.clientFor('cdi-controller'),
    recordEvent: eventRecorder(context, 'cdi-controller'),
    dataVolumes,
    claims,
    pods,
    volumes: context.cache(SimKinds.PersistentVolume),
    classes: context.cache(Kinds.StorageClass),
    profiles: context.cache(Kinds.StorageProfile),
    snapshots,
    snapshotClasses: context.cache(SimKinds.VolumeSnapshotClass),
    cloneSources: context.cache(SimKinds.VolumeCloneSource),
    importSources: context.cache(SimKinds.VolumeImportSource),
    ...indexes,
    close() {
      for (const index of Object.values(indexes)) index.close();
    },
  };
}

/** Where the object that a claim names as its data source lies: across namespaces an annotation says so. */
export function dataSourceNamespace(claim: PersistentVolumeClaim): string {
  return annotationOf(claim, Ann.dataSourceNamespace) ?? claim.metadata.namespace ?? '';
}

export function dataSourceKey(
  claim: PersistentVolumeClaim,
  { kind, name }: { kind: string; name: string },
): string {
  return `${kind}/${dataSourceNamespace(claim)}/${name}`;
}

/** The class of that name, or the default one when none is named. */
export function storageClassOf(cdi: Cdi, name: string | undefined): StorageClass | undefined {
  if (name) return cdi.classes.get(undefined, name);
  const marked = (annotation: string) =>
    cdi.classes.list().find((storageClass) => annotationOf(storageClass, annotation) === 'true');
  return (
    marked('storageclass.kubevirt.io/is-default-virt-class') ??
    marked('storageclass.kubernetes.io/is-default-class')
  );
}

export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** True when the claim has its volume, or gets it no sooner than a pod wants it. Throws when its class is gone. */
export function isBoundOrWaits(cdi: Cdi, claim: PersistentVolumeClaim): boolean {
  if (isBound(claim)) return true;
  const storageClass = storageClassOf(cdi, claim.spec.storageClassName);
  if (!storageClass) throw new Error('no storageclass for pvc');
  return waitsForConsumer(storageClass);
}

/**
 * Pods that keep a claim from being copied: not terminated, and writing to it. CDI's own source pods and
 * read-only mounts don't count (CDI pkg/controller/common/util.go, GetPodsUsingPVCs).
 */
export function podsWriting(cdi: Cdi, namespace: string, claim: string): Pod[] {
  return cdi.podsByClaim.get(`${namespace}/${claim}`).filter((pod) => {
    if (isTerminated(pod) || labelOf(pod, Label.component) === Component.cloneSource) return false;
    const volumes = (pod.spec?.volumes ?? []).filter(
      ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim,
    );
    return volumes.some((volume) => !isReadOnly(pod, volume));
  });
}

function isReadOnly(pod: Pod, volume: { name: string; persistentVolumeClaim?: object }): boolean {
  if ((volume.persistentVolumeClaim as { readOnly?: boolean }).readOnly) return true;
  const containers = (pod.spec?.containers ?? []) as {
    volumeMounts?: { name: string; readOnly?: boolean }[];
    volumeDevices?: { name: string }[];
  }[];
  if (containers.some(({ volumeDevices }) => volumeDevices?.some(({ name }) => name === volume.name))) {
    return false;
  }
  const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts ?? []);
  const own = mounts.filter(({ name }) => name === volume.name);
  return own.length > 0 && own.every(({ readOnly }) => readOnly);
}

/** False while the DataVolume that fills the claim has not succeeded. */
export function isPopulated(cdi: Cdi, claim: PersistentVolumeClaim): boolean {
  const owner = controllerOf(claim);
  if (owner?.kind !== 'DataVolume') return true;
  const dataVolume = cdi.dataVolumes.get(claim.metadata.namespace, owner.name);
  if (!dataVolume) return true;
  return dataVolume.status?.phase === 'Succeeded' || annotationOf(claim, Ann.podPhase) === 'Succeeded';
}

/** The object that Events about a temporary claim are written to: the claim that the user knows. */
export function eventTarget(cdi: Cdi, claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const [namespace, name] = annotationOf(claim, Ann.eventSource)?.split('/') ?? [];
  const target = namespace && name ? cdi.claims.get(namespace, name) : undefined;
  return { kind: 'PersistentVolumeClaim', apiVersion: 'v1', ...(target ?? claim) };
}
