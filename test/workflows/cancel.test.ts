import {
  CANCEL_SIGNAL,
  CLONE_WORKFLOW,
  cloneWorkflowId,
  IN_PROGRESS,
  MARKS,
  MEMO,
  TASK_QUEUE,
  type VmRef,
} from '../../src/contract';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { powerOf, tracesOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  // 1 GiB takes two seconds: time to cancel in the middle.
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 29 } });
});
afterAll(() => environment?.stop());

async function underWay(name: string, targetNamespace = 'demo') {
  const source = await makeMachine(environment, name, {
    disks: [
      { name: 'root', class: 'csi' },
      { name: 'data', class: 'standard' },
    ],
  });
  const before = await powerOf(environment, source);
  const target: VmRef = { namespace: targetNamespace, name: `${name}-clone` };
  const clone = await environment.clone(source, target);
  return { source, before, target, clone };
}

/** Waits until the host-assisted copy says that it has come so far. */
async function untilCopied({ input }: Clone, percent: number): Promise<void> {
  const disk = { namespace: input.target.namespace, name: `${input.target.name}-data` };
  await environment.until(
    environment.caches.dataVolumes,
    disk,
    (dataVolume) => Number.parseFloat(dataVolume?.status?.progress ?? '') >= percent,
  );
}

test('a cancel at 50 % leaves no trace of the clone and a running source', async () => {
  const { source, before, clone } = await underWay('half');
  await untilCopied(clone, 50);
  await clone.cancel({ requestedBy: 'ada', reason: 'wrong one' });

  const last = await clone.result();

  expect(last).toMatchObject({
    outcome: 'Cancelled',
    phase: 'Cancelled',
    cancelRequested: { requestedBy: 'ada', reason: 'wrong one' },
  });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  expect(last.sourceDowntimeSeconds).toBeGreaterThan(0);
});

test('across namespaces the temporary objects in the source’s namespace go too', async () => {
  await makeMachine(environment, 'placeholder', { namespace: 'other', power: { runStrategy: 'Halted' } });
  const { source, before, clone } = await underWay('far', 'other');
  await untilCopied(clone, 20);
  await clone.cancel();
  expect(await clone.result()).toMatchObject({ outcome: 'Cancelled' });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('Temporal’s own cancel does the same and ends as CANCELED, with the final document', async () => {
  const { source, before, clone } = await underWay('native');
  await untilCopied(clone, 10);
  await clone.handle.cancel();

  await expect(clone.result()).rejects.toThrow('cancelled');

  const { status, memo } = await clone.handle.describe();
  expect(status.name).toBe('CANCELLED');
  expect(memo?.[MEMO.final]).toMatchObject({ outcome: 'Cancelled', phase: 'Cancelled' });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('a signal without a word of who asked and why cancels too', async () => {
  const { source, before, clone } = await underWay('bare');
  await untilCopied(clone, 1);
  await clone.handle.signal(CANCEL_SIGNAL);
  expect(await clone.result()).toMatchObject({
    outcome: 'Cancelled',
    cancelRequested: { requestedBy: 'unknown' },
  });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('cancelled before its first step, it touches nothing', async () => {
  const source = await makeMachine(environment, 'early');
  const before = await powerOf(environment, source);
  environment.clearRequests();
  const target = { namespace: 'demo', name: 'early-clone' };
  const input = environment.inputFor(source, target);
  const handle = await environment.temporal.client.workflow.signalWithStart(CLONE_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId: cloneWorkflowId(target),
    args: [input],
    signal: CANCEL_SIGNAL,
    signalArgs: [{ requestedBy: 'test' }],
  });
  expect(await handle.result()).toMatchObject({ outcome: 'Cancelled' });
  expect(environment.workerRequests().filter(({ verb }) => verb !== 'get')).toEqual([]);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('cancelled twice and both ways, it is still undone once and whole', async () => {
  const { source, before, clone } = await underWay('twice');
  await untilCopied(clone, 10);
  await Promise.all([clone.cancel(), clone.handle.cancel()]);
  await clone.cancel();
  await clone.result().catch(() => undefined);
  expect(['COMPLETED', 'CANCELLED']).toContain((await clone.handle.describe()).status.name);
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('a cancel after the commit point changes nothing', async () => {
  const { source, before, target, clone } = await underWay('late');
  await environment.untilVm(
    target,
    (vm) => vm?.metadata.annotations?.[MARKS.inProgress] === IN_PROGRESS.copied,
  );
  await environment.untilVm(source, (vm) => vm?.metadata.annotations?.[MARKS.lock] === undefined);
  await clone.cancel();
  expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  await environment.untilRunning(target);
});

test.each<[string, MachineOptions]>([
  ['Always', { power: { runStrategy: 'Always' } }],
  ['running: true', { power: { running: true } }],
  ['RerunOnFailure', { power: { runStrategy: 'RerunOnFailure' } }],
  ['Once', { power: { runStrategy: 'Once' } }],
  ['Manual', { power: { runStrategy: 'Manual' }, on: true }],
])('cancelled while its source (%s) still goes down, it runs again', async (name, options) => {
  const slow = { 'simulator.vm-clone.io/stop-seconds': '0.5' };
  const source = await makeMachine(environment, `down-${name.toLowerCase().replaceAll(/\W+/g, '-')}`, {
    ...options,
    annotations: slow,
  });
  const before = await powerOf(environment, source);
  const clone = await environment.clone(source, { ...source, name: `${source.name}-clone` });
  const { instances } = environment.caches;
  await environment.until(instances, source, (vmi) => vmi?.metadata.deletionTimestamp !== undefined);
  await clone.cancel();
  const last = await clone.result();
  expect(last.outcome).toBe('Cancelled');
  expect(last.warnings.map(({ type }) => type)).not.toContain('SourceSlowToReturn');
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});
