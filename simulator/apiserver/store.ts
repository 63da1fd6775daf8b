import type { Journal } from './journal';
import { type Kind, kindId } from './kinds';
import { deepFreeze, type KubernetesObject } from './object';
import { Version, versionOf } from './version';

export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resourceVersion: number;
  key: string;
  /** The new version; for DELETED the last one, with the resourceVersion of the deletion. */
  current: Version;
  previous?: Version;
}

export type ChangeListener = (change: Change) => void;

/** `<namespace>/<name>`, or `<name>` for cluster-wide kinds; lists are sorted by it, as etcd does. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

class Collection {
  readonly versions = new Map<string, Version>();
  readonly listeners = new Map<string, Set<ChangeListener>>();
  history: Change[] = [];
  /** All changes after this resourceVersion are in the history. */
  historyFrom: number;
  private sorted?: string[];

  constructor(
    readonly kind: Kind,
    resourceVersion: number,
  ) {
    this.historyFrom = resourceVersion;
  }

  keys(): string[] {
    this.sorted ??= [...this.versions.keys()].sort();
    return this.sorted;
  }

  keysChanged(): void {
    this.sorted = undefined;
  }
}

export interface StoreOptions {
  kinds: readonly Kind[];
  journal?: Journal;
  /** Changes kept per kind for watches and for the pages of a list. */
  historyLimit: number;
}

/**
 * All objects, with one counter for all of them: every write of whatever object takes the next resourceVersion.
 * Everything here is synchronous, so that what a caller has just read is what it writes over.
 */
export class Store {
  private readonly collections = new Map<string, Collection>();
  private readonly journal?: Journal;
  private readonly historyLimit: number;
  private latest = 1;

  constructor({ kinds, journal, historyLimit }: StoreOptions) {
    this.historyLimit = historyLimit;
    this.journal = journal;
    if (journal) this.latest = journal.resourceVersion;
    for (const kind of kinds) this.collections.set(kindId(kind), new Collection(kind, this.latest));
    for (const { kind, key, object } of journal?.takeObjects() ?? []) {
      const collection = this.collections.get(kind);
      if (!collection)
        throw new Error(`the data file holds a ${kind}, which this server does not know: remove the file`);
      collection.versions.set(key, new Version(deepFreeze(object), Number(object.metadata.resourceVersion)));
    }
  }

  /** The resourceVersion of the last write. */
  get resourceVersion(): number {
    return this.latest;
  }

  get(kind: Kind, namespace: string | undefined, name: string): Version | undefined {
    return this.collection(kind).versions.get(keyOf(namespace, name));
  }

  /** Versions by key, sorted; with a namespace only those in it; only those after key `after`. */
  *list(kind: Kind, namespace?: string, after = ''): Generator<[key: string, version: Version]> {
    const collection = this.collection(kind);
    yield* inScope(collection.keys(), (key) => collection.versions.get(key) as Version, namespace, after);
  }

  /** The same as of an earlier resourceVersion; undefined when the history no longer reaches back to it. */
  listAt(
    resourceVersion: number,
    kind: Kind,
    namespace?: string,
    after = '',
  ): Iterable<[key: string, version: Version]> | undefined {
    const changes = this.changesSince(kind, resourceVersion);
    if (!changes) return undefined;
    if (changes.length === 0) return this.list(kind, namespace, after);
    const versions = new Map(this.collection(kind).versions);
    for (const change of changes.reverse()) {
      if (change.previous) versions.set(change.key, change.previous);
      else versions.delete(change.key);
    }
    return inScope([...versions.keys()].sort(), (key) => versions.get(key) as Version, namespace, after);
  }

  /** The kind's changes after a resourceVersion; undefined when the history no longer reaches back to it. */
  changesSince(kind: Kind, resourceVersion: number): Change[] | undefined {
    const { history, historyFrom } = this.collection(kind);
    if (resourceVersion < historyFrom) return undefined;
    return history.slice(firstAfter(history, resourceVersion, (change) => change.resourceVersion));
  }

