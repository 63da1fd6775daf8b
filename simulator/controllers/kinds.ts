import type { ClaimSpec, KubernetesResource } from '../../src/clone/resources';
import { type Kind, Kinds } from '../../src/kubernetes';

/** A volume, as far as the simulator needs it. */
export interface PersistentVolume extends KubernetesResource {
  spec: {
    capacity: { storage?: string };
    accessModes?: string[];
    volumeMode?: string;
    storageClassName?: string;
    persistentVolumeReclaimPolicy?: 'Delete' | 'Retain';
    claimRef?: { kind?: string; apiVersion?: string; namespace: string; name: string; uid?: string };
    csi?: { driver: string; volumeHandle: string };
  };
  status?: { phase?: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed' };
}

/** What a clone's claim names as its data source: the claim that is copied, in the source's namespace. */
export interface VolumeCloneSource extends KubernetesResource {
  spec: { source: { apiGroup?: string; kind: string; name: string } };
}

/** What an import's claim names as its data source. */
export interface VolumeImportSource extends KubernetesResource {
  spec: { source: Record<string, unknown>; targetClaim?: string };
}

/** What a claim that is restored, or cloned by way of a snapshot, names as its data source. */
export interface VolumeSnapshot extends KubernetesResource {
  spec: { source: { persistentVolumeClaimName?: string }; volumeSnapshotClassName?: string };
  status?: {
    boundVolumeSnapshotContentName?: string;
    /** When the storage cut it: what is written to the source from then on is not in it. */
    creationTime?: string;
    readyToUse?: boolean;
    restoreSize?: string;
    error?: { time?: string; message?: string };
  };
}

/** What the storage has of a snapshot, as a PersistentVolume is what it has of a claim. */
export interface VolumeSnapshotContent extends KubernetesResource {
  spec: {
    deletionPolicy: 'Delete' | 'Retain';
    driver: string;
    source: { volumeHandle?: string };
    sourceVolumeMode?: string;
    volumeSnapshotClassName?: string;
    volumeSnapshotRef: { apiVersion?: string; kind?: string; namespace: string; name: string; uid: string };
  };
  status?: {
    /** In nanoseconds since 1970. */
    creationTime?: number;
    readyToUse?: boolean;
    /** In bytes. */
    restoreSize?: number;
    snapshotHandle?: string;
    error?: { time?: string; message?: string };
  };
}

export interface VolumeSnapshotClass extends KubernetesResource {
  driver: string;
  deletionPolicy: 'Delete' | 'Retain';
}

export interface ResourceQuota extends KubernetesResource {
  spec?: {
    hard?: Record<string, string>;
    scopes?: string[];
    scopeSelector?: { matchExpressions?: { scopeName: string; operator: string; values?: string[] }[] };
  };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

/** CDI's own configuration, worked out by its controller. */
export interface CdiConfig extends KubernetesResource {
  spec: { featureGates?: string[] };
  status?: { filesystemOverhead?: { global?: string; storageClass?: Record<string, string> } };
}

export interface Namespace extends KubernetesResource {
  spec?: { finalizers?: string[] };
  status?: { phase?: string; conditions?: unknown[] };
}

export type ClaimDataSource = NonNullable<ClaimSpec['dataSourceRef']>;

/** Kinds that the controllers need and the product does not. */
export const SimKinds = {
  PersistentVolume: {
    group: '',
    version: 'v1',
    plural: 'persistentvolumes',
    kind: 'PersistentVolume',
    namespaced: false,
  } as Kind<PersistentVolume>,
  VolumeCloneSource: {
    group: 'cdi.kubevirt.io',
    version: 'v1beta1',
    plural: 'volumeclonesources',
    kind: 'VolumeCloneSource',
    namespaced: true,
  } as Kind<VolumeCloneSource>,
  VolumeImportSource: {
    group: 'cdi.kubevirt.io',
    version: 'v1beta1',
    plural: 'volumeimportsources',
    kind: 'VolumeImportSource',
    namespaced: true,
  } as Kind<VolumeImportSource>,
  VolumeSnapshot: Kinds.VolumeSnapshot as Kind<VolumeSnapshot>,
  VolumeSnapshotClass: {
    group: 'snapshot.storage.k8s.io',
    version: 'v1',
    plural: 'volumesnapshotclasses',
    kind: 'VolumeSnapshotClass',
    namespaced: false,
  } as Kind<VolumeSnapshotClass>,
  VolumeSnapshotContent: {
    group: 'snapshot.storage.k8s.io',
    version: 'v1',
    plural: 'volumesnapshotcontents',
    kind: 'VolumeSnapshotContent',
    namespaced: false,
  } as Kind<VolumeSnapshotContent>,
  ResourceQuota: {
    group: '',
    version: 'v1',
    plural: 'resourcequotas',
    kind: 'ResourceQuota',
    namespaced: true,
  } as Kind<ResourceQuota>,
  CdiConfig: {
    group: 'cdi.kubevirt.io',
    version: 'v1beta1',
    plural: 'cdiconfigs',
    kind: 'CDIConfig',
    namespaced: false,
  } as Kind<CdiConfig>,
};
