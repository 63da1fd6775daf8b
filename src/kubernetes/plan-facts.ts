import { plannedDataVolumeNames } from '../clone/disks';
import type { PlanFacts, PlanRequest } from '../clone/plan';
import type {
  DataVolume,
  KubernetesResource,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  StorageProfile,
  VirtualMachine,
  VirtualMachineInstance,
} from '../clone/resources';
import { claimNamesOf } from '../clone/volumes';
import type { ClusterClient, ObjectRef } from './client';
import { type Kind, Kinds } from './kinds';
import type { WatchCache } from './watch-cache';

/** Shared watches that a plan is read from. */
export interface PlanCaches {
  virtualMachines: WatchCache<VirtualMachine>;
  instances: WatchCache<VirtualMachineInstance>;
  dataVolumes: WatchCache<DataVolume>;
  claims: WatchCache<PersistentVolumeClaim>;
  pods: WatchCache<Pod>;
  storageProfiles: WatchCache<StorageProfile>;
  storageClasses: WatchCache<StorageClass>;
  namespaces?: WatchCache<KubernetesResource>;
}

export interface PlanFactsDependencies {
  client: ClusterClient;
  caches?: PlanCaches;
}

/**
 * Reads what a plan depends on. The source is always read anew: what is planned is what will be locked. All else
 * comes from the caches when they are given; what would take the target's name is then read once more, for a
 * cache may still show what is gone.
 *
 * With caches: one request, and one more for the namespace when it is another one and not watched.
 * Throws what `ClusterClient` throws.
 */
export async function readPlanFacts(
  { client, caches }: PlanFactsDependencies,
  request: PlanRequest & { installation?: string },
  signal?: AbortSignal,
): Promise<PlanFacts> {
  const read = new Reader(client, caches, signal);
  const [source, targetNamespaceExists] = await Promise.all([
    client.get(Kinds.VirtualMachine, request.source, { signal }),
    read.namespaceExists(request),
  ]);
  const nothing = { sourceClaims: [], pods: [], storageProfiles: [], storageClasses: [], targetClaims: [] };
  const facts = {
    request,
    source,
    targetNamespaceExists,
    installation: request.installation,
    targetDataVolumes: [],
  };
  if (!source) return { ...facts, ...nothing };
  const { namespace } = request.source;
  const claims = claimNamesOf(source).map((name) => ({ namespace, name }));
  const planned = plannedDataVolumeNames(source, request.target.name).map((name) => ({
    namespace: request.target.namespace,
    name,
  }));
  const [
    vmi,
    sourceClaims,
    pods,
    storageProfiles,
    storageClasses,
    targetVm,
    targetClaims,
    targetDataVolumes,
  ] = await Promise.all([
    read.get(Kinds.VirtualMachineInstance, caches?.instances, request.source),
    read.all(Kinds.PersistentVolumeClaim, caches?.claims, claims),
    read.list(Kinds.Pod, caches?.pods, namespace),
    read.list(Kinds.StorageProfile, caches?.storageProfiles),
    read.list(Kinds.StorageClass, caches?.storageClasses),
    read.confirmed(Kinds.VirtualMachine, caches?.virtualMachines, request.target),
    read.allConfirmed(Kinds.PersistentVolumeClaim, caches?.claims, planned),
    read.allConfirmed(Kinds.DataVolume, caches?.dataVolumes, planned),
  ]);
  return {
    ...facts,
    vmi,
    sourceClaims,
    pods,
    storageProfiles,
    storageClasses,
    targetVm,
    targetClaims,
    targetDataVolumes,
  };
}

/** Reads from a cache, or from the API where there is none. */
class Reader {
  constructor(
    private readonly client: ClusterClient,
    private readonly caches: PlanCaches | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async get<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    { namespace, name }: ObjectRef,
  ): Promise<T | undefined> {
    if (cache) return cache.get(namespace, name);
    return this.client.get(kind, { namespace, name }, { signal: this.signal });
  }

  /** Reads anew what the cache has; what it doesn't have yet, the create itself will find. */
  async confirmed<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    ref: ObjectRef,
  ): Promise<T | undefined> {
    if (cache && !cache.get(ref.namespace, ref.name)) return undefined;
    return this.client.get(kind, ref, { signal: this.signal });
  }

  async all<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    refs: readonly ObjectRef[],
  ): Promise<T[]> {
    return present(await Promise.all(refs.map((ref) => this.get(kind, cache, ref))));
  }

  async allConfirmed<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    refs: readonly ObjectRef[],
  ): Promise<T[]> {
    return present(await Promise.all(refs.map((ref) => this.confirmed(kind, cache, ref))));
  }

  async list<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    namespace?: string,
  ): Promise<T[]> {
    if (cache) return cache.list(namespace);
    return (await this.client.list(kind, { namespace, signal: this.signal })).items;
  }

  /** The source's own namespace exists as surely as the source; one that is being deleted takes nothing new. */
  async namespaceExists({ source, target }: PlanRequest): Promise<boolean> {
    if (target.namespace === source.namespace) return true;
    const namespace = await this.get(Kinds.Namespace, this.caches?.namespaces, { name: target.namespace });
    return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
  }
}

function present<T>(objects: readonly (T | undefined)[]): T[] {
  return objects.filter((object) => object !== undefined);
}
