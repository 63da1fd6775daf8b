import { IN_PROGRESS, MARKS, type VmRef } from '../../src/contract';
import { type Environment, startEnvironment } from '../support/environment';
import { refuseStarts } from '../support/faults';
import { powerOf } from '../support/invariants';
import { makeMachine } from '../support/machines';
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
  const created = environment.workerRequests().filter(({ verb }) => verb === 'create');
  expect(created.map(({ code }) => code)).toEqual([201, 201, 201]);
});
