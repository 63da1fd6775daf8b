import type { ClusterClient } from './client';
import { Kinds } from './kinds';
import { WatchCache, type WatchCacheOptions } from './watch-cache';

/** One shared watch per kind, cluster-wide: every plan, wait and list row reads from these. */
export function createCaches(client: ClusterClient, options: Omit<WatchCacheOptions, 'namespace'> = {}) {
  const caches = {
    virtualMachines: new WatchCache(client, Kinds.VirtualMachine, options),
    instances: new WatchCache(client, Kinds.VirtualMachineInstance, options),
    migrations: new WatchCache(client, Kinds.Migration, options),
    dataVolumes: new WatchCache(client, Kinds.DataVolume, options),
    claims: new WatchCache(client, Kinds.PersistentVolumeClaim, options),
    pods: new WatchCache(client, Kinds.Pod, options),
    storageProfiles: new WatchCache(client, Kinds.StorageProfile, options),
    storageClasses: new WatchCache(client, Kinds.StorageClass, options),
    services: new WatchCache(client, Kinds.Service, options),
    quotas: new WatchCache(client, Kinds.ResourceQuota, options),
    namespaces: new WatchCache(client, Kinds.Namespace, options),
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
  };
}

export type Caches = ReturnType<typeof createCaches>;
