import { forbidden } from '../../simulator/apiserver';
import type { FrozenPlan } from '../../src/activities/frozen-plan';
import { holdersOf, type RunStrategy } from '../../src/clone';
import { frozenPlanName, MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { MachineOptions } from '../support/machines';
import { crashesAt, finalFailure, useStage } from './stage';
import { asWritten, holderOf, StagedClone } from './staged-clone';

const stage = useStage();
const OFF: MachineOptions = { power: { runStrategy: 'Halted' } };

async function frozen({ source, input }: StagedClone) {
  return stage.get(Kinds.ControllerRevision, { ...source, name: frozenPlanName(input.cloneUid) });
}

async function holders(clone: StagedClone) {
  const vm = await clone.sourceVm();
  return vm ? holdersOf(vm).map(({ cloneUid }) => cloneUid) : [];
}

/** Somebody edits what a clone is made of. */
function edit({ source }: StagedClone, guest: string) {
  const spec = { template: { spec: { domain: { memory: { guest } } } } };
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, source, { spec });
}

function annotate({ source }: StagedClone, annotations: Record<string, string | null>) {
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, source, { metadata: { annotations } });
}

/** Between the activity's reading and its writing, in each of its rounds: each freezes its plan first. */
function inEachRound(meet: (round: number) => Promise<unknown>) {
  let round = 0;
  stage.onWrite(async (_, { kind, operation }) => {
    if (kind.kind !== 'ControllerRevision' || operation !== 'CREATE') return;
    round += 1;
    await meet(round);
  });
  return () => round;
}

/** When the lock is about to be written, the first so many times. */
function beforeTheLock(times: number, meet: (time: number) => Promise<unknown>) {
  let time = 0;
  stage.onWrite(async (_, { kind, operation }) => {
    if (kind.kind !== 'VirtualMachine' || operation !== 'UPDATE') return;
    time += 1;
    if (time <= times) await meet(time);
  });
}

describe('a source that is on is locked and switched off, and its power state saved', () => {
  test.each<[string, MachineOptions, object]>([
    ['always', { power: { runStrategy: 'Always' } }, { runStrategy: 'Halted' }],
    ['running-true', { power: { running: true } }, { running: false }],
    ['manual', { power: { runStrategy: 'Manual' }, on: true }, { runStrategy: 'Halted' }],
    ['once', { power: { runStrategy: 'Once' } }, { runStrategy: 'Halted' }],
    ['rerun', { power: { runStrategy: 'RerunOnFailure' } }, { runStrategy: 'Halted' }],
  ])('%s', async (name, options, spec) => {
    const clone = await StagedClone.of(stage, name, options);
    const { cloneUid, installation } = clone.input;
    expect(await stage.run('lockSource', clone.lockInput)).toMatchObject({ stopped: true });
    const vm = await clone.sourceVm();
    expect(vm?.spec).toMatchObject(spec);
    const self = {
      cloneUid,
      installation,
      workflowId: `clone/demo/${name}-clone`,
      since: expect.any(String),
    };
    expect(JSON.parse(vm?.metadata.annotations?.[MARKS.lock] ?? '')).toEqual([self]);
    expect(JSON.parse(vm?.metadata.annotations?.[MARKS.power] ?? '')).toEqual({
      setting: options.power,
      uid: clone.sourceUid,
      debtor: self,
    });
  });
});

test('locked already, and its plan used up by the run that was reset: it is planned anew', async () => {
  const clone = await (await StagedClone.of(stage, 'reset', OFF)).locked();
  await stage.environment.client.delete(Kinds.ControllerRevision, (await frozen(clone))?.metadata as never);
  expect(await stage.run('lockSource', clone.lockInput)).toMatchObject({ disks: clone.disks });
  expect((await frozen(clone))?.data).toMatchObject({ vm: { metadata: { name: 'reset-clone' } } });
  expect(await holders(clone)).toEqual([clone.input.cloneUid]);
});

test.each<[string, MachineOptions]>([
  ['halted', OFF],
  ['running-false', { power: { running: false } }],
  ['manual-off', { power: { runStrategy: 'Manual' } }],
  ['rerun-off', { power: { runStrategy: 'RerunOnFailure' }, on: false }],
])('a source that is off is only locked: %s', async (name, options) => {
  const clone = await StagedClone.of(stage, name, options);
  expect(await stage.run('lockSource', clone.lockInput)).toMatchObject({ stopped: false });
  const vm = await clone.sourceVm();
  expect(vm?.spec).toMatchObject(options.power as object);
  expect(vm?.metadata.annotations).not.toHaveProperty([MARKS.power]);
  expect(await holders(clone)).toEqual([clone.input.cloneUid]);
});

