import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiServer, kubeconfigFor, startApiServer } from '../../simulator/apiserver';
import { planClone } from '../../src/clone/plan';
import { ClusterClient, createCaches, Kinds, PooledKubeConfig } from '../../src/kubernetes';
import { readPlanFacts } from '../../src/kubernetes/plan-facts';
import { facts, vm } from '../clone/objects';

const FORBIDDEN = '/resourcequotas';
let server: ApiServer;
/** The cluster as an account has it that may not read quotas. */
const gate = createServer((incoming, outgoing) => {
  if (incoming.url?.includes(FORBIDDEN)) {
    const status = { kind: 'Status', status: 'Failure', reason: 'Forbidden', message: 'no', code: 403 };
    outgoing.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(status));
    return;
  }
  const { url, method, headers } = incoming;
  const onward = request(new URL(url as string, server.url), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode as number, answer.headers);
    answer.pipe(outgoing);
  });
  outgoing.on('close', () => onward.destroy());
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
});

beforeAll(async () => {
  server = await startApiServer();
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
});
afterAll(async () => {
  gate.closeAllConnections();
  gate.close();
  await server.close();
});

test('what only plans need, and may not be read, keeps nothing from starting; plans say so', async () => {
  const config = new PooledKubeConfig();
  config.loadFromString(kubeconfigFor(`http://127.0.0.1:${(gate.address() as AddressInfo).port}`));
  const client = new ClusterClient(config);
  await client.create(Kinds.Namespace, { metadata: { name: 'shop' } });
  const { uid, resourceVersion, creationTimestamp, generation, ...metadata } = vm().metadata;
  await client.create(Kinds.VirtualMachine, { ...vm(), metadata });
  const refused: string[] = [];
  const caches = createCaches(client, { onError: (_error, kind) => refused.push(kind) });
  await caches.start();
  expect(caches.synced).toBe(true);
  expect(caches.unread).toEqual(['resourcequotas']);
  expect(new Set(refused)).toEqual(new Set(['resourcequotas']));
  for (const from of [{ client, caches }, { client }]) {
    const read = await readPlanFacts(from, facts().request);
    expect(read.unread).toEqual(['resourcequotas']);
    expect(planClone(read).warnings.map(({ type }) => type)).toContain('NotChecked');
  }
  await caches.stop();
});
