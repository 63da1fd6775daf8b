import { setTimeout as sleep } from 'node:timers/promises';
import { Watch } from '@kubernetes/client-node';
import type { KubernetesResource } from '../clone/resources';
import type { ClusterClient } from './client';
import { type Kind, pathOf } from './kinds';

export type ChangeType = 'added' | 'modified' | 'deleted';
export type ChangeListener<T> = (type: ChangeType, object: T, previous?: T) => void;

export interface WatchCacheOptions {
  namespace?: string;
  /** Milliseconds between full re-lists that heal lost events; jittered by ±20 %. Default 5 minutes. */
  relistMs?: number;
  /** Bounds of the back-off between failed tries, in milliseconds. Default 200 and 10,000. */
  backoffMs?: { min: number; max: number };
  onError?: (error: unknown) => void;
  /** Delays each event, in milliseconds: for stand-ins that must lag as real controllers do. */
  lagMs?: number;
}

type Stored<T> = T & { metadata: { name: string; namespace?: string; resourceVersion?: string } };

/**
 * All objects of one kind, kept up to date by one watch that every waiter shares.
 *
 * List, then watch from that version; a cut watch resumes where it was; a refused one lists anew; failures back off.
 * (client-node's own informer stops at the first error, and may stall silently: hence the re-lists.)
 */
export class WatchCache<T extends KubernetesResource> {
  private readonly objects = new Map<string, Stored<T>>();
  private readonly namespaces = new Map<string, Map<string, Stored<T>>>();
  private readonly listeners = new Map<string, Set<ChangeListener<T>>>();
  private readonly watch: Watch;
  private readonly stopped = new AbortController();
  private resourceVersion = '';
  private relistAt = 0;
  private syncedAt?: number;
  private started?: Promise<void>;
  private loop?: Promise<void>;

  constructor(
    private readonly client: ClusterClient,
    readonly kind: Kind<T>,
    private readonly options: WatchCacheOptions = {},
  ) {
    this.watch = new Watch(client.kubeConfig);
  }

  /** Starts, if it hasn't yet; resolves when the first list is in. Rejects only when `stop` comes first. */
  start(): Promise<void> {
    this.started ??= new Promise((resolve, reject) => {
      this.stopped.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      this.loop = this.run(resolve);
    });
    return this.started;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.loop;
  }

  /** True once the first list is in. */
  get synced(): boolean {
    return this.syncedAt !== undefined;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.objects.get(keyOf(namespace, name));
  }

  /** All objects, or those of one namespace. */
  list(namespace?: string): T[] {
    const objects = namespace === undefined ? this.objects : this.namespaces.get(namespace);
    return objects ? [...objects.values()] : [];
  }

