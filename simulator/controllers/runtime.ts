import type { KubernetesResource } from '../../src/clone/resources';
import { ClusterClient, isCode, type Kind, PooledKubeConfig, WatchCache } from '../../src/kubernetes';
import type { SimulatorOptions } from '../options';

export type Log = (message: string, fields?: Record<string, unknown>) => void;

/** What every controller of one simulated cluster shares: a way to the API server, and caches that lag. */
export interface SimContext {
  /** A client whose user agent is `name`: admission and logs tell controllers apart by it. */
  clientFor(name: string): ClusterClient;
  /** The shared cache of a kind, behind the server by `options.lagMs`; started by the first call. */
  cache<T extends KubernetesResource>(kind: Kind<T>): WatchCache<T>;
  /** Resolves when the cache of that kind holds its first list. */
  synced(kind: Kind): Promise<void>;
  readonly options: SimulatorOptions;
  log: Log;
  /** Aborted when the simulator stops. */
  readonly signal: AbortSignal;
}

/** Connects to the API server at `url`. `close` stops the caches; stop the controllers first. */
export function createContext(
  url: string,
  options: SimulatorOptions,
  log: Log = () => {},
): SimContext & { close(): Promise<void> } {
  const stopped = new AbortController();
  const clients = new Map<string, ClusterClient>();
  const caches = new Map<string, { cache: WatchCache<KubernetesResource>; synced: Promise<void> }>();

  const clientFor = (name: string): ClusterClient => {
    const known = clients.get(name);
    if (known) return known;
    const kubeConfig = new PooledKubeConfig();
    kubeConfig.loadFromClusterAndUser({ name: 'simulator', server: url, skipTLSVerify: true }, { name });
    const client = new ClusterClient(kubeConfig, { userAgent: name });
    clients.set(name, client);
    return client;
  };

  const entry = (kind: Kind) => {
    const key = `${kind.plural}.${kind.group}`;
    const known = caches.get(key);
    if (known) return known;
    const cache = new WatchCache<KubernetesResource>(clientFor('informer'), kind, {
      lagMs: options.lagMs,
      onError: (error) => log('watch failed', { kind: kind.kind, error: String(error) }),
    });
    const synced = cache.start();
    synced.catch(() => {}); // stopped before its first list: whoever waits is told by `synced`
    const made = { cache, synced };
    caches.set(key, made);
    return made;
  };

  return {
    clientFor,
    cache: <T extends KubernetesResource>(kind: Kind<T>) => entry(kind).cache as unknown as WatchCache<T>,
    synced: (kind) => entry(kind).synced,
    options,
    log,
    signal: stopped.signal,
    async close() {
      stopped.abort();
      await Promise.all([...caches.values()].map(({ cache }) => cache.stop()));
    },
  };
}

export interface Key {
  namespace: string;
  name: string;
}

/** `namespace/name`; a cluster-wide object's key begins with the slash. */
export function keyOf({ metadata }: KubernetesResource): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export interface ControllerWatch {
  // biome-ignore lint/suspicious/noExplicitAny: each watch has its own kind of object; see `watching`
  kind: Kind<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  keys(object: any): string[];
}

/** A watch whose `keys` knows the shape of its objects. `keys` gives the `namespace/name`s to reconcile. */
export function watching<T extends KubernetesResource>(
  kind: Kind<T>,
  keys: (object: T) => string[] = (object) => [keyOf(object)],
): ControllerWatch {
  return { kind, keys };
}

export interface ControllerDefinition {
  name: string;
  watches: ControllerWatch[];
  /**
   * Brings one object nearer to what it should be. Runs once at a time for a key; what it throws is
   * retried with back-off. `signal` is aborted when the controller is stopped.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most reconcilers return nothing
  reconcile(key: Key, signal: AbortSignal): Promise<void | { requeueAfterMs: number }>;
  /** Keys reconciled at once. Default 8. */
  workers?: number;
  /** Bounds of the back-off after a failure, in milliseconds. Default 10 and 5,000; a conflict waits for the lag, at most 100. */
  backoffMs?: { min: number; max: number };
}

export interface RunningController {
  /** Starts no more work and waits for what is under way. The same definition may be started again. */
  stop(): Promise<void>;
}

interface Entry {
  state: 'idle' | 'queued' | 'running';
  /** Changed while it was running: once more. */
  dirty: boolean;
  failures: number;
  timer?: NodeJS.Timeout;
}

