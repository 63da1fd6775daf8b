import { Kinds } from '../../../src/kubernetes';
import { VmCluster } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start({ nodes: ['node-1', 'node-2'] });
});
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

/** One of a set whose pods must not share a node. */
const makePod = (name: string, app: string) =>
  cluster.client.create(Kinds.Pod, {
    metadata: { namespace, name, labels: { app } },
    spec: {
      containers: [],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app } }, topologyKey: 'kubernetes.io/hostname' },
          ],
        },
      },
    },
  });
const untilRunning = async (name: string) => {
  const ref = { namespace, name };
  const { spec } = await cluster.until(Kinds.Pod, ref, ({ status }) => status?.phase === 'Running');
  return spec?.nodeName;
};

it('pods that keep away from each other are put on different nodes', async () => {
  await makePod('a', 'web');
  const first = await untilRunning('a');
  await makePod('b', 'web');
  expect([first, await untilRunning('b')].sort()).toEqual(['node-1', 'node-2']);
});

it('one that no node is left for waits until one is', async () => {
  await makePod('a', 'web');
  const first = await untilRunning('a');
  await makePod('b', 'web');
  await untilRunning('b');
  await makePod('c', 'web');
  await makePod('d', 'db');
  await untilRunning('d');
  const waiting = await cluster.client.get(Kinds.Pod, { namespace, name: 'c' });
  expect([waiting?.status?.phase, waiting?.spec?.nodeName]).toEqual(['Pending', undefined]);
  await cluster.client.delete(Kinds.Pod, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
  expect(await untilRunning('c')).toBe(first);
});
