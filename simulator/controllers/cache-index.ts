import type { KubernetesResource } from '../../src/clone/resources';
import type { WatchCache } from '../../src/kubernetes';

/** The objects of a cache by keys of their own, kept up to date with it: no scan per event. */
export class CacheIndex<T extends KubernetesResource> {
  private readonly members = new Map<string, Map<string, T>>();
  private readonly end: () => void;

  constructor(
    cache: WatchCache<T>,
    private readonly keysOf: (object: T) => string[],
  ) {
    for (const object of cache.list()) this.add(object);
    this.end = cache.onChange({}, (type, object, previous) => {
      if (previous) this.remove(previous);
      if (type !== 'deleted') this.add(object);
    });
  }

  get(key: string): T[] {
    return [...(this.members.get(key)?.values() ?? [])];
  }

  close(): void {
    this.end();
    this.members.clear();
  }

  private add(object: T): void {
    for (const key of this.keysOf(object)) {
      const members = this.members.get(key) ?? new Map<string, T>();
      this.members.set(key, members.set(idOf(object), object));
    }
  }

  private remove(object: T): void {
    for (const key of this.keysOf(object)) {
      const members = this.members.get(key);
      members?.delete(idOf(object));
      if (members?.size === 0) this.members.delete(key);
    }
  }
}

function idOf({ metadata }: KubernetesResource): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
