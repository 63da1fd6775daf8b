import { randomUUID } from 'node:crypto';
import { IN_PROGRESS, MARKS, SWEEP_WORKFLOW, TASK_QUEUE, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { SweepInput, SweepResult } from '../../src/workflows/sweep-orphans';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { refuseStarts } from '../support/faults';
import { powerOf, tracesOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
let installation: string;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 29 } });
  installation = environment.installation;
});
afterAll(() => environment?.stop());

function sweep(): Promise<SweepResult> {
  const { client } = environment.temporal;
  const args = [{ installation, heartbeatTimeoutSeconds: 3, confirmAfterSeconds: 0.2 }] satisfies [
    SweepInput,
  ];
  const workflowId = `sweep-${randomUUID()}`;
  return client.workflow.execute(SWEEP_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId,
    args,
  }) as Promise<SweepResult>;
}

const DISK: MachineOptions = { disks: [{ name: 'root', class: 'standard' }] };

async function cloneOf(name: string, options: MachineOptions = {}, wish: object = {}) {
  const source = await makeMachine(environment, name, { ...DISK, ...options });
  const before = await powerOf(environment, source);
  const target: VmRef = { namespace: 'demo', name: `${name}-clone` };
  const clone = await environment.clone(source, target, { installation, ...wish });
  return { source, before, target, clone };
}

const untilMark = (target: VmRef, mark: string) =>
  environment.untilVm(target, (vm) => vm?.metadata.annotations?.[MARKS.inProgress] === mark);

async function terminate({ handle }: Clone): Promise<void> {
  await handle.terminate('an operator who knows no better');
}

test('terminated in mid-copy: the sweep gives the source back and removes the clone', async () => {
  const { source, before, target, clone } = await cloneOf('cut');
  await untilMark(target, IN_PROGRESS.copying);
  await terminate(clone);

  expect(await sweep()).toEqual({ settled: [clone.input.cloneUid], left: [] });

  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  await environment.untilVm(target, (vm) => vm === undefined);
  await environment.poll(async () => ((await tracesOf(environment, clone)).length === 0 ? true : undefined));
});

test('terminated when it was copied: the sweep finishes it; startAfterClone: false survives that', async () => {
  const { source, before, target, clone } = await cloneOf('whole', {}, { startAfterClone: false });
  await untilMark(target, IN_PROGRESS.copied);
  await terminate(clone);
  await sweep();
  const vm = await environment.client.get(Kinds.VirtualMachine, target);
  expect(vm?.metadata.annotations).not.toHaveProperty([MARKS.inProgress]);
  expect(vm?.spec.runStrategy).toBe('Halted');
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('terminated while a Manual source is still owed its start: the sweep pays', async () => {
  const starts = refuseStarts(environment, 'owed');
  const { source, before, clone } = await cloneOf('owed', { power: { runStrategy: 'Manual' }, on: true });
  starts.refuse();
  await environment.untilVm(
    source,
    (vm) =>
      vm?.metadata.annotations?.[MARKS.power] !== undefined &&
      vm.metadata.annotations[MARKS.lock] === undefined,
  );
  await terminate(clone);
  starts.allow();
  await sweep();
  await environment.untilRunning(source);
  await environment.poll(async () => {
    const power = await powerOf(environment, source);
    return JSON.stringify(power) === JSON.stringify(before) || undefined;
  });
});

test('what is under way, of another installation, or only looks like ours is left alone', async () => {
  const { source, target, clone } = await cloneOf('live');
  await untilMark(target, IN_PROGRESS.copying);
  const marked = await environment.client.get(Kinds.VirtualMachine, target);
  const forge = async (name: string, labels: Record<string, string>) => {
    await environment.client.create(Kinds.VirtualMachine, {
      metadata: {
        namespace: 'demo',
        name,
        labels: { ...marked?.metadata.labels, ...labels },
        annotations: marked?.metadata.annotations,
      },
      spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
    });
    return { namespace: 'demo', name };
  };
  const copied = await forge('live-copied-manifest', {});
  const foreign = await forge('live-foreign', { [MARKS.installation]: randomUUID() });

  expect(await sweep()).toEqual({ settled: [], left: [] });
  await clone.cancel();
  expect(await clone.result()).toMatchObject({ outcome: 'Cancelled' });
  await sweep();
  expect(await environment.client.get(Kinds.VirtualMachine, copied)).toBeDefined();
  expect(await environment.client.get(Kinds.VirtualMachine, foreign)).toBeDefined();
  await environment.untilRunning(source);
});

test('a sweep that finds nothing writes nothing', async () => {
  environment.clearRequests();
  expect(await sweep()).toEqual({ settled: [], left: [] });
  expect(environment.workerRequests().filter(({ verb }) => !['get', 'list'].includes(verb))).toEqual([]);
});