test('what will be made is frozen beside the source, marked as ours, and goes with the source', async () => {
  const clone = await StagedClone.of(stage, 'frozen', OFF);
  await clone.locked();
  const revision = await frozen(clone);
  expect(revision?.metadata).toMatchObject({
    labels: { [MARKS.cloneUid]: clone.input.cloneUid, [MARKS.installation]: clone.input.installation },
    annotations: { [MARKS.workflowId]: 'clone/demo/frozen-clone' },
    ownerReferences: [{ kind: 'VirtualMachine', uid: clone.sourceUid }],
  });
  expect(revision?.data).toMatchObject({
    vm: { metadata: clone.target, spec: { runStrategy: 'Halted' } },
    dataVolumes: [{ metadata: { name: 'frozen-clone-root' } }],
  });
});

test('run twice: the same answer, nothing written again', async () => {
  const clone = await StagedClone.of(stage, 'twice');
  const first = await stage.run('lockSource', clone.lockInput);
  const writes = await stage.writesOf(async () => {
    expect(await stage.run('lockSource', clone.lockInput)).toEqual(first);
  });
  expect(writes).toEqual([]);
});

describe('its process ends, and it is run again', () => {
  test.each(crashesAt(2))(
    'at write %i, %s: one holder, one plan with the identity drawn first',
    async (write, how) => {
      const clone = await StagedClone.of(stage, `crash-${write}-${how}`);
      await stage.crash('lockSource', clone.lockInput, write, how);
      const drawn = await frozen(clone);
      expect(drawn !== undefined).toBe(write > 1 || how === 'taken');
      expect(await stage.run('lockSource', clone.lockInput)).toMatchObject({ stopped: true });
      expect(await holders(clone)).toEqual([clone.input.cloneUid]);
      const after = await frozen(clone);
      if (drawn) expect(after?.data).toEqual(drawn.data);
      expect((await clone.sourceVm())?.metadata.annotations).toHaveProperty([MARKS.power]);
    },
  );
});

test('cancelled before it locks: the source is not locked', async () => {
  const clone = await StagedClone.of(stage, 'cancelled');
  const run = stage.start('lockSource', clone.lockInput);
  stage.onWrite(() => run.cancel());
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await holders(clone)).toEqual([]);
  expect((await clone.sourceVm())?.spec.runStrategy).toBe('Always');
});

describe('others who write to the source at the same time', () => {
  test.each([1, 2])('%i edits: what is frozen is what is locked', async (edits) => {
    const clone = await StagedClone.of(stage, `edited-${edits}`);
    beforeTheLock(edits, (time) => edit(clone, `${time + 1}Gi`));
    await stage.run('lockSource', clone.lockInput);
    const plan = (await frozen(clone))?.data as FrozenPlan;
    const guest = `${edits + 1}Gi`;
    expect(plan.vm.spec.template.spec.domain.memory).toEqual({ guest });
    expect((await clone.sourceVm())?.spec.template.spec.domain.memory).toEqual({ guest });
    expect(await holders(clone)).toEqual([clone.input.cloneUid]);
  });

  test('three edits: SourceChanged, and it is not locked', async () => {
    const clone = await StagedClone.of(stage, 'edited-3');
    beforeTheLock(3, (time) => edit(clone, `${time + 1}Gi`));
    await expect(stage.run('lockSource', clone.lockInput)).rejects.toMatchObject(
      finalFailure('SourceChanged', /edited-3 was changed each time.*clone it again/),
    );
    expect(await holders(clone)).toEqual([]);
    expect((await clone.sourceVm())?.spec.runStrategy).toBe('Always');
  });

  test.each<[string, RunStrategy]>([
    ['switched off', 'Halted'],
    ['set to Manual', 'Manual'],
  ])('a person who has %s it in between: that is what is saved', async (_, runStrategy) => {
    const clone = await StagedClone.of(stage, `set-${runStrategy.toLowerCase()}`);
    inEachRound(async (round) => {
      if (round === 1)
        await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.source, {
          spec: { runStrategy },
        });
    });
    await stage.run('lockSource', clone.lockInput);
    const { annotations } = (await clone.sourceVm())?.metadata ?? {};
    const saved = annotations?.[MARKS.power];
    expect(saved && JSON.parse(saved).setting).toEqual(
      runStrategy === 'Halted' ? undefined : { runStrategy },
    );
  });

  test('twelve other holders, one in each round: all are in the lock', async () => {
    const clone = await StagedClone.of(stage, 'busy');
    const others = Array.from({ length: 12 }, (_, index) => holderOf(`other-${index}`));
    inEachRound(async (round) => {
      if (round <= others.length)
        await annotate(clone, { [MARKS.lock]: JSON.stringify(others.slice(0, round)) });
    });
    await stage.run('lockSource', clone.lockInput);
    expect(await holders(clone)).toEqual([...others.map(({ cloneUid }) => cloneUid), clone.input.cloneUid]);
  });

  test('eight clones lock it at once: the power state is saved once, as it was', async () => {
    const first = await StagedClone.of(stage, 'crowd', { power: { runStrategy: 'RerunOnFailure' } });
    const clones = [first];
    for (let index = 1; index < 8; index += 1) {
      const target = { namespace: 'demo', name: `crowd-${index}` };
      clones.push(await StagedClone.again(stage, first.source, { target }));
    }
    const locked = await Promise.all(clones.map((clone) => stage.run('lockSource', clone.lockInput)));
    expect(locked.map(({ stopped }) => stopped)).toEqual(clones.map(() => true));
    expect((await holders(first)).sort()).toEqual(clones.map(({ input }) => input.cloneUid).sort());
    const power = (await first.sourceVm())?.metadata.annotations?.[MARKS.power] ?? '';
    expect(JSON.parse(power).setting).toEqual({ runStrategy: 'RerunOnFailure' });
  });

  test('a note that is nobody’s edit of the machine is no reason for another round', async () => {
    const clone = await StagedClone.of(stage, 'noted');
    const rounds = inEachRound((round) => annotate(clone, { 'example.org/note': String(round) }));
    await stage.run('lockSource', clone.lockInput);
    expect(rounds()).toBe(1);
  });
});

