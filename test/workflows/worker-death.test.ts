import { IN_PROGRESS, MARKS, type VmRef } from '../../src/contract';
import { type Environment, startEnvironment } from '../support/environment';
import { refuseStarts } from '../support/faults';
import { powerOf, tracesOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';
import { WorkerProcess } from '../support/worker-process';

let environment: Environment;
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  environment = await startEnvironment({ withoutWorker: true, simulator: { copyBytesPerSecond: 2 ** 27 } });
});
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.kill())));
afterAll(() => environment?.stop());

async function startWorker(): Promise<WorkerProcess> {
  const worker = await WorkerProcess.start(environment);
  workers.push(worker);
  return worker;
}

const targetOf = (source: VmRef): VmRef => ({ ...source, name: `${source.name}-clone` });

test('killed between unlock and start of a Manual source: the next worker starts it', async () => {
  const worker = await startWorker();
  const source = await makeMachine(environment, 'manual', { power: { runStrategy: 'Manual' }, on: true });
  const before = await powerOf(environment, source);
  const starts = refuseStarts(environment, source.name);
  starts.refuse();
  const clone = await environment.clone(source, targetOf(source), { startAfterClone: false });
  await environment.untilVm(
    source,
    (vm) => vm?.metadata.annotations?.[MARKS.power] !== undefined && !vm.metadata.annotations[MARKS.lock],
  );
  await worker.kill();
  starts.allow();
  await startWorker();

  expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test.each<['kill' | 'stop', string]>([
  ['kill', 'killed'],
  ['stop', 'stopped'],
])('%s in mid-copy: the next worker goes on where it was, and writes nothing twice', async (end, name) => {
  const worker = await startWorker();
  const source = await makeMachine(environment, name, { disks: [{ name: 'root', class: 'standard' }] });
  const before = await powerOf(environment, source);
  environment.clearRequests();
  const clone = await environment.clone(source, targetOf(source));
  await environment.untilVm(
    targetOf(source),
    (vm) => vm?.metadata.annotations?.[MARKS.inProgress] === IN_PROGRESS.copying,
  );
  const { percent } = await environment.untilHeartbeat(clone, (beat) => (beat.percent ?? 0) > 10);
  await worker[end]();
  await startWorker();
  const resumed = await environment.untilHeartbeat(
    clone,
    (beat) => (beat.percent ?? 0) > (percent as number),
  );
  expect(resumed.percent).toBeGreaterThan(percent as number);

  expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  const created = environment
    .workerRequests()
    .filter(({ verb, query }) => verb === 'create' && !query.has('dryRun'));
  expect(created.map(({ code }) => code)).toEqual([201, 201, 201]);
});

test.each<[string, MachineOptions]>([
  ['was on', {}],
  ['was off, and is Manual', { power: { runStrategy: 'Manual' } }],
])(
  'its source, which %s, runs in mid-copy when no worker is up: the copy is refused',
  async (name, options) => {
    const worker = await startWorker();
    const source = await makeMachine(environment, `unseen-${name.replaceAll(/\W+/g, '-').toLowerCase()}`, {
      ...options,
      disks: [{ name: 'root', class: 'standard' }],
      // Longer than what conditions are dated by.
      annotations: { 'simulator.vm-clone.io/boot-seconds': '1.1' },
    });
    const before = await powerOf(environment, source);
    const clone = await environment.clone(source, targetOf(source));
    await environment.untilHeartbeat(clone, ({ percent }) => percent !== null);
    await worker.stop();
    await environment.client.act(source, 'start');
    await environment.untilRunning(source);
    await environment.client.act(source, 'stop');
    await environment.until(environment.caches.instances, source, (vmi) => vmi === undefined);
    expect(await powerOf(environment, source)).toMatchObject({ on: false });
    await startWorker();

    await expect(clone.result()).rejects.toMatchObject({
      cause: {
        type: 'SourceUsedDuringCopy',
        message: expect.stringContaining('it has run since it was shut down'),
      },
    });
    expect(await tracesOf(environment, clone)).toEqual([]);
    if (before?.on) await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  },
);
