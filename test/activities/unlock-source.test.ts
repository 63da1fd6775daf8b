import type { VirtualMachine } from '../../src/clone';
import { holdersOf } from '../../src/clone';
import { MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { refuseStarts } from '../support/faults';
import { powerOf } from '../support/invariants';
import type { MachineOptions } from '../support/machines';
import { crashesAt, finalFailure, useStage } from './stage';
import { asWritten, holderOf, StagedClone } from './staged-clone';

const stage = useStage();
const MANUAL: MachineOptions = { power: { runStrategy: 'Manual' }, on: true };

/** A source with its power state before the clone, now off and locked. */
async function off(name: string, options: MachineOptions = {}) {
  const clone = await StagedClone.of(stage, name, options);
  const before = await powerOf(stage.environment, clone.source);
  await clone.off();
  return { clone, before };
}

const powerNow = ({ source }: StagedClone) => powerOf(stage.environment, source);

function patch({ source }: StagedClone, change: object) {
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, source, change);
}

const annotate = (clone: StagedClone, annotations: object) => patch(clone, { metadata: { annotations } });

function marksOf(vm: VirtualMachine | undefined) {
  const { [MARKS.lock]: lock, [MARKS.power]: power } = vm?.metadata.annotations ?? {};
  return { lock, power };
}

describe('the last holder gives the source back as it was, and says when it ran again', () => {
  test.each<[string, MachineOptions]>([
    ['always', { power: { runStrategy: 'Always' } }],
    ['running-true', { power: { running: true } }],
    ['manual', MANUAL],
    ['once', { power: { runStrategy: 'Once' } }],
    ['rerun', { power: { runStrategy: 'RerunOnFailure' } }],
  ])('%s', async (name, options) => {
    const { clone, before } = await off(name, options);
    const { runningAt, warning } = await stage.run('unlockSource', clone.unlockInput());
    expect(warning).toBeUndefined();
    expect(Date.parse(runningAt as string)).toBeLessThanOrEqual(Date.now());
    expect(await powerNow(clone)).toEqual(before);
    expect(await stage.get(Kinds.VirtualMachineInstance, clone.source)).toMatchObject({
      status: { phase: 'Running' },
    });
  });
});

test.each<[string, MachineOptions]>([
  ['halted', { power: { runStrategy: 'Halted' } }],
  ['running-false', { power: { running: false } }],
  ['manual-off', { power: { runStrategy: 'Manual' } }],
  ['rerun-off', { power: { runStrategy: 'RerunOnFailure' }, on: false }],
])('a source that was off stays off: %s', async (name, options) => {
  const { clone, before } = await off(name, options);
  expect(await stage.run('unlockSource', clone.unlockInput())).toEqual({});
  expect(await powerNow(clone)).toEqual(before);
});

test('another holder is left: only ours goes, and the source stays off', async () => {
  const { clone } = await off('shared');
  const target = { namespace: 'demo', name: 'shared-second' };
  const second = await (await StagedClone.again(stage, clone.source, { target })).locked();
  expect(await stage.run('unlockSource', clone.unlockInput())).toEqual({});
  const vm = (await clone.sourceVm()) as VirtualMachine;
  expect(holdersOf(vm).map(({ cloneUid }) => cloneUid)).toEqual([second.input.cloneUid]);
  expect(vm.spec.runStrategy).toBe('Halted');
  expect(JSON.parse(marksOf(vm).power ?? '')).toMatchObject({ setting: { runStrategy: 'Always' } });
});

test('as the undo of a lock that never came it writes nothing', async () => {
  const clone = await StagedClone.of(stage, 'never-locked');
  const writes = await stage.writesOf(() => stage.run('unlockSource', clone.unlockInput()));
  expect(writes).toEqual([]);
});

test.each<[string, MachineOptions]>([
  ['always', {}],
  ['manual', MANUAL],
])('run twice, %s: nothing written again, and it is seen to run', async (name, options) => {
  const { clone } = await off(`twice-${name}`, options);
  await stage.run('unlockSource', clone.unlockInput());
  const writes = await stage.writesOf(async () => {
    expect(await stage.run('unlockSource', clone.unlockInput())).toHaveProperty('runningAt');
  });
  expect(writes).toEqual([]);
});

