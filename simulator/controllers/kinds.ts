import type { ClaimSpec, KubernetesResource } from '../../src/clone/resources';
import type { Kind } from '../../src/kubernetes';

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
};