  /**
   * Calls `listener` on each change: of one object, of one namespace, or of all.
   * Returns the function that ends it.
   */
  onChange(scope: { namespace?: string; name?: string }, listener: ChangeListener<T>): () => void {
    const key = scopeKey(scope.namespace, scope.name);
    const listeners = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(key) === listeners) this.listeners.delete(key);
    };
  }

  private get backoff(): { min: number; max: number } {
    return this.options.backoffMs ?? { min: 200, max: 10_000 };
  }

  private async run(onSynced: () => void): Promise<void> {
    const { min, max } = this.backoff;
    let delay = min;
    while (!this.stopped.signal.aborted) {
      const round: Round = { listed: false, watched: false };
      const error = await this.listAndWatch(round, onSynced).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (this.stopped.signal.aborted) return;
      const code = answerOf(error);
      const isGone = code === 410;
      // Whatever the server has against this version (gone, or from before a restore), a new list settles.
      if (code !== undefined) this.resourceVersion = '';
      // Watches end, and versions go, in the course of things.
      const isUsual = error === undefined || isGone;
      if (isUsual && (round.watched || (isGone && !round.listed))) {
        delay = min;
        continue;
      }
      if (!isUsual) this.options.onError?.(error);
      // What was cut is tried again soon; what lists and is then refused its watch is not.
      if (round.watched || (round.listed && code === undefined)) delay = min;
      await this.pause(delay * (0.8 + 0.4 * Math.random()));
      delay = Math.min(max, delay * 2);
    }
  }

  /** Lists if that is due, then watches until the watch ends. Rejects on an error of either. */
  private async listAndWatch(round: Round, onSynced: () => void): Promise<void> {
    if (!this.resourceVersion || Date.now() >= this.relistAt) {
      await this.relist();
      round.listed = true;
    }
    onSynced();
    await this.watchOnce(() => {
      round.watched = true;
    });
  }

  private async relist(): Promise<void> {
    const { namespace, relistMs = 300_000 } = this.options;
    const { items, resourceVersion } = await this.client.list(this.kind, {
      namespace,
      signal: this.stopped.signal,
    });
    const present = new Set(items.map((item) => keyOf(item.metadata.namespace, item.metadata.name)));
    for (const item of items) this.store(item as Stored<T>);
    for (const [key, object] of [...this.objects]) if (!present.has(key)) this.remove(object);
    this.resourceVersion = resourceVersion;
    this.relistAt = Date.now() + relistMs * (0.8 + 0.4 * Math.random());
    this.syncedAt = Date.now();
  }

  /**
   * One watch, until it ends or the next re-list is due. Rejects on an error in or of the stream. Calls `onWorks`
   * once there is an event, or when it was open for a while without one.
   */
  private watchOnce(onWorks: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let openedAt = Number.POSITIVE_INFINITY;
      let request: AbortController | undefined;
      let failure: unknown;
      let ended = false;
      const end = () => {
        request?.abort();
        finish(null);
      };
      const timer = setTimeout(end, Math.max(0, this.relistAt - Date.now()));
      this.stopped.signal.addEventListener('abort', end, { once: true });
      const finish = (error: unknown) => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        this.stopped.signal.removeEventListener('abort', end);
        if (Date.now() - openedAt >= this.backoff.min) onWorks();
        const cause = failure ?? error;
        if (cause && (cause as Error).name !== 'TimeoutError') reject(cause);
        else resolve();
      };
      this.watch
        .watch(
          pathOf(this.kind, { namespace: this.options.namespace }),
          { resourceVersion: this.resourceVersion, allowWatchBookmarks: true },
          (type: string, object: Stored<T>) => {
            if (ended) return;
            if (type === 'ERROR') {
              failure = object;
              return;
            }
            onWorks();
            this.deliver(type, object);
          },
          finish,
        )
        .then((controller) => {
          request = controller;
          if (ended) controller.abort();
          else openedAt = Date.now();
        }, finish);
    });
  }

  private deliver(type: string, object: Stored<T>): void {
    this.resourceVersion = object.metadata.resourceVersion ?? this.resourceVersion;
    if (type === 'BOOKMARK') return;
    const apply = () => (type === 'DELETED' ? this.remove(object) : this.store(object));
    if (this.options.lagMs) setTimeout(apply, this.options.lagMs);
    else apply();
  }

  private store(object: Stored<T>): void {
    const { namespace, name, resourceVersion } = object.metadata;
    const key = keyOf(namespace, name);
    const previous = this.objects.get(key);
    if (previous && previous.metadata.resourceVersion === resourceVersion) return;
    this.objects.set(key, object);
    let siblings = this.namespaces.get(namespace ?? '');
    if (!siblings) {
      siblings = new Map();
      this.namespaces.set(namespace ?? '', siblings);
    }
    siblings.set(name, object);
    this.notify(previous ? 'modified' : 'added', object, previous);
  }

  private remove(object: Stored<T>): void {
    const { namespace, name } = object.metadata;
    const previous = this.objects.get(keyOf(namespace, name));
    if (!previous) return;
    this.objects.delete(keyOf(namespace, name));
    this.namespaces.get(namespace ?? '')?.delete(name);
    this.notify('deleted', object, previous);
  }

  private notify(type: ChangeType, object: Stored<T>, previous?: T): void {
    const { namespace, name } = object.metadata;
    for (const key of [scopeKey(namespace, name), scopeKey(namespace), scopeKey()]) {
      for (const listener of [...(this.listeners.get(key) ?? [])]) {
        try {
          listener(type, object, previous);
        } catch (error) {
          this.options.onError?.(error);
        }
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopped.signal }).catch(() => {});
  }
}

/** What one round of list and watch has come to. */
interface Round {
  listed: boolean;
  watched: boolean;
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** Names can't hold a space, so scopes never collide. */
function scopeKey(namespace?: string, name?: string): string {
  if (name !== undefined) return `object ${keyOf(namespace, name)}`;
  return namespace !== undefined ? `namespace ${namespace}` : 'all';
}

/** The server's answer, as the HTTP status or as the `Status` object of an ERROR event; undefined for none. */
function answerOf(error: unknown): number | undefined {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: number };
  return statusCode ?? (typeof code === 'number' ? code : undefined);
}