  /** Stores an object under the next resourceVersion and tells those who listen. The object is frozen by it. */
  put(kind: Kind, object: KubernetesObject): Version {
    const collection = this.collection(kind);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = collection.versions.get(key);
    const current = versionOf(kind, object, this.latest + 1);
    this.journal?.append({
      resourceVersion: current.resourceVersion,
      kind: kindId(kind),
      key,
      json: current.json,
    });
    collection.versions.set(key, current);
    if (!previous) collection.keysChanged();
    this.record(collection, { type: previous ? 'MODIFIED' : 'ADDED', key, current, previous });
    return current;
  }

  /** Removes an object; the removal takes a resourceVersion of its own. */
  remove(kind: Kind, namespace: string | undefined, name: string): Version {
    const collection = this.collection(kind);
    const key = keyOf(namespace, name);
    const previous = collection.versions.get(key);
    if (!previous) throw new Error(`no ${kindId(kind)} ${key}`);
    const current = versionOf(kind, previous.object, this.latest + 1);
    this.journal?.append({ resourceVersion: current.resourceVersion, kind: kindId(kind), key });
    collection.versions.delete(key);
    collection.keysChanged();
    this.record(collection, { type: 'DELETED', key, current, previous });
    return current;
  }

  /**
   * Calls `listener` within each write of the kind; with a namespace, or a key within it, of those objects alone.
   * Returns what ends it.
   */
  subscribe(kind: Kind, scope: { namespace?: string; key?: string }, listener: ChangeListener): () => void {
    const { listeners } = this.collection(kind);
    const topic = scope.key ?? (scope.namespace ? `${scope.namespace}/` : '');
    const set = listeners.get(topic) ?? new Set();
    listeners.set(topic, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && listeners.get(topic) === set) listeners.delete(topic);
    };
  }

  /** Forgets all history, as etcd's compaction does: watches from before now are answered 410. */
  compact(): void {
    for (const collection of this.collections.values()) {
      collection.history = [];
      collection.historyFrom = this.latest;
    }
  }

  private record(collection: Collection, change: Omit<Change, 'resourceVersion'>): void {
    const recorded = { ...change, resourceVersion: change.current.resourceVersion };
    this.latest = recorded.resourceVersion;
    collection.history.push(recorded);
    if (collection.history.length >= 2 * this.historyLimit) {
      const dropped = collection.history.splice(0, collection.history.length - this.historyLimit);
      collection.historyFrom = dropped.at(-1)?.resourceVersion ?? collection.historyFrom;
    }
    for (const topic of topicsOf(recorded.key)) {
      for (const listener of collection.listeners.get(topic) ?? []) listener(recorded);
    }
    this.journal?.compactWhenLarge(() => this.everything());
  }

  private *everything(): Generator<{ kind: string; key: string; json: string }> {
    for (const [kind, { versions }] of this.collections) {
      for (const [key, version] of versions) yield { kind, key, json: version.json };
    }
  }

  private collection(kind: Kind): Collection {
    const collection = this.collections.get(kindId(kind));
    if (!collection) throw new Error(`no such kind: ${kindId(kind)}`);
    return collection;
  }
}

function* inScope(
  keys: string[],
  versionAt: (key: string) => Version,
  namespace: string | undefined,
  after: string,
): Generator<[string, Version]> {
  const prefix = namespace ? `${namespace}/` : '';
  const start =
    prefix > after ? firstAfter(keys, prefix, (key) => key) : firstAfter(keys, after, (key) => key);
  for (let index = start; index < keys.length; index += 1) {
    const key = keys[index] as string;
    if (!key.startsWith(prefix)) return;
    yield [key, versionAt(key)];
  }
}

/** Index of the first member above `bound` in a list sorted by `by`. */
function firstAfter<T, B>(sorted: readonly T[], bound: B, by: (member: T) => B): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (by(sorted[middle] as T) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

function topicsOf(key: string): string[] {
  const slash = key.indexOf('/');
  return slash < 0 ? ['', key] : ['', key.slice(0, slash + 1), key];
}
