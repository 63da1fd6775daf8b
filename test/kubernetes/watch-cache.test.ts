import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {
  type ApiServer,
  kubeconfigFor,
  type ObservedRequest,
  startApiServer,
} from '../../simulator/apiserver';
import type { KubernetesResource } from '../../src/clone';
import { awaitChange, ClusterClient, Kinds, PooledKubeConfig, WatchCache } from '../../src/kubernetes';

const ConfigMap = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
type Note = KubernetesResource & { data?: Record<string, string> };

let server: ApiServer;
let client: ClusterClient;
const requests: ObservedRequest[] = [];
const caches: WatchCache<Note>[] = [];

function clientOf(url: string, timeoutMs?: number): ClusterClient {
  const config = new PooledKubeConfig();
  config.loadFromString(kubeconfigFor(url));
  return new ClusterClient(config, { timeoutMs });
}

beforeEach(async () => {
  requests.length = 0;
  server = await startApiServer({ onRequest: (request) => requests.push(request) });
  client = clientOf(server.url);
});
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.stop()));
  await server.close();
});

async function startCache(
  options: ConstructorParameters<typeof WatchCache>[2] = {},
): Promise<WatchCache<Note>> {
  const cache = new WatchCache<Note>(client, ConfigMap, { backoffMs: { min: 10, max: 50 }, ...options });
  caches.push(cache);
  await cache.start();
  return cache;
}

const create = (name: string, by = client) =>
  by.create<Note>(ConfigMap, { metadata: { namespace: 'default', name }, data: { n: '1' } });

function until(cache: WatchCache<Note>, reached: () => boolean): Promise<true | undefined> {
  return awaitChange([(wake) => cache.onChange({}, wake)], () => reached() || undefined, {
    signal: AbortSignal.timeout(10_000),
  });
}

const verbs = () => requests.map(({ verb }) => verb).filter((verb) => verb === 'list' || verb === 'watch');

test('lists, then follows: added, modified, deleted', async () => {
  await create('before');
  const cache = await startCache();
  expect(cache.get('default', 'before')?.data).toEqual({ n: '1' });
  const seen: string[] = [];
  cache.onChange({ namespace: 'default' }, (type, { metadata }) => seen.push(`${type} ${metadata.name}`));
  await create('after');
  await client.patchMerge(ConfigMap, { namespace: 'default', name: 'after' }, { data: { n: '2' } });
  await client.delete(ConfigMap, { namespace: 'default', name: 'before' });
  await until(cache, () => cache.get('default', 'before') === undefined);
  expect(seen).toEqual(['added after', 'modified after', 'deleted before']);
  expect(cache.list('default').map(({ metadata }) => metadata.name)).toEqual(['after']);
  expect(verbs()).toEqual(['list', 'watch']);
});

test('a listener hears its own object, namespace, or all; and no more once it has ended', async () => {
  const cache = await startCache();
  const heard: string[] = [];
  const ends = [
    cache.onChange({ namespace: 'default', name: 'a' }, () => heard.push('object')),
    cache.onChange({ namespace: 'default' }, () => heard.push('namespace')),
    cache.onChange({ namespace: 'kube-system' }, () => heard.push('other')),
    cache.onChange({}, () => heard.push('all')),
  ];
  await create('a');
  await until(cache, () => heard.length >= 3);
  expect(heard).toEqual(['object', 'namespace', 'all']);
  for (const end of ends) end();
  await create('b');
  await until(cache, () => cache.get('default', 'b') !== undefined);
  expect(heard).toHaveLength(3);
});

test('a listener that throws is reported and harms nobody', async () => {
  const errors: unknown[] = [];
  const cache = await startCache({ onError: (error) => errors.push(error) });
  cache.onChange({}, () => {
    throw new Error('mine');
  });
  await create('a');
  await until(cache, () => cache.get('default', 'a') !== undefined);
  expect(errors).toEqual([new Error('mine')]);
});

