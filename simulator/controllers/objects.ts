import { parseBytes } from '../../src/clone/quantity';
import type {
  KubernetesResource,
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
} from '../../src/clone/resources';
import { apiVersionOf, type Kind } from '../../src/kubernetes';

export function annotationOf(object: KubernetesResource | undefined, name: string): string | undefined {
  return object?.metadata.annotations?.[name];
}

export function labelOf(object: KubernetesResource, name: string): string | undefined {
  return object.metadata.labels?.[name];
}

export function annotate(object: KubernetesResource, annotations: Record<string, string>): void {
  object.metadata.annotations = { ...object.metadata.annotations, ...annotations };
}

export function uidOf(object: KubernetesResource): string {
  return object.metadata.uid ?? '';
}

export function isDeleting(object: KubernetesResource): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function hasFinalizer(object: KubernetesResource, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

export function addFinalizer(object: KubernetesResource, finalizer: string): void {
  if (!hasFinalizer(object, finalizer)) {
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  }
}

export function removeFinalizer(object: KubernetesResource, finalizer: string): void {
  object.metadata.finalizers = object.metadata.finalizers?.filter((name) => name !== finalizer);
}

export function controllerOf(object: KubernetesResource): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

/** The reference that makes `owner` the controller of an object, and holds its foreground deletion. */
export function controllerReference(kind: Kind, owner: KubernetesResource): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** As in GetPodsUsingPVCs and the scheduler: neither succeeded nor failed. */
export function isTerminated(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function claimsOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim ? [persistentVolumeClaim.claimName] : [],
  );
}

/** Bound as CDI and the kubelet see it: both the volume and the phase. */
export function isBound(claim: PersistentVolumeClaim): boolean {
  return claim.status?.phase === 'Bound' && Boolean(claim.spec.volumeName);
}

/** Bytes of a resource quantity; 0 for one that is missing or can't be read. */
export function bytesOf(quantity: string | undefined): number {
  return parseBytes(quantity) ?? 0;
}

export function requestOf(claim: Pick<PersistentVolumeClaim, 'spec'>): string | undefined {
  return claim.spec.resources?.requests?.storage;
}
