import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { kubeconfigFor } from '../../../simulator/apiserver';
import { ClusterClient, type Kind, PooledKubeConfig } from '../../../src/kubernetes';
import { Cluster, VMS, vm } from './support';

const SECRETS = '/api/v1/namespaces/demo/secrets';
const OBJECT = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const HIDDEN = Buffer.from('open sesame').toString('base64');

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.post(SECRETS, {
    metadata: { name: 'key', labels: { app: 'web' } },
    data: { password: HIDDEN },
  });
});
afterAll(() => cluster.stop());

const read = (path: string, accept: string) => cluster.send('GET', path, undefined, { accept });
const metadata = expect.objectContaining({ name: 'key', namespace: 'demo', labels: { app: 'web' } });
const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };

it('one object: its metadata, and nothing else of it', async () => {
  const { code, body } = await read(`${SECRETS}/key`, OBJECT);
  expect(code).toBe(200);
  expect(body).toEqual(partial);
  expect(body.metadata).toEqual((await cluster.get(`${SECRETS}/key`)).body.metadata);
});

it.each([
  ['the form alone', OBJECT, 'PartialObjectMetadata'],
  ['the form, then the whole', `${OBJECT},application/json`, 'PartialObjectMetadata'],
  [
    'protobuf, which is not known, then the form',
    `application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, ${OBJECT}`,
    'PartialObjectMetadata',
  ],
  [
    'parameters in another order',
    'application/json; v=v1; g=meta.k8s.io; as=PartialObjectMetadata',
    'PartialObjectMetadata',
  ],
  ['the whole, then the form', `application/json,${OBJECT}`, 'Secret'],
  ['a table, which is not known, then the whole', `${TABLE},application/json`, 'Secret'],
  ['a version that is not known, then the whole', `${OBJECT}9,application/json`, 'Secret'],
  ['anything', '*/*', 'Secret'],
])('the first type that is known wins: %s', async (_what, accept, kind) => {
  expect((await read(`${SECRETS}/key`, accept)).body.kind).toBe(kind);
});

it('a list: items of that kind, built-in ones too, with its version and its pages', async () => {
  await cluster.post(SECRETS, { metadata: { name: 'other' } });
  const { body } = await read(`${SECRETS}?limit=1`, `${LIST},application/json`);
  expect(body).toEqual({
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: expect.any(String), continue: expect.any(String), remainingItemCount: 1 },
    items: [partial],
  });
});

it.each([
  [SECRETS, OBJECT, 'you requested PartialObjectMetadata, but the requested object is a list (SecretList)'],
  [
    `${SECRETS}/key`,
    LIST,
    'you requested PartialObjectMetadataList, but the requested object is not a list (Secret)',
  ],
])('%s in the other form is 406', async (path, accept, message) => {
  const body = expect.objectContaining({ kind: 'Status', reason: 'NotAcceptable', message });
  expect(await read(path, accept)).toEqual({ code: 406, body });
});

it('an error stays a Status', async () => {
  expect(await read(`${SECRETS}/none`, OBJECT)).toMatchObject({ code: 404, body: { kind: 'Status' } });
});

it('writes are stored whole and answered in that form', async () => {
  const body = { spec: { runStrategy: 'Halted' } };
  await cluster.post(VMS, vm('written'));
  const headers = { accept: OBJECT, 'content-type': 'application/merge-patch+json' };
  const answer = await cluster.send('PATCH', `${VMS}/written`, body, headers);
  expect(Object.keys(answer.body)).toEqual(['kind', 'apiVersion', 'metadata']);
  expect((await cluster.get(`${VMS}/written`)).body).toMatchObject(body);
});

it('a watch shows metadata alone, to whoever asks so and to no one else', async () => {
  const query = { fieldSelector: 'metadata.name=key', allowWatchBookmarks: 'true', timeoutSeconds: '1' };
  const [asked, whole] = await Promise.all([
    cluster.watch(SECRETS, query, { accept: OBJECT }),
    cluster.watch(SECRETS, query),
  ]);
  const object = expect.objectContaining({ data: { password: HIDDEN } });
  expect(await whole.next()).toEqual({ type: 'ADDED', object });
  const bookmark = { ...partial, metadata: expect.anything() };
  expect(await asked.rest()).toEqual([
    { type: 'ADDED', object: partial },
    { type: 'BOOKMARK', object: bookmark },
  ]);
  whole.close();
});

it('what the product asks of Secrets brings none of their content over the wire', async () => {
  const Secret: Kind = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
  const answers: string[] = [];
  const wire = createServer(async ({ url, headers }, response) => {
    const { accept } = headers;
    const answer = await fetch(cluster.server.url + url, { headers: { ...(accept && { accept }) } });
    const text = await answer.text();
    answers.push(text);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  await once(wire.listen(0, '127.0.0.1'), 'listening');
  const config = new PooledKubeConfig();
  config.loadFromString(kubeconfigFor(`http://127.0.0.1:${(wire.address() as AddressInfo).port}`));
  const client = new ClusterClient(config);
  try {
    expect(await client.exists(Secret, { namespace: 'demo', name: 'key' })).toBe(true);
    expect(await client.exists(Secret, { namespace: 'demo', name: 'none' })).toBe(false);
    expect(answers.join()).not.toContain(HIDDEN);
    await client.get(Secret, { namespace: 'demo', name: 'key' });
    expect(answers.join()).toContain(HIDDEN); // the wire shows what goes over it
  } finally {
    wire.close();
    wire.closeAllConnections();
  }
});