test('410 Gone lists anew, and what vanished meanwhile is reported as deleted', async () => {
  await server.close();
  const dataFile = path.join(await mkdtemp(path.join(os.tmpdir(), 'vm-clone-')), 'cluster.jsonl');
  server = await startApiServer({ port: server.port, dataFile });
  const { port } = server;
  await create('gone');
  await create('kept');
  const cache = await startCache();
  const deleted: string[] = [];
  cache.onChange({}, (type, { metadata }) => type === 'deleted' && deleted.push(metadata.name));
  await server.close();
  // While the cache knocks at the old address, the cluster goes on; a restarted one has no history to resume from.
  const elsewhere = await startApiServer({ dataFile });
  await clientOf(elsewhere.url).delete(ConfigMap, { namespace: 'default', name: 'gone' });
  await elsewhere.close();
  server = await startApiServer({ port, dataFile });
  await until(cache, () => cache.get('default', 'gone') === undefined);
  expect(deleted).toEqual(['gone']);
  expect(cache.get('default', 'kept')).toBeDefined();
});

test('heals what no event told, at the next re-list', async () => {
  const cache = await startCache({ relistMs: 50 });
  await create('a');
  await until(cache, () => cache.get('default', 'a') !== undefined);
  await awaitChange([], () => verbs().filter((verb) => verb === 'list').length >= 3 || undefined, {
    signal: AbortSignal.timeout(10_000),
    recheckMs: 20,
  });
});

test('starts before the server is up, and says what is wrong until then', async () => {
  const { port } = server;
  await server.close();
  const errors: unknown[] = [];
  const cache = new WatchCache<Note>(client, ConfigMap, {
    backoffMs: { min: 10, max: 50 },
    onError: (error) => errors.push(error),
  });
  caches.push(cache);
  const started = cache.start();
  await awaitChange([], () => errors.length > 0 || undefined, {
    signal: AbortSignal.timeout(10_000),
    recheckMs: 10,
  });
  expect(cache.synced).toBe(false);
  server = await startApiServer({ port });
  await started;
  expect(cache.synced).toBe(true);
});

