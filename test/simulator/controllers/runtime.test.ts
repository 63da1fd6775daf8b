import { type ApiServer, startApiServer } from '../../../simulator/apiserver';
import {
  type ControllerDefinition,
  createContext,
  type RunningController,
  startController,
  update,
  watching,
} from '../../../simulator/controllers/runtime';
import { FAST_OPTIONS } from '../../../simulator/options';
import { type Kind, Kinds } from '../../../src/kubernetes';

const ConfigMaps: Kind = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const ref = (name: string) => ({ namespace: 'default', name });

let server: ApiServer;
let context: ReturnType<typeof createContext>;
const running: RunningController[] = [];

beforeEach(async () => {
  server = await startApiServer();
  context = createContext(server.url, FAST_OPTIONS);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((controller) => controller.stop()));
  await context.close();
  await server.close();
});

async function start(definition: Partial<ControllerDefinition> & Pick<ControllerDefinition, 'reconcile'>) {
  const controller = await startController(context, {
    name: 'test',
    watches: [watching(ConfigMaps)],
    backoffMs: { min: 5, max: 20 },
    ...definition,
  });
  running.push(controller);
  return controller;
}

/** A promise and what settles it. */
function signal<T = void>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

test('reconciles what is there already, and what comes', async () => {
  const client = context.clientFor('test');
  await client.create(ConfigMaps, { metadata: ref('early') });
  const all = signal();
  const seen = new Set<string>();
  await start({
    async reconcile({ namespace, name }) {
      seen.add(`${namespace}/${name}`);
      if (seen.size === 2) all.resolve();
    },
  });
  await client.create(ConfigMaps, { metadata: ref('late') });
  await all.promise;
  expect([...seen].sort()).toEqual(['default/early', 'default/late']);
});

test('works on a key once at a time, and once more for all that changed meanwhile', async () => {
  const client = context.clientFor('test');
  const begun = signal();
  const release = signal();
  const again = signal();
  let runs = 0;
  let atOnce = 0;
  let most = 0;
  await start({
    async reconcile() {
      runs += 1;
      atOnce += 1;
      most = Math.max(most, atOnce);
      if (runs === 1) {
        begun.resolve();
        await release.promise;
      } else again.resolve();
      atOnce -= 1;
    },
  });
  await client.create(ConfigMaps, { metadata: ref('one') });
  await begun.promise;
  const cache = context.cache(ConfigMaps);
  const seen = signal();
  cache.onChange({}, (_type, { metadata }) => metadata.labels?.change === '5' && seen.resolve());
  for (let change = 1; change <= 5; change += 1) {
    await client.patchMerge(ConfigMaps, ref('one'), { metadata: { labels: { change: String(change) } } });
  }
  await seen.promise;
  release.resolve();
  await again.promise;
  expect({ runs, most }).toEqual({ runs: 2, most: 1 });
});

test('tries again after an error, and a conflict by itself', async () => {
  const client = context.clientFor('test');
  const done = signal<number>();
  let runs = 0;
  await start({
    async reconcile({ namespace, name }) {
      runs += 1;
      const object = await client.get(ConfigMaps, { namespace, name });
      if (runs === 1) throw new Error('out of order');
      if (runs === 2 && object) {
        const stale = { ...object, metadata: { ...object.metadata, resourceVersion: '1' } };
        const mark = (copy: typeof object) => {
          copy.metadata.labels = { marked: 'yes' };
        };
        await update(client, ConfigMaps, stale, mark);
      }
      if (runs === 3) done.resolve(runs);
    },
  });
  await client.create(ConfigMaps, { metadata: ref('one') });
  expect(await done.promise).toBe(3);
});

test('comes back when it was asked to', async () => {
  const done = signal();
  let runs = 0;
  await start({
    async reconcile() {
      runs += 1;
      if (runs === 3) done.resolve();
      return runs < 3 ? { requeueAfterMs: 5 } : undefined;
    },
  });
  await context.clientFor('test').create(ConfigMaps, { metadata: ref('one') });
  await done.promise;
});

test('a stopped controller waits for its work and does no more; started again it catches up', async () => {
  const client = context.clientFor('test');
  const begun = signal();
  const ended: string[] = [];
  const definition: ControllerDefinition = {
    name: 'test',
    watches: [watching(ConfigMaps)],
    async reconcile({ name }, aborted) {
      begun.resolve();
      await new Promise<void>((resolve) =>
        aborted.addEventListener('abort', () => resolve(), { once: true }),
      );
      ended.push(name);
    },
  };
  const first = await startController(context, definition);
  await client.create(ConfigMaps, { metadata: ref('one') });
  await begun.promise;
  await first.stop();
  expect(ended).toEqual(['one']);

  const all = signal();
  const seen = new Set<string>();
  await client.create(ConfigMaps, { metadata: ref('two') });
  await start({
    ...definition,
    async reconcile({ name }) {
      seen.add(name);
      if (seen.has('one') && seen.has('two')) all.resolve();
    },
  });
  await all.promise;
  expect(ended).toEqual(['one']);
});

test('update writes nothing when nothing changes', async () => {
  const client = context.clientFor('test');
  const made = await client.create(Kinds.Namespace, { metadata: { name: 'same' } });
  expect(await update(client, Kinds.Namespace, made, () => {})).toBe(made);
});
