import type { KubernetesResource } from '../clone/resources';
import type { ClusterClient } from './client';
import { type Kind, Kinds } from './kinds';
import { WatchCache, type WatchCacheOptions } from './watch-cache';

export interface CachesOptions extends Omit<WatchCacheOptions, 'namespace' | 'onError'> {
  /** `kind` as a URL names it: `virtualmachines`. */
  onError?: (error: unknown, kind: string) => void;
}

/** One shared watch per kind, cluster-wide: every plan, wait and list row reads from these. */
export function createCaches(client: ClusterClient, { onError, ...options }: CachesOptions = {}) {
  const watching = <T extends KubernetesResource>(kind: Kind<T>) =>
    new WatchCache(client, kind, { ...options, onError: (error) => onError?.(error, kind.plural) });
  const caches = {
    virtualMachines: watching(Kinds.VirtualMachine),
    instances: watching(Kinds.VirtualMachineInstance),
    migrations: watching(Kinds.Migration),
    dataVolumes: watching(Kinds.DataVolume),
    claims: watching(Kinds.PersistentVolumeClaim),
    pods: watching(Kinds.Pod),
    storageProfiles: watching(Kinds.StorageProfile),
    storageClasses: watching(Kinds.StorageClass),
    services: watching(Kinds.Service),
    quotas: watching(Kinds.ResourceQuota),
    namespaces: watching(Kinds.Namespace),
  };
  const all = Object.values(caches);
  return {
    ...caches,
    /** Resolves when every first list is in. */
    async start(): Promise<void> {
      await Promise.all(all.map((cache) => cache.start()));
    },
    async stop(): Promise<void> {
      await Promise.all(all.map((cache) => cache.stop()));
    },
    get synced(): boolean {
      return all.every((cache) => cache.synced);
    },
    /** Kinds whose first list is not in, as URLs name them. */
    get unread(): string[] {
      return all.filter((cache) => !cache.synced).map((cache) => cache.kind.plural);
    },
  };
}

export type Caches = ReturnType<typeof createCaches>;
