import { setTimeout } from 'node:timers/promises';
import type { KubernetesResource } from '../clone/resources';
import type { ClusterClient } from './client';
import { type Kind, Kinds } from './kinds';
import { WatchCache, type WatchCacheOptions } from './watch-cache';

const ADVICE_MS = 5_000;

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
  const advisory: WatchCache<never>[] = [caches.migrations, caches.services, caches.quotas] as never;
  const needed = all.filter((cache) => !advisory.includes(cache as never));
  return {
    ...caches,
    /**
     * Resolves when every first list is in. What only a plan's advice needs is waited for a moment: without the right
     * to read it, sources still come back, and plans say what they do not know.
     */
    async start(): Promise<void> {
      const advice = Promise.all(advisory.map((cache) => cache.start())).catch(() => undefined);
      await Promise.all(needed.map((cache) => cache.start()));
      const patience = new AbortController();
      await Promise.race([advice, setTimeout(ADVICE_MS, undefined, patience).catch(() => undefined)]);
      patience.abort();
    },
    async stop(): Promise<void> {
      await Promise.all(all.map((cache) => cache.stop()));
    },
    get synced(): boolean {
      return needed.every((cache) => cache.synced);
    },
    /** Kinds whose first list is not in, as URLs name them. */
    get unread(): string[] {
      return all.filter((cache) => !cache.synced).map((cache) => cache.kind.plural);
    },
  };
}

export type Caches = ReturnType<typeof createCaches>;
