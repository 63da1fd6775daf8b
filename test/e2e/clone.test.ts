import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type RunningApi, startApi } from '../../src/api/start';
import { loadConfig } from '../../src/config';
import { type CloneView, MARKS, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { createLogger } from '../../src/log';
import { type Environment, startEnvironment } from '../support/environment';
import { powerOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
let api: RunningApi;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 29 } });
  const kubeconfig = path.join(await mkdtemp(path.join(os.tmpdir(), 'vm-clone-')), 'kubeconfig');
  await writeFile(kubeconfig, environment.simulator.kubeconfig);
  const { address, namespace } = environment.temporal;
  const config = loadConfig({
    PORT: '0',
    KUBECONFIG: kubeconfig,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    HEARTBEAT_TIMEOUT_SECONDS: '3',
    HEARTBEAT_THROTTLE_SECONDS: '0.3',
    SWEEP_INTERVAL_SECONDS: '86400',
  });
  api = await startApi(config, createLogger({ level: 'silent', service: 'api' }));
  await environment.poll(async () => ((await fetch(`${api.url}/readyz`)).ok ? true : undefined));
});
afterAll(async () => {
  await api?.stop();
  await environment?.stop();
});

interface Answer<T> {
  status: number;
  body: T;
}

async function call<T = CloneView>(method: string, route: string, body?: object): Promise<Answer<T>> {
  const response = await fetch(`${api.url}/api/v1${route}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T };
}

async function untilClone(target: VmRef, reached: (view: CloneView) => boolean): Promise<CloneView> {
  return environment.poll(async () => {
    const { body } = await call('GET', `/clones/${target.namespace}/${target.name}`);
    return reached(body) ? body : undefined;
  }, 45_000);
}

const isClosed = ({ outcome }: CloneView) => outcome !== undefined;

const TWO_DISKS: MachineOptions = {
  disks: [{ name: 'root' }, { name: 'data', gib: 2, class: 'standard' }],
};

async function sourceNamed(name: string, options: MachineOptions = TWO_DISKS) {
  // The API plans from watches of its own: it must have seen the source before it is asked.
  const source = await makeMachine(environment, name, options);
  await environment.poll(async () =>
    (await call('GET', `/vms/demo/${name}`)).status === 200 ? true : undefined,
  );
  return {
    source,
    target: { namespace: 'demo', name: `${name}-clone` },
    before: await powerOf(environment, source),
  };
}

test('a running VM with two disks is cloned over HTTP, and an edit meanwhile stays out of the clone', async () => {
  const { source, target, before } = await sourceNamed('web');
  const asked = await call('POST', '/clones', { source, target, description: 'a copy' });
  expect(asked).toMatchObject({ status: 202, body: { id: 'demo/web-clone', requestedBy: 'anonymous' } });

  const copying = await untilClone(target, ({ phase, percent }) => phase === 'Copying' && percent !== null);
  expect(copying.disks.map(({ name, bytes }) => [name, bytes])).toEqual([
    ['root', 2 ** 30],
    ['data', 2 ** 31],
  ]);
  await environment.client.patchMerge(Kinds.VirtualMachine, source, {
    spec: { template: { spec: { domain: { memory: { guest: '3Gi' } } } } },
  });

  const last = await untilClone(target, isClosed);
  expect(last).toMatchObject({ phase: 'Completed', outcome: 'Completed', percent: 100 });
  expect(last.sourceDowntimeSeconds).toBeGreaterThan(0);
  await environment.untilRunning(source);
  await environment.untilRunning(target);
  expect(await powerOf(environment, source)).toEqual(before);
  const [original, clone] = await Promise.all([
    environment.client.get(Kinds.VirtualMachine, source),
    environment.client.get(Kinds.VirtualMachine, target),
  ]);
  expect(original?.metadata.annotations).not.toHaveProperty([MARKS.lock]);
  const domainOf = (vm: typeof original) => vm?.spec.template.spec.domain;
  expect(domainOf(original)?.memory?.guest).toBe('3Gi');
  expect(domainOf(clone)?.memory?.guest).toBe('1Gi');
  expect(domainOf(clone)?.firmware?.uuid).not.toBe(domainOf(original)?.firmware?.uuid);
  expect(domainOf(clone)?.firmware?.serial).not.toBe(domainOf(original)?.firmware?.serial);
  expect(domainOf(clone)?.devices?.interfaces?.[0]?.macAddress).toMatch(/^02:|^.[26ae]:/i);
});

test('a cancel at 50 % over HTTP leaves no trace of the clone and a running source', async () => {
  const { source, target, before } = await sourceNamed('half');
  await call('POST', '/clones', { source, target });
  await untilClone(target, ({ disks }) =>
    disks.some(({ percent }) => (percent ?? 0) >= 50 && percent !== 100),
  );
  const cancelled = await call('POST', '/clones/demo/half-clone/cancel', { reason: 'not needed' });
  expect(cancelled).toMatchObject({ status: 202 });

  expect(await untilClone(target, isClosed)).toMatchObject({ outcome: 'Cancelled' });
  expect((await call('GET', '/vms/demo/half-clone')).status).toBe(404);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  expect((await call('POST', '/clones/demo/half-clone/cancel', {})).status).toBe(409);
});

test('a source that will not stop: the failure is told, and the same name can be cloned to again', async () => {
  const { source, target, before } = await sourceNamed('stuck', {
    annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' },
  });
  await call('POST', '/clones', { source, target, options: { shutdownTimeoutSeconds: 1 } });
  const failed = await untilClone(target, isClosed);
  expect(failed).toMatchObject({ outcome: 'Failed', failure: { type: 'SourceShutdownFailed' } });
  expect(await powerOf(environment, source)).toMatchObject({ runStrategy: before?.runStrategy, marks: [] });

  const again = await call('POST', '/clones', {
    source,
    target,
    options: { shutdownTimeoutSeconds: 1, forceShutdown: true },
  });
  expect(again.status).toBe(202);
  expect(
    await untilClone(target, ({ runId, outcome }) => runId !== failed.runId && outcome !== undefined),
  ).toMatchObject({
    outcome: 'Completed',
  });
  await environment.untilRunning(source);
});

test('the same request again is the same clone; another one for the same target is refused with a link', async () => {
  const { source, target } = await sourceNamed('twice');
  const [first, second] = await Promise.all([
    call('POST', '/clones', { source, target }),
    call('POST', '/clones', { source, target }),
  ]);
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(first.body.runId).toBe(second.body.runId);
  const other = await call<{ type: string; detail: string }>('POST', '/clones', {
    source,
    target,
    startAfterClone: false,
  });
  expect(other.status).toBe(409);
  expect(JSON.stringify(other.body)).toContain('/api/v1/clones/demo/twice-clone');
  expect(await untilClone(target, isClosed)).toMatchObject({ outcome: 'Completed' });
});
