import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type RunningApi, startApi } from '../../src/api/start';
import { loadConfig } from '../../src/config';
import type { VmRef } from '../../src/contract';
import { createLogger } from '../../src/log';
import { type Environment, startEnvironment } from '../support/environment';
import { type MachineOptions, makeMachine } from '../support/machines';
import { Listener } from './listener';

let environment: Environment;
let api: RunningApi;
let listener: Listener;
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
  listener = await Listener.open(api.url);
});
afterAll(async () => {
  await api?.stop();
  await environment?.stop();
});

const rowsOf = ({ name }: VmRef) => listener.of('vm').filter(({ row }) => row.name === name);
const clonesOf = (target: VmRef) => listener.of('clone').filter(({ id }) => id === `demo/${target.name}`);
const post = (route: string, body: object) =>
  fetch(`${api.url}/api/v1${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function sourceNamed(name: string, options: MachineOptions) {
  const source = await makeMachine(environment, name, options);
  await listener.until(() => rowsOf(source).at(-1)?.row.status === 'Running');
  return { source, target: { namespace: 'demo', name: `${name}-clone` } };
}

const untilEnded = (target: VmRef) =>
  listener.until(() => clonesOf(target).at(-1)?.outcome !== undefined, 45_000);

const distinct = <T>(list: T[]) => list.filter((each, index) => each !== list[index - 1]);
const rising = (percents: (number | null)[]) => {
  const known = percents.filter((percent) => percent !== null);
  expect(known).toEqual([...known].sort((a, b) => a - b));
  return known;
};

test('a clone is told phase by phase, its percent only ever rises, and its end is its last event', async () => {
  const disks = [{ name: 'root' }, { name: 'data', gib: 2, class: 'standard' as const }];
  const { source, target } = await sourceNamed('web', { disks });
  expect((await post('/clones', { source, target })).status).toBe(202);
  await untilEnded(target);

  const told = clonesOf(target);
  expect(distinct(told.map(({ phase }) => phase))).toEqual(
    expect.arrayContaining(['ShuttingDown', 'Copying', 'Completed']),
  );
  expect(told.findIndex(({ outcome }) => outcome)).toBe(told.length - 1);
  expect(told.at(-1)).toMatchObject({
    outcome: 'Completed',
    percent: 100,
    sourceDowntimeSeconds: expect.any(Number),
  });
  // Several on the way, from the disks' own progress: nobody else knows it so soon.
  expect(new Set(rising(told.map(({ percent }) => percent))).size).toBeGreaterThan(3);

  await listener.until(() => rowsOf(source).at(-1)?.row.status === 'Running');
  await listener.until(() => rowsOf(target).at(-1)?.row.status === 'Running');
  expect(distinct(rowsOf(source).map(({ row }) => row.status))).toEqual(
    expect.arrayContaining(['Shutting down to clone', 'Locked', 'Running']),
  );
  const percents = rowsOf(target).flatMap(({ row }) => (row.cloneId ? [row.percent] : []));
  expect(rising(percents).length).toBeGreaterThan(1);
});

test('a source that will not stop: the failure is told while it is undone, and with the end', async () => {
  const { source, target } = await sourceNamed('stuck', {
    annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' },
  });
  await post('/clones', { source, target, options: { shutdownTimeoutSeconds: 1 } });
  await untilEnded(target);
  expect(clonesOf(target).at(-1)).toMatchObject({
    outcome: 'Failed',
    failure: { type: 'SourceShutdownFailed', message: expect.any(String) },
  });
  expect(rowsOf(target)).toEqual([]);
});

test('a cancel is told at once, in the row too, and then that the clone is gone', async () => {
  const disks = [{ name: 'root', gib: 8, class: 'standard' as const }];
  const { source, target } = await sourceNamed('half', { disks });
  await post('/clones', { source, target });
  await listener.until(() => rowsOf(target).some(({ row }) => (row.percent ?? 0) > 0));
  await post(`/clones/demo/${target.name}/cancel`, { reason: 'not needed' });
  await untilEnded(target);
  await listener.until(() => listener.of('vm-gone').some(({ name }) => name === target.name));
  expect(clonesOf(target).at(-1)).toMatchObject({
    outcome: 'Cancelled',
    cancelRequested: { requestedBy: 'anonymous', reason: 'not needed' },
  });
  expect(rowsOf(target).at(-1)?.row.status).toBe('Cancelling…');
  expect(rising(clonesOf(target).flatMap(({ percent, outcome }) => (outcome ? [] : [percent])))).not.toEqual(
    [],
  );
});
