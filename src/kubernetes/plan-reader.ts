import { copiesSecrets, type ObjectName } from '../clone/copies';
import { goesElsewhere } from '../clone/elsewhere';
import { isStateClaim } from '../clone/persistent-state';
import type { PlanRequest } from '../clone/plan';
import { type Reference, referencesOf } from '../clone/references';
import type {
  DataVolume,
  FilesystemOverhead,
  KubernetesResource,
  Migration,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Service,
  StorageClass,
  StorageProfile,
  VirtualMachine,
  VirtualMachineInstance,
} from '../clone/resources';
import { recordedRevisions } from '../clone/revisions';
import { claimNamesOf } from '../clone/volumes';
import type { ClusterClient, ObjectRef } from './client';
import { isCode } from './errors';
import { type Kind, Kinds } from './kinds';
import type { WatchCache } from './watch-cache';

/** Shared watches that a plan is read from. */
export interface PlanCaches {
  virtualMachines: WatchCache<VirtualMachine>;
  instances: WatchCache<VirtualMachineInstance>;
  migrations: WatchCache<Migration>;
  dataVolumes: WatchCache<DataVolume>;
  claims: WatchCache<PersistentVolumeClaim>;
  pods: WatchCache<Pod>;
  services: WatchCache<Service>;
  quotas: WatchCache<ResourceQuota>;
  storageProfiles: WatchCache<StorageProfile>;
  storageClasses: WatchCache<StorageClass>;
  namespaces?: WatchCache<KubernetesResource>;
}

/** Name of CDI's one CDIConfig. */
const CDI_CONFIG = { name: 'config' };

/** Reads for a plan: from a cache, or from the API where there is none. */
export class PlanReader {
  readonly unread = new Set<string>();

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

  async allConfirmed<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    refs: readonly ObjectRef[],
  ): Promise<T[]> {
    return present(await Promise.all(refs.map((ref) => this.confirmed(kind, cache, ref))));
  }

  /** What a plan can do without: nothing, and noted, where it may not be read. */
  async advice<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    namespace: string,
  ): Promise<T[]> {
    if (cache?.synced === false) {
      this.unread.add(kind.plural);
      return [];
    }
    try {
      return await this.list(kind, cache, namespace);
    } catch (error) {
      if (!isCode(error, 403, 404)) throw error;
      this.unread.add(kind.plural);
      return [];
    }
  }

  async list<T extends KubernetesResource>(
    kind: Kind<T>,
    cache: WatchCache<T> | undefined,
    namespace?: string,
  ): Promise<T[]> {
    if (cache) return cache.list(namespace);
    return (await this.client.list(kind, { namespace, signal: this.signal })).items;
  }

  /** A claim has the name of the DataVolume that made it. */
  async dataVolumesOf(source: VirtualMachine, namespace: string): Promise<DataVolume[]> {
    const named = new Set(claimNamesOf(source));
    const dataVolumes = await this.list(Kinds.DataVolume, this.caches?.dataVolumes, namespace);
    return dataVolumes.filter(({ metadata }) => named.has(metadata.name));
  }

  /** Those that the VM names, and those that KubeVirt keeps its state on. */
  async claimsOf(source: VirtualMachine, namespace: string): Promise<PersistentVolumeClaim[]> {
    const named = new Set(claimNamesOf(source));
    const claims = await this.list(Kinds.PersistentVolumeClaim, this.caches?.claims, namespace);
    return claims.filter(
      (claim) => named.has(claim.metadata.name) || isStateClaim(claim, source.metadata.name),
    );
  }

  async quotas({ source, target }: PlanRequest): Promise<ResourceQuota[]> {
    const namespaces = [...new Set([source.namespace, target.namespace])];
    const lists = namespaces.map((namespace) =>
      this.advice(Kinds.ResourceQuota, this.caches?.quotas, namespace),
    );
    return (await Promise.all(lists)).flat();
  }

  async revisionsOf(source: VirtualMachine, namespace: string) {
    const names = recordedRevisions(source).map((name) => ({ namespace, name }));
    return this.allConfirmed(Kinds.ControllerRevision, undefined, names);
  }

  async filesystemOverhead({ options }: PlanRequest): Promise<FilesystemOverhead | undefined> {
    if (options.storageClass === undefined) return undefined;
    const config = await this.client.get(Kinds.CdiConfig, CDI_CONFIG, { signal: this.signal });
    return config?.status?.filesystemOverhead;
  }

  /** Within a namespace the clone finds what its source finds. */
  async availableInTarget(vm: VirtualMachine, request: PlanRequest): Promise<ObjectName[]> {
    const { target } = request;
    if (!goesElsewhere(request)) return [];
    const isLookedUp = ({ kind }: Reference) => kind === 'ServiceAccount' || !copiesSecrets(request);
    return this.available(referencesOf(vm.spec.template.spec).filter(isLookedUp), target.namespace);
  }

  async availableInSource(vm: VirtualMachine, request: PlanRequest): Promise<ObjectName[]> {
    if (!copiesSecrets(request)) return [];
    const isCopied = ({ kind }: Reference) => kind !== 'ServiceAccount';
    return this.available(referencesOf(vm.spec.template.spec).filter(isCopied), request.source.namespace);
  }

  private async available(references: readonly Reference[], namespace: string): Promise<ObjectName[]> {
    const distinct = new Map(references.map(({ kind, name }) => [`${kind}/${name}`, { kind, name }]));
    const found = [...distinct.values()].map(async ({ kind, name }) => {
      const exists = await this.client.exists(
        Kinds[kind] as Kind,
        { namespace, name },
        { signal: this.signal },
      );
      return exists ? { kind, name } : undefined;
    });
    return present(await Promise.all(found));
  }

  /** The source's own namespace exists as surely as the source; one that is being deleted takes nothing new. */
  async namespaceExists(request: PlanRequest): Promise<boolean> {
    const { target } = request;
    if (!goesElsewhere(request)) return true;
    const namespace = await this.get(Kinds.Namespace, this.caches?.namespaces, { name: target.namespace });
    return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
  }
}

function present<T>(objects: readonly (T | undefined)[]): T[] {
  return objects.filter((object) => object !== undefined);
}