describe('final failures', () => {
  test('the source was deleted between reading and writing', async () => {
    const clone = await StagedClone.of(stage, 'deleted', OFF);
    inEachRound(async (round) => {
      if (round > 1) return;
      await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
      await stage.environment.untilVm(clone.source, (vm) => vm === undefined);
    });
    await expect(stage.run('lockSource', clone.lockInput)).rejects.toMatchObject(
      finalFailure('SourceDeleted', 'demo/deleted was deleted'),
    );
  });

  test('the source is another VM of that name, and stays as it is', async () => {
    const clone = await StagedClone.of(stage, 'replaced', OFF);
    const before = asWritten(await clone.sourceVm());
    const input = { ...clone.lockInput, sourceUid: 'of-the-planned-one' };
    await expect(stage.run('lockSource', input)).rejects.toMatchObject(
      finalFailure('SourceDeleted', 'demo/replaced'),
    );
    expect(asWritten(await clone.sourceVm())).toEqual(before);
  });

  test('the lock is not ours to read', async () => {
    const clone = await StagedClone.of(stage, 'scribbled', OFF);
    await annotate(clone, { [MARKS.lock]: 'do not touch' });
    await expect(stage.run('lockSource', clone.lockInput)).rejects.toMatchObject(
      finalFailure(
        'LockUnreadable',
        /vm-clone.io\/lock of demo\/scribbled .* see who wrote it, then remove it/,
      ),
    );
    expect((await clone.sourceVm())?.metadata.annotations?.[MARKS.lock]).toBe('do not touch');
  });

  test('somebody else’s object has the plan’s name, and stays as it is', async () => {
    const clone = await StagedClone.of(stage, 'plan-taken', OFF);
    const name = frozenPlanName(clone.input.cloneUid);
    const metadata = { namespace: 'demo', name };
    await stage.environment.client.create(Kinds.ControllerRevision, {
      metadata,
      revision: 1,
      data: { theirs: true },
    });
    await expect(stage.run('lockSource', clone.lockInput)).rejects.toMatchObject(
      finalFailure('NameTaken', `ControllerRevision demo/${name} is not ours`),
    );
    expect((await frozen(clone))?.data).toEqual({ theirs: true });
    expect(await holders(clone)).toEqual([]);
  });

  test('the cluster forbids it', async () => {
    const clone = await StagedClone.of(stage, 'forbidden', OFF);
    stage.onWrite((write, { kind, name }) => {
      if (write === 2) throw forbidden(kind, name, 'frozen for the audit');
    });
    await expect(stage.run('lockSource', clone.lockInput)).rejects.toMatchObject(
      finalFailure('Forbidden', /The cluster refused: .*frozen for the audit/),
    );
    expect(await holders(clone)).toEqual([]);
  });
});

test('caches that have not seen it start: it is switched off all the same', async () => {
  const clone = await StagedClone.of(stage, 'started', { power: { runStrategy: 'Manual' } });
  const deps = await stage.staleDeps();
  await stage.environment.client.act(clone.source, 'start');
  await stage.environment.untilRunning(clone.source);
  expect(await stage.run('lockSource', clone.lockInput, { deps })).toMatchObject({ stopped: true });
  expect((await clone.sourceVm())?.spec.runStrategy).toBe('Halted');
});
