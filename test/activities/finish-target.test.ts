import { forbidden } from '../../simulator/apiserver';
import { IN_PROGRESS, MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { refuseStarts } from '../support/faults';
import { powerOf } from '../support/invariants';
import type { MachineOptions } from '../support/machines';
import { crashesAt, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage();
const MANUAL: MachineOptions = { power: { runStrategy: 'Manual' } };
const HALTED: MachineOptions = { power: { runStrategy: 'Halted' } };

/** A clone whose disks are copied. */
async function copied(name: string, options: MachineOptions = HALTED, startAfterClone = true) {
  const clone = await (await StagedClone.of(stage, name, options, { startAfterClone })).copied();
  await stage.seen(
    stage.deps.caches.virtualMachines,
    clone.target,
    (vm) => vm?.metadata.annotations?.[MARKS.inProgress] === IN_PROGRESS.copied,
  );
  return clone;
}

const powerNow = ({ target }: StagedClone) => powerOf(stage.environment, target);
/** What is left of the marks of a clone that is finished. */
const FINISHED = [MARKS.runId, MARKS.source, MARKS.workflowId].sort();

async function marksOf(clone: StagedClone): Promise<string[]> {
  return ((await powerNow(clone))?.marks ?? []).sort();
}

function patch({ target }: StagedClone, change: object) {
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, target, change);
}

describe('takes the mark away and gives the clone its strategy', () => {
  test.each<[string, MachineOptions, boolean, object]>([
    ['halted-started', HALTED, true, { runStrategy: 'Always', on: true }],
    ['halted-not-started', HALTED, false, { runStrategy: 'Halted', on: false }],
    ['manual-started', MANUAL, true, { runStrategy: 'Manual', on: true }],
    ['manual-not-started', MANUAL, false, { runStrategy: 'Manual', on: false }],
    [
      'rerun-started',
      { power: { runStrategy: 'RerunOnFailure' } },
      true,
      { runStrategy: 'RerunOnFailure', on: true },
    ],
  ])('%s', async (name, options, start, expected) => {
    const clone = await copied(name, options, start);
    expect(await stage.run('finishTarget', clone.finishInput)).toEqual({});
    if (start) await stage.environment.untilRunning(clone.target);
    expect(await powerNow(clone)).toMatchObject(expected);
    expect(await marksOf(clone)).toEqual(FINISHED);
  });
});

test.each<[string, MachineOptions]>([
  ['halted', HALTED],
  ['manual', MANUAL],
])('run twice, %s: nothing written again', async (name, options) => {
  const clone = await copied(`twice-${name}`, options);
  await stage.run('finishTarget', clone.finishInput);
  const finished = asWritten(await clone.targetVm());
  const deps = await stage.depsWith();
  const writes = await stage.writesOf(() => stage.run('finishTarget', clone.finishInput, { deps }));
  expect(writes).toEqual([]);
  expect(asWritten(await clone.targetVm())).toEqual(finished);
});

describe('its process ends, and it is run again: the clone runs and is finished', () => {
  test.each<[string, number, 'lost' | 'taken']>([
    ...crashesAt(1).map(([write, how]): [string, number, typeof how] => ['Halted', write, how]),
    ...crashesAt(3).map(([write, how]): [string, number, typeof how] => ['Manual', write, how]),
  ])('%s: at write %i, %s', async (runStrategy, write, how) => {
    const options: MachineOptions = { power: { runStrategy } };
    const name = runStrategy.toLowerCase();
    const clone = await copied(`crash-${name}-${write}-${how}`, options);
    await stage.crash('finishTarget', clone.finishInput, write, how);
    expect(await stage.persist('finishTarget', clone.finishInput)).toEqual({});
    await stage.environment.untilRunning(clone.target);
    expect(await marksOf(clone)).toEqual(FINISHED);
  });
});

test('cancelled before the start of a Manual clone: it stays off, and wished for', async () => {
  const clone = await copied('cancelled', MANUAL);
  const run = stage.start('finishTarget', clone.finishInput);
  stage.onWrite(() => run.cancel());
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await marksOf(clone)).toContain(MARKS.startStrategy);
  expect((await powerNow(clone))?.on).toBe(false);
});