/**
 * Runs a controller as controller-runtime does: level-triggered, one work queue without duplicates, from caches
 * that lag. Resolves when the caches are filled and everything in them is queued.
 */
export async function startController(
  context: SimContext,
  definition: ControllerDefinition,
): Promise<RunningController> {
  const queue = new WorkQueue(context, definition);
  const ends: (() => void)[] = [];
  const stop = async () => {
    for (const end of ends) end();
    await queue.stop();
  };
  await Promise.all(definition.watches.map(({ kind }) => context.synced(kind)));
  for (const { kind, keys } of definition.watches) {
    const cache = context.cache(kind);
    ends.push(
      cache.onChange({}, (_type, object, previous) => {
        // each key once: the work begins with the first, and a second would do it again
        for (const key of new Set([...keys(object), ...(previous ? keys(previous) : [])])) queue.add(key);
      }),
    );
    for (const object of cache.list()) for (const key of keys(object)) queue.add(key);
  }
  return { stop };
}

class WorkQueue {
  private readonly entries = new Map<string, Entry>();
  private readonly waiting: string[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly stopped = new AbortController();
  private readonly signal: AbortSignal;

  constructor(
    private readonly context: SimContext,
    private readonly definition: ControllerDefinition,
  ) {
    this.signal = AbortSignal.any([context.signal, this.stopped.signal]);
  }

  add(key: string): void {
    if (this.signal.aborted) return;
    let entry = this.entries.get(key);
    if (!entry) {
      entry = { state: 'idle', dirty: false, failures: 0 };
      this.entries.set(key, entry);
    }
    if (entry.state === 'running') entry.dirty = true;
    if (entry.state !== 'idle') return;
    clearTimeout(entry.timer);
    entry.state = 'queued';
    this.waiting.push(key);
    this.startWork();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    for (const { timer } of this.entries.values()) clearTimeout(timer);
    this.entries.clear();
    this.waiting.length = 0;
    await Promise.all(this.running);
  }

  private startWork(): void {
    const { workers = 8 } = this.definition;
    while (this.running.size < workers && !this.signal.aborted) {
      const key = this.waiting.shift();
      if (key === undefined) return;
      const work = this.work(key).finally(() => {
        this.running.delete(work);
        this.startWork();
      });
      this.running.add(work);
    }
  }

  private async work(key: string): Promise<void> {
    const entry = this.entries.get(key);
    if (!entry) return;
    entry.state = 'running';
    entry.dirty = false;
    let delay: number | undefined;
    try {
      const slash = key.indexOf('/');
      const result = await this.definition.reconcile(
        { namespace: key.slice(0, slash), name: key.slice(slash + 1) },
        this.signal,
      );
      entry.failures = 0;
      delay = result?.requeueAfterMs;
    } catch (error) {
      if (this.signal.aborted) return;
      delay = this.backoff(entry, error);
      this.context.log('reconcile failed', {
        controller: this.definition.name,
        key,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    if (this.signal.aborted) return;
    entry.state = 'idle';
    if (delay !== undefined) entry.timer = setTimeout(() => this.add(key), delay);
    if (entry.dirty) this.add(key);
    else if (delay === undefined) this.entries.delete(key);
  }

  private backoff(entry: Entry, error: unknown): number {
    const { min, max } = this.definition.backoffMs ?? { min: 10, max: 5_000 };
    const isConflict = isCode(error, 409, 422);
    const delay = Math.min(isConflict ? Math.min(100, max) : max, min * 2 ** entry.failures++);
    // before the cache has what was written in between, the same conflict would come again
    return isConflict ? Math.max(delay, this.context.options.lagMs) : delay;
  }
}

/**
 * Writes `change(copy of object)` back if it changed anything, under the object's resourceVersion: 409 when the
 * cache was behind. Returns what the server stored, or the object itself when there was nothing to write.
 */
export async function update<T extends KubernetesResource>(
  client: ClusterClient,
  kind: Kind<T>,
  object: T,
  change: (copy: T) => void,
  options: { subresource?: 'status'; signal?: AbortSignal } = {},
): Promise<T> {
  const copy = structuredClone(object);
  change(copy);
  if (JSON.stringify(copy) === JSON.stringify(object)) return object;
  return client.replace(kind, copy, options);
}