describe('how soon it tries again', () => {
  type Turn = (response: ServerResponse) => void;
  const status = (code: number): Turn => {
    return (response) => response.writeHead(code).end(JSON.stringify({ kind: 'Status', code }));
  };
  const lists: Turn = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
  };
  const hangsUp: Turn = (response) => response.destroy();
  const endsAtOnce: Turn = (response) => response.writeHead(200).end();
  const staysOpen: Turn = (response) => response.writeHead(200).flushHeaders();
  const opensAndHangsUp: Turn = (response) => {
    staysOpen(response);
    setTimeout(hangsUp, 4 * MIN, response);
  };
  const tellsAndHangsUp: Turn = (response) => {
    const object = { metadata: { namespace: 'default', name: 'a', resourceVersion: '2' } };
    response.writeHead(200).write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    setTimeout(hangsUp, MIN / 2, response);
  };

  const MIN = 20;
  const stubs: Server[] = [];
  afterEach(() => {
    for (const stub of stubs.splice(0)) {
      stub.close();
      stub.closeAllConnections();
    }
  });

  /** Follows an API whose every list and watch takes the next turn, the last one again and again; gives the pauses. */
  async function pausesOf(turns: { list: Turn[]; watch: Turn[] }, requestsToSee: number): Promise<number[]> {
    const rest = { list: [...turns.list], watch: [...turns.watch] };
    const pauses: number[] = [];
    let answeredAt: number | undefined;
    const stub = createServer((request, response) => {
      const queue = request.url?.includes('watch=') ? rest.watch : rest.list;
      const turn = (queue.length > 1 ? queue.shift() : queue[0]) as Turn;
      if (answeredAt !== undefined) pauses.push(performance.now() - answeredAt);
      answeredAt = undefined;
      // After a list that worked the watch comes at once.
      if (turn !== lists) response.on('close', () => (answeredAt = performance.now()));
      turn(response);
    });
    stubs.push(stub);
    await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve));
    client = clientOf(`http://127.0.0.1:${(stub.address() as AddressInfo).port}`);
    const cache = new WatchCache<Note>(client, ConfigMap, { backoffMs: { min: MIN, max: 60_000 } });
    caches.push(cache);
    cache.start().catch(() => {});
    await awaitChange([], () => pauses.length >= requestsToSee || undefined, {
      signal: AbortSignal.timeout(10_000),
      recheckMs: 5,
    });
    return pauses;
  }
  const times = (count: number, turn: Turn) => Array.from({ length: count }, () => turn);
  /** After six failures the next pause would be 64 times the least. */
  const SOON = 16 * MIN;

  it.each<[string, { list: Turn[]; watch: Turn[] }]>([
    ['a good list', { list: [...times(6, hangsUp), lists], watch: [hangsUp, staysOpen] }],
    ['an event', { list: [lists], watch: [...times(6, hangsUp), tellsAndHangsUp, staysOpen] }],
    ['a watch that lasted', { list: [lists], watch: [...times(6, hangsUp), opensAndHangsUp, staysOpen] }],
    [
      'news that its version is gone',
      { list: [lists], watch: [tellsAndHangsUp, ...times(5, hangsUp), status(410), staysOpen] },
    ],
  ])('soon after %s, whatever failed before', async (_case, turns) => {
    const pauses = await pausesOf(turns, 7);
    expect(pauses[5]).toBeGreaterThan(SOON);
    expect(pauses[6]).toBeLessThan(SOON);
  });

  it.each<[string, { list: Turn[]; watch: Turn[] }]>([
    ['does not answer', { list: [hangsUp], watch: [staysOpen] }],
    ['refuses lists', { list: [status(500)], watch: [staysOpen] }],
    ['lists, and refuses to be watched', { list: [lists], watch: [status(403)] }],
    ['lists what it says is gone', { list: [lists], watch: [status(410)] }],
    ['lists, and cuts each watch', { list: [lists], watch: [hangsUp] }],
    ['ends each watch at once', { list: [lists], watch: [endsAtOnce] }],
  ])('ever later when the API %s', async (_case, turns) => {
    const pauses = await pausesOf(turns, 5);
    // Jitter takes up to a fifth, and the answer is done here a moment before or after it is there.
    for (const [n, pause] of pauses.entries()) expect(pause).toBeGreaterThan(0.8 * MIN * 2 ** n - 10);
  });
});

test('requests share their connections', async () => {
  for (let n = 0; n < 20; n++) await client.get(Kinds.Namespace, { name: 'default' });
  const context = { getDispatcher: () => undefined as unknown, setDispatcher: (_: unknown) => {} };
  const pools = new Set<unknown>();
  for (let n = 0; n < 3; n++) {
    let pool: unknown = {};
    await client.kubeConfig.applySecurityAuthentication({
      ...context,
      getDispatcher: () => pool,
      setDispatcher: (dispatcher: unknown) => {
        pool = dispatcher;
      },
      setHeaderParam: () => {},
    } as never);
    pools.add(pool);
  }
  expect(pools.size).toBe(1);
});

test('a call gives up in its own time, and when its caller does', async () => {
  const slow = server.addAdmission({ mutating: [() => new Promise(() => {})] });
  const impatient = clientOf(server.url, 100);
  await expect(create('slow', impatient)).rejects.toThrow(/aborted|timeout/i);
  const caller = new AbortController();
  const call = client.create<Note>(
    ConfigMap,
    { metadata: { namespace: 'default', name: 'slow' } },
    { signal: caller.signal },
  );
  caller.abort(new Error('not any more'));
  await expect(call).rejects.toThrow('not any more');
  slow();
});
