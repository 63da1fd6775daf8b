import { once } from 'node:events';
import { ApiException, CoreV1Api, CustomObjectsApi, KubeConfig, Watch } from '@kubernetes/client-node';
import { kubeconfigFor } from '../../../simulator/apiserver';
import { Cluster, vm } from './support';

const VM = { group: 'kubevirt.io', version: 'v1', namespace: 'demo', plural: 'virtualmachines' };

let cluster: Cluster;
let config: KubeConfig;
let custom: CustomObjectsApi;

beforeAll(async () => {
  cluster = await Cluster.start();
  config = new KubeConfig();
  config.loadFromString(kubeconfigFor(cluster.server.url));
  custom = config.makeApiClient(CustomObjectsApi);
});
afterAll(() => cluster.stop());

it('typed calls of the official client: a claim and its pages', async () => {
  const core = config.makeApiClient(CoreV1Api);
  for (const name of ['a', 'b', 'c']) {
    const body = { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'] } };
    await core.createNamespacedPersistentVolumeClaim({ namespace: 'demo', body });
  }
  const first = await core.listNamespacedPersistentVolumeClaim({ namespace: 'demo', limit: 2 });
  expect(first.items.map(({ metadata }) => metadata?.name)).toEqual(['a', 'b']);
  const second = await core.listNamespacedPersistentVolumeClaim({
    namespace: 'demo',
    limit: 2,
    _continue: first.metadata?._continue,
  });
  expect(second.items.map(({ status }) => status?.phase)).toEqual(['Pending']);
});

it('custom objects: create, JSON patch, conflict, delete', async () => {
  await custom.createNamespacedCustomObject({ ...VM, body: vm('client') });
  const operations = [
    { op: 'test', path: '/spec/runStrategy', value: 'Always' },
    { op: 'replace', path: '/spec/runStrategy', value: 'Halted' },
  ];
  const patched = await custom.patchNamespacedCustomObject({ ...VM, name: 'client', body: operations });
  expect(patched.spec.runStrategy).toBe('Halted');
  const failed = custom.patchNamespacedCustomObject({ ...VM, name: 'client', body: operations });
  await expect(failed).rejects.toMatchObject({ code: 422 });
  await expect(failed).rejects.toBeInstanceOf(ApiException);
  const body = { preconditions: { uid: patched.metadata.uid }, propagationPolicy: 'Background' };
  expect((await custom.deleteNamespacedCustomObject({ ...VM, name: 'client', body })).status).toBe('Success');
});

it('Watch: events from a list on, until it is aborted', async () => {
  const { metadata } = await custom.listNamespacedCustomObject(VM);
  const seen: string[] = [];
  let noticed = () => {};
  const all = new Promise<void>((resolve) => {
    noticed = () => seen.length === 2 && resolve();
  });
  const done = jest.fn();
  const controller = await new Watch(config).watch(
    '/apis/kubevirt.io/v1/namespaces/demo/virtualmachines',
    { resourceVersion: metadata.resourceVersion, allowWatchBookmarks: true },
    (type, object) => {
      seen.push(`${type} ${object.metadata.name}`);
      noticed();
    },
    done,
  );
  await custom.createNamespacedCustomObject({ ...VM, body: vm('watched') });
  await custom.deleteNamespacedCustomObject({ ...VM, name: 'watched' });
  await all;
  expect(seen).toEqual(['ADDED watched', 'DELETED watched']);
  const aborted = once(controller.signal, 'abort');
  controller.abort();
  await aborted;
});
