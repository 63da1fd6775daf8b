import type { KubernetesResource } from '../clone/resources';
import { MARKS } from '../contract';
import type { WatchCache } from '../kubernetes';

type Watched<T extends KubernetesResource> = Pick<WatchCache<T>, 'list' | 'onChange'>;

/** Of all objects of a kind, those that clones made, by the uid of the clone: kept up to date, never searched for. */
export class ByClone<T extends KubernetesResource> {
  private readonly clones = new Map<string, Map<string, T>>();

  /** `belongs` narrows it further. */
  constructor(
    cache: Watched<T>,
    private readonly belongs: (object: T) => boolean = () => true,
  ) {
    for (const object of cache.list()) this.add(object);
    cache.onChange({}, (type, object, previous) => {
      if (previous) this.remove(previous);
      if (type !== 'deleted') this.add(object);
    });
  }

  /** Those of one clone. */
  of(cloneUid: string | undefined): T[] {
    const objects = cloneUid === undefined ? undefined : this.clones.get(cloneUid);
    return objects ? [...objects.values()] : [];
  }

  get isEmpty(): boolean {
    return this.clones.size === 0;
  }

  private add(object: T): void {
    const cloneUid = cloneUidOf(object);
    if (cloneUid === undefined || !this.belongs(object)) return;
    const objects = this.clones.get(cloneUid) ?? new Map<string, T>();
    this.clones.set(cloneUid, objects.set(keyOf(object), object));
  }

  private remove(object: T): void {
    const cloneUid = cloneUidOf(object);
    const objects = cloneUid === undefined ? undefined : this.clones.get(cloneUid);
    if (cloneUid === undefined || !objects?.delete(keyOf(object))) return;
    if (objects.size === 0) this.clones.delete(cloneUid);
  }
}

/** The clone that made the object, as its label says. */
export function cloneUidOf({ metadata }: KubernetesResource): string | undefined {
  return metadata.labels?.[MARKS.cloneUid];
}

/** `<namespace>/<name>`: of a clone's VM, also the clone's id. */
export function keyOf({ metadata }: KubernetesResource): string {
  return `${metadata.namespace}/${metadata.name}`;
}