describe('a start that is refused leaves the clone whole', () => {
  test('StartFailed, with the cluster’s words; the marks go', async () => {
    const clone = await copied('refused');
    stage.onWrite((_, { kind, name, object }) => {
      if ((object as { spec?: { runStrategy?: string } })?.spec?.runStrategy === 'Always')
        throw forbidden(kind, name, 'exceeded quota: memory');
    });
    expect(await stage.run('finishTarget', clone.finishInput)).toEqual({
      warning: {
        type: 'StartFailed',
        message: expect.stringMatching(/whole but was not started: .*exceeded quota: memory/),
      },
    });
    expect(await powerNow(clone)).toMatchObject({ runStrategy: 'Halted', on: false });
    expect(await marksOf(clone)).toEqual(FINISHED);
  });

  test('an error that may pass is tried again, and the wish stays', async () => {
    const clone = await copied('later', MANUAL);
    const starts = refuseStarts(stage.environment, clone.target.name);
    starts.refuse();
    await expect(stage.run('finishTarget', clone.finishInput)).rejects.toMatchObject({
      name: 'ApiError',
      code: 500,
    });
    expect(await marksOf(clone)).toContain(MARKS.startStrategy);
    starts.allow();
    expect(await stage.run('finishTarget', clone.finishInput)).toEqual({});
    await stage.environment.untilRunning(clone.target);
  });
});

test.each<[string, object, object]>([
  ['on', { runStrategy: 'RerunOnFailure' }, { runStrategy: 'RerunOnFailure', on: true }],
  ['manual', { runStrategy: 'Manual' }, { runStrategy: 'Manual', on: false }],
])('a person who has set it to %s meanwhile: it stays so', async (name, spec, expected) => {
  const clone = await copied(`person-${name}`);
  await patch(clone, { spec });
  expect(await stage.run('finishTarget', clone.finishInput)).toEqual({});
  if (name === 'on') await stage.environment.untilRunning(clone.target);
  expect(await powerNow(clone)).toMatchObject(expected);
  expect(await marksOf(clone)).toEqual(FINISHED);
});

test('a person who sets it between reading and writing: it stays so', async () => {
  const clone = await copied('raced');
  stage.onWrite(async (write) => {
    if (write === 1) await patch(clone, { spec: { runStrategy: 'Manual' } });
  });
  expect(await stage.run('finishTarget', clone.finishInput)).toEqual({});
  expect(await powerNow(clone)).toMatchObject({ runStrategy: 'Manual', on: false });
});

describe('a target that is not ours', () => {
  test('gone: TargetDeleted, a warning', async () => {
    const clone = await copied('gone');
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.target);
    await stage.environment.untilVm(clone.target, (vm) => vm === undefined);
    expect(await stage.run('finishTarget', clone.finishInput)).toEqual({
      warning: {
        type: 'TargetDeleted',
        message: expect.stringContaining('demo/gone-clone was deleted by somebody'),
      },
    });
  });

  test.each([
    ['another VM of that name', 'vmUid'],
    ['of another clone', 'cloneUid'],
    ['of another installation', 'installation'],
  ])('%s: not touched', async (_, part) => {
    const clone = await copied(`other-${part.toLowerCase()}`);
    const before = asWritten(await clone.targetVm());
    const { warning } = await stage.run('finishTarget', { ...clone.finishInput, [part]: 'another' });
    expect(warning).toBeDefined();
    expect(asWritten(await clone.targetVm())).toEqual(before);
  });
});

describe('caches that are behind', () => {
  test('and do not know the clone: it is finished all the same', async () => {
    const deps = await stage.staleDeps();
    const clone = await copied('unseen');
    expect(await stage.run('finishTarget', clone.finishInput, { deps })).toEqual({});
    await stage.environment.untilRunning(clone.target);
    expect(await marksOf(clone)).toEqual(FINISHED);
  });

  test('and show it unfinished when it is finished: nothing is undone, no false warning', async () => {
    const clone = await copied('finished-unseen');
    const deps = await stage.staleDeps();
    await stage.run('finishTarget', clone.finishInput);
    await patch(clone, { spec: { runStrategy: 'Halted' } });
    expect(await stage.run('finishTarget', clone.finishInput, { deps })).toEqual({});
    expect((await powerNow(clone))?.runStrategy).toBe('Halted');
  });
});