describe('its process ends, and it is run again: the source is as it was', () => {
  test.each(crashesAt(1))('Always, undo: at write %i, %s', async (write, how) => {
    const { clone, before } = await off(`crash-${write}-${how}`);
    await stage.crash('unlockSource', clone.unlockInput(), write, how);
    await stage.run('unlockSource', clone.unlockInput());
    await stage.environment.untilRunning(clone.source);
    expect(await powerNow(clone)).toEqual(before);
  });

  test.each(crashesAt(3))('Manual: at write %i, %s', async (write, how) => {
    const { clone, before } = await off(`manual-crash-${write}-${how}`, MANUAL);
    await stage.crash('unlockSource', clone.unlockInput(), write, how);
    await stage.run('unlockSource', clone.unlockInput());
    await stage.environment.untilRunning(clone.source);
    expect(await powerNow(clone)).toEqual(before);
  });
});

describe('cancelled', () => {
  test('while it waits for the source: it ends', async () => {
    const { clone } = await off('waited', { annotations: { 'simulator.vm-clone.io/boot-seconds': '2' } });
    const run = stage.start('unlockSource', clone.unlockInput());
    await stage.environment.untilVm(clone.source, (vm) => marksOf(vm).lock === undefined);
    run.cancel();
    await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  test('between unlock and start of a Manual source: the start stays owed, and nobody starts it', async () => {
    const { clone, before } = await off('owed', MANUAL);
    const starts = refuseStarts(stage.environment, 'owed');
    starts.refuse();
    const run = stage.start('unlockSource', clone.unlockInput());
    await stage.environment.untilVm(clone.source, (vm) => marksOf(vm).lock === undefined);
    run.cancel();
    await expect(run.ended).rejects.toBeDefined();
    starts.allow();
    const { power } = marksOf(await clone.sourceVm());
    expect(JSON.parse(power ?? '')).toMatchObject({
      debtor: { ...clone.owner, workflowId: 'clone/demo/owed-clone' },
    });
    expect((await powerNow(clone))?.on).toBe(false);
    await stage.run('unlockSource', clone.unlockInput());
    expect(await powerNow(clone)).toEqual(before);
  });
});

describe('others who write to the source at the same time', () => {
  test('a holder that comes between reading and writing: the source stays off for it', async () => {
    const { clone } = await off('joined');
    const other = holderOf('other');
    stage.onWrite(async (write) => {
      if (write > 1) return;
      const holders = holdersOf((await clone.sourceVm()) as VirtualMachine);
      await annotate(clone, { [MARKS.lock]: JSON.stringify([...holders, other]) });
    });
    expect(await stage.run('unlockSource', clone.unlockInput())).toEqual({});
    const vm = (await clone.sourceVm()) as VirtualMachine;
    expect(holdersOf(vm)).toEqual([other]);
    expect(vm.spec.runStrategy).toBe('Halted');
  });

  test('two holders leave at once: the source is back', async () => {
    const { clone, before } = await off('pair', { power: { runStrategy: 'RerunOnFailure' } });
    const target = { namespace: 'demo', name: 'pair-second' };
    const second = await (await StagedClone.again(stage, clone.source, { target })).locked();
    await Promise.all([clone, second].map((each) => stage.run('unlockSource', each.unlockInput())));
    await stage.environment.untilRunning(clone.source);
    expect(await powerNow(clone)).toEqual(before);
  });

  test('a writer in every round: it gives up this attempt, for another', async () => {
    const { clone } = await off('contended');
    let count = 0;
    stage.onWrite(async () => {
      count += 1;
      const holders = holdersOf((await clone.sourceVm()) as VirtualMachine);
      const others = Array.from({ length: count }, (_, index) => holderOf(`other-${index}`));
      await annotate(clone, { [MARKS.lock]: JSON.stringify([holders[0], ...others]) });
    });
    const error = await stage.run('unlockSource', clone.unlockInput()).catch((reason) => reason);
    expect(error.message).toContain('demo/contended was written to by others in each of 20 rounds');
    expect(error).not.toHaveProperty('nonRetryable');
  });
});

describe('what a person has set meanwhile stays', () => {
  test.each<[string, MachineOptions, object]>([
    ['manual', {}, { runStrategy: 'Manual' }],
    ['always', MANUAL, { runStrategy: 'Always' }],
  ])('%s', async (name, options, spec) => {
    const { clone } = await off(`set-${name}`, options);
    await patch(clone, { spec });
    await stage.run('unlockSource', clone.unlockInput(false));
    const vm = await clone.sourceVm();
    expect(vm?.spec).toMatchObject(spec);
    expect(marksOf(vm)).toEqual({});
  });
});

describe('a source that is gone', () => {
  test('nothing to give back: a warning', async () => {
    const { clone } = await off('gone', { power: { runStrategy: 'Halted' } });
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
    await stage.environment.untilVm(clone.source, (vm) => vm === undefined);
    expect(await stage.run('unlockSource', clone.unlockInput())).toEqual({
      warning: {
        type: 'SourceDeleted',
        message: 'demo/gone was deleted meanwhile: there is nothing to give back.',
      },
    });
  });

  test('another VM of that name, with a copied lock, is not touched', async () => {
    const { clone } = await off('replaced');
    const before = asWritten(await clone.sourceVm());
    const input = { ...clone.unlockInput(), sourceUid: 'of-the-locked-one' };
    expect(await stage.run('unlockSource', input)).toMatchObject({ warning: { type: 'SourceDeleted' } });
    expect(asWritten(await clone.sourceVm())).toEqual(before);
  });
});

describe('a source that does not come back in time', () => {
  const never = { 'simulator.vm-clone.io/boot-seconds': 'never' };
  const impatient = () => ({ ...stage.deps, limits: { ...stage.deps.limits, sourceReturn: 200 } });

  test('a warning that says what its VMI is doing; its power state is given back all the same', async () => {
    const { clone, before } = await off('slow');
    await annotate(clone, never);
    const { warning, runningAt } = await stage.run('unlockSource', clone.unlockInput(), {
      deps: impatient(),
    });
    expect(warning).toEqual({
      type: 'SourceSlowToReturn',
      message: expect.stringMatching(
        /demo\/slow has its power state back, but it does not run yet: (its VMI is|it has no VMI)/,
      ),
    });
    expect(runningAt).toBeUndefined();
    expect(await powerNow(clone)).toEqual(before);
  });

  test('nobody waits where nothing would come of it', async () => {
    const { clone } = await off('hopeless');
    await annotate(clone, never);
    const { warning } = await stage.run('unlockSource', clone.unlockInput(false));
    expect(warning).toMatchObject({ type: 'SourceSlowToReturn' });
  });
});

test('a lock that cannot be read is tried again: a person has to mend it', async () => {
  const { clone } = await off('scribbled');
  await annotate(clone, { [MARKS.lock]: 'do not touch' });
  const error = await stage.run('unlockSource', clone.unlockInput()).catch((reason) => reason);
  expect(error).toMatchObject({
    name: 'LockUnreadable',
    message: expect.stringContaining('see who wrote it'),
  });
  expect(error).not.toMatchObject(finalFailure('LockUnreadable', ''));
  expect((await clone.sourceVm())?.metadata.annotations?.[MARKS.lock]).toBe('do not touch');
});

describe('caches that still show the source running', () => {
  test.each<[string, MachineOptions]>([
    ['always', {}],
    ['manual', MANUAL],
  ])('%s: it is back when it runs, not before', async (name, options) => {
    const clone = await StagedClone.of(stage, `stale-${name}`, options);
    const before = await powerNow(clone);
    const deps = await stage.staleDeps();
    await clone.off();
    await stage.environment.until(
      stage.environment.caches.instances,
      clone.source,
      (vmi) => vmi === undefined,
    );
    const { runningAt } = await stage.run('unlockSource', clone.unlockInput(), { deps });
    if (runningAt)
      expect(await stage.get(Kinds.VirtualMachineInstance, clone.source)).toMatchObject({
        status: { phase: 'Running' },
      });
    await stage.environment.untilRunning(clone.source);
    expect(await powerNow(clone)).toEqual(before);
  });
});
