import { isOurs, ownerSelector } from '../clone/ownership';
import type { KubernetesResource } from '../clone/resources';
import type { Owner, VmRef } from '../contract';
import { type Caches, type ClusterClient, isCode, type Kind } from '../kubernetes';

/** Where objects are looked at: the API itself, or what is watched of it. */
export interface View {
  /** A namespace's objects of a kind; those of one clone alone when `owner` is given. */
  list<T extends KubernetesResource>(kind: Kind<T>, namespace: string, owner?: Owner): Promise<T[]>;
  /** One by its name; undefined too where it is not watched, or may not be read. */
  get<T extends KubernetesResource>(kind: Kind<T>, ref: VmRef): Promise<T | undefined>;
}

/** Kinds that the cluster doesn't know have no objects (snapshots are optional). */
export function freshView(client: ClusterClient, signal: AbortSignal): View {
  return {
    async list(kind, namespace, owner) {
      try {
        const labelSelector = owner && ownerSelector(owner);
        const { items } = await client.list(kind, { namespace, labelSelector, signal });
        return items.map((item) => ({ ...item, kind: kind.kind }));
      } catch (error) {
        if (isCode(error, 404)) return [];
        throw error;
      }
    },
    async get(kind, ref) {
      try {
        return await client.get(kind, ref, { signal });
      } catch (error) {
        // Whoever may not read a Secret can't have copied it; the rest is not to be held up by that.
        if (isCode(error, 403)) return undefined;
        throw error;
      }
    },
  };
}

/** Costs nothing, may lag, and knows only the kinds that are watched. */
export function cachedView(caches: Caches): View {
  const cached = [caches.virtualMachines, caches.dataVolumes, caches.claims, caches.pods];
  const cacheOf = (wanted: Kind) => cached.find(({ kind }) => kind.kind === wanted.kind);
  return {
    async list<T extends KubernetesResource>(kind: Kind<T>, namespace: string, owner?: Owner) {
      const objects = (cacheOf(kind)?.list(namespace) ?? []) as unknown as T[];
      return owner ? objects.filter((object) => isOurs(object, owner)) : objects;
    },
    async get<T extends KubernetesResource>(kind: Kind<T>, { namespace, name }: VmRef) {
      return cacheOf(kind)?.get(namespace, name) as unknown as T | undefined;
    },
  };
}
