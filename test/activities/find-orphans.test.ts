import { randomUUID } from 'node:crypto';
import type { ActivityDeps } from '../../src/activities/deps';
import type { Orphan } from '../../src/activities/find-orphans';
import { cloneWorkflowId, frozenPlanName, IN_PROGRESS, MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { startClone } from '../../src/temporal';
import { refuseStarts } from '../support/faults';
import type { MachineOptions } from '../support/machines';
import { useStage } from './stage';
import { StagedClone } from './staged-clone';

/** Nothing runs these workflows: what Temporal says of a clone is up to each test. */
const stage = useStage();
const OFF: MachineOptions = { power: { runStrategy: 'Halted' } };

/** A clone of an installation of its own, so that a test finds nothing but its own; its workflow is closed. */
async function make(name: string, options: MachineOptions = OFF): Promise<StagedClone> {
  const clone = await unknown(name, options);
  await begin(clone);
  await end(clone);
  return clone;
}

/** One that Temporal never heard of, or has forgotten. */
const unknown = (name: string, options: MachineOptions = OFF) =>
  StagedClone.of(stage, name, options, { installation: randomUUID() });

/** What is found of the clone's installation, with caches that know all that is there. */
async function find({ input }: StagedClone, deps?: ActivityDeps): Promise<Orphan[]> {
  return stage.run(
    'findOrphans',
    { installation: input.installation },
    { deps: deps ?? (await stage.depsWith()) },
  );
}

function annotate(ref: StagedClone['source'], annotations: Record<string, string | null>) {
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, ref, { metadata: { annotations } });
}

const workflowOf = ({ target }: StagedClone, runId?: string) =>
  stage.environment.temporal.client.workflow.getHandle(cloneWorkflowId(target), runId);

/** Has Temporal know the clone as under way. */
async function begin(clone: StagedClone): Promise<void> {
  const { client } = stage.environment.temporal;
  await startClone(client, { input: clone.input, requestHash: '', disks: [] });
  clone.runId = (await workflowOf(clone).describe()).runId;
}

/** As a person would at 3 a.m. */
const end = (clone: StagedClone) => workflowOf(clone, clone.runId).terminate();

/** One whose target was deleted without its disk. */
async function withLooseDisk(name: string, of?: StagedClone): Promise<StagedClone> {
  const clone = await (of ?? (await make(name))).created();
  await stage.environment.client.delete(Kinds.VirtualMachine, clone.target, { propagationPolicy: 'Orphan' });
  await stage.environment.untilVm(clone.target, (vm) => vm === undefined);
  await stage.environment.until(
    stage.environment.caches.dataVolumes,
    clone.diskRef('root'),
    (dataVolume) => !dataVolume?.metadata.ownerReferences?.length,
  );
  return clone;
}

test('a lock whose clone is closed: the source, and where its plan lies', async () => {
  const clone = await (await make('held')).locked();
  expect(await find(clone)).toEqual([
    {
      ...clone.owner,
      workflowId: 'clone/demo/held-clone',
      target: clone.target,
      sources: [{ source: clone.source, sourceUid: clone.sourceUid }],
      loose: [frozenPlanName(clone.input.cloneUid)],
      sourceNamespace: 'demo',
      record: undefined,
    },
  ]);
});

test('a target in mid-copy is to be deleted', async () => {
  const clone = await (await make('copying')).created();
  expect(await find(clone)).toMatchObject([
    {
      unfinished: { vmUid: clone.record.vmUid, copied: false },
      sources: [{ source: clone.source }],
      loose: [],
    },
  ]);
});

test('a target that is copied is to be finished', async () => {
  const clone = await (await make('copied')).copied();
  expect(await find(clone)).toMatchObject([{ unfinished: { vmUid: clone.record.vmUid, copied: true } }]);
});

test('a target that is copied keeps the disk that somebody took off it', async () => {
  const clone = await (await make('copied-detached')).copied();
  const orphaned = { metadata: { ownerReferences: null } };
  await stage.environment.client.patchMerge(Kinds.DataVolume, clone.diskRef('root'), orphaned);
  expect(await find(clone)).toMatchObject([{ unfinished: { copied: true }, loose: [] }]);
});

test('a target whose start is still owed is to be finished', async () => {
  const clone = await (await make('unstarted')).copied();
  await annotate(clone.target, { [MARKS.inProgress]: null });
  expect(await find(clone)).toMatchObject([{ unfinished: { vmUid: clone.record.vmUid, copied: true } }]);
});

test('a Manual source that is still owed its start', async () => {
  const clone = await (await make('owed', { power: { runStrategy: 'Manual' }, on: true })).off();
  const starts = refuseStarts(stage.environment, 'owed');
  starts.refuse();
  await stage.run('unlockSource', clone.unlockInput()).catch(() => undefined);
  expect(await find(clone)).toMatchObject([
    { sources: [{ source: clone.source, sourceUid: clone.sourceUid }] },
  ]);
  starts.allow();
  await stage.persist('unlockSource', clone.unlockInput());
  expect((await find(clone)).flatMap(({ sources }) => sources)).toEqual([]);
});

test('a disk that no VM owns', async () => {
  expect(await find(await withLooseDisk('loose'))).toMatchObject([{ loose: ['loose-clone-root'] }]);
});

test('a claim whose DataVolume is gone', async () => {
  const clone = await withLooseDisk('bare');
  await stage.environment.client.delete(Kinds.DataVolume, clone.diskRef('root'), {
    propagationPolicy: 'Orphan',
  });
  const { dataVolumes, claims } = stage.environment.caches;
  await stage.environment.until(dataVolumes, clone.diskRef('root'), (each) => each === undefined);
  await stage.environment.until(
    claims,
    clone.diskRef('root'),
    (each) => !each?.metadata.ownerReferences?.length,
  );
  expect(await find(clone)).toMatchObject([{ loose: ['bare-clone-root'] }]);
});

test('two clones that hold one source are two orphans', async () => {
  const clone = await (await make('shared')).locked();
  const target = { namespace: 'demo', name: 'shared-second' };
  const { installation } = clone.input;
  const second = await (await StagedClone.again(stage, clone.source, { target, installation })).locked();
  const found = await find(clone);
  expect(found.map(({ cloneUid }) => cloneUid).sort()).toEqual(
    [clone.input.cloneUid, second.input.cloneUid].sort(),
  );
});

describe('left alone', () => {
  test('a clone under way', async () => {
    const clone = await unknown('live');
    await begin(clone);
    await clone.created();
    expect(await find(clone)).toEqual([]);
  });

  test('what another installation left', async () => {
    const clone = await (await make('foreign')).created();
    const installation = randomUUID();
    expect(await stage.run('findOrphans', { installation })).toEqual([]);
    expect(await find(clone)).toHaveLength(1);
  });

  test('what is too young', async () => {
    const clone = await (await make('young')).created();
    const deps = await stage.depsWith();
    const limits = { ...deps.limits, orphanAge: 60_000 };
    expect(await find(clone, { ...deps, limits })).toEqual([]);
  });

  test('a VM of another name with a target’s marks: a manifest that was copied', async () => {
    const clone = await (await make('original')).created();
    const { labels, annotations } = (await clone.targetVm())?.metadata ?? {};
    await stage.environment.client.create(Kinds.VirtualMachine, {
      metadata: { namespace: 'demo', name: 'zz-copied-manifest', labels, annotations },
      spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
    });
    const found = await find(clone);
    expect(found).toMatchObject([{ target: clone.target, unfinished: { vmUid: clone.record.vmUid } }]);
  });

  test('a lock that nobody can read, without a word about others', async () => {
    const clone = await (await make('scribbled')).locked();
    await annotate(clone.source, { [MARKS.lock]: 'do not touch' });
    const found = await find(clone);
    expect(found).toMatchObject([{ sources: [] }]);
  });

  test('marks without a clone’s workflow id', async () => {
    const clone = await make('nameless');
    await stage.environment.client.create(Kinds.VirtualMachine, {
      metadata: {
        namespace: 'demo',
        name: 'nameless-clone',
        labels: { [MARKS.cloneUid]: clone.input.cloneUid, [MARKS.installation]: clone.input.installation },
        annotations: { [MARKS.inProgress]: IN_PROGRESS.copying, [MARKS.workflowId]: 'somebody/else' },
      },
      spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
    });
    expect(await find(clone)).toEqual([]);
  });

  test('a finished clone', async () => {
    const clone = await (await make('finished')).copied();
    await stage.run('unlockSource', clone.unlockInput());
    await stage.run('finishTarget', clone.finishInput);
    expect(await find(clone)).toEqual([]);
  });
});

test('its name is cloned to again: the marks say which run they are of', async () => {
  const clone = await (await make('again')).created();
  const retry = await StagedClone.again(stage, clone.source, { target: clone.target });
  await begin(retry);
  expect(await find(clone)).toMatchObject([
    { cloneUid: clone.input.cloneUid, unfinished: { vmUid: clone.record.vmUid, copied: false } },
  ]);
});

describe('of a clone past its commit point', () => {
  const committed = { live: false, stage: 'committed' as const };

  test('the target is only ever finished, whatever its mark says', async () => {
    const clone = await (await make('committed')).created();
    expect(await find(clone, await stage.depsTold(committed))).toMatchObject([
      { unfinished: { vmUid: clone.record.vmUid, copied: true } },
    ]);
  });

  test('a disk that its user took off the VM is left alone', async () => {
    const clone = await withLooseDisk('detached');
    await stage.run('unlockSource', clone.unlockInput());
    expect(await find(clone, await stage.depsTold(committed))).toEqual([]);
  });
});

test('of a clone that was being undone, a target is deleted though its disks were copied', async () => {
  const clone = await (await make('undone')).copied();
  const deps = await stage.depsTold({ live: false, stage: 'undoing' });
  expect(await find(clone, deps)).toMatchObject([{ unfinished: { copied: false } }]);
});

test('a saved power state that a person has overruled is to be forgotten', async () => {
  const clone = await (await make('overruled', {})).off();
  await annotate(clone.source, { [MARKS.lock]: null });
  await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.source, {
    spec: { runStrategy: 'Always' },
  });
  expect(await find(clone)).toMatchObject([{ sources: [{ source: clone.source }] }]);
  await stage.run('unlockSource', clone.unlockInput(false));
  const vm = await clone.sourceVm();
  expect(vm?.metadata.annotations).not.toHaveProperty([MARKS.power]);
  expect(vm?.spec.runStrategy).toBe('Always');
});

describe('of a clone that Temporal does not know', () => {
  test('the source is given back; the target is left to whoever works with it', async () => {
    const clone = await (await unknown('forgotten')).created();
    const [orphan] = await find(clone);
    expect(orphan).toMatchObject({ sources: [{ source: clone.source }], loose: [] });
    expect(orphan?.unfinished).toBeUndefined();
  });

  test('a loose disk is left alone', async () => {
    const clone = await withLooseDisk('forgotten-disk', await unknown('forgotten-disk'));
    await stage.run('unlockSource', clone.unlockInput());
    expect(await find(clone)).toEqual([]);
  });
});

test('a target of another uid than the clone recorded is not its own', async () => {
  const clone = await (await make('reapplied')).created();
  const record = { vmUid: 'of-the-first', dataVolumes: [] };
  const found = await find(clone, await stage.depsTold({ live: false, stage: 'forward', record }));
  expect(found).toMatchObject([{ sources: [{ source: clone.source }], record }]);
  expect(found[0]?.unfinished).toBeUndefined();
});

test('when Temporal does not answer, nothing is taken for an orphan', async () => {
  const clone = await (await make('unknown')).created();
  const deps = await stage.depsWith();
  const clones = { find: () => Promise.reject(new Error('14 UNAVAILABLE')) };
  await expect(find(clone, { ...deps, clones })).rejects.toThrow('14 UNAVAILABLE');
});

test('asked twice it answers the same, and writes nothing', async () => {
  const clone = await (await make('twice')).created();
  const writes = await stage.writesOf(async () => {
    expect(await find(clone)).toEqual(await find(clone));
  });
  expect(writes).toEqual([]);
});

test('cancelled: it ends', async () => {
  const clone = await (await make('cancelled')).created();
  const run = stage.start('findOrphans', { installation: clone.input.installation });
  run.cancel();
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
});

describe('caches that still show a target in mid-copy', () => {
  test('which is copied since: it is to be finished', async () => {
    const clone = await (await make('copied-unseen')).created();
    const deps = await stage.staleDeps();
    await stage.run('copyDisks', clone.copyInput);
    expect(await find(clone, deps)).toMatchObject([{ unfinished: { copied: true } }]);
  });

  test('which is finished since: it is left alone', async () => {
    const clone = await (await make('finished-unseen')).created();
    const deps = await stage.staleDeps();
    await stage.run('copyDisks', clone.copyInput);
    await stage.run('finishTarget', clone.finishInput);
    const [orphan] = await find(clone, deps);
    expect(orphan).not.toHaveProperty('unfinished.vmUid');
  });
});

test('caches that are behind show what has been settled since: it is found once more', async () => {
  const clone = await (await make('settled')).locked();
  const deps = await stage.staleDeps();
  await stage.run('unlockSource', clone.unlockInput());
  expect(await find(clone, deps)).toMatchObject([{ sources: [{ source: clone.source }] }]);
  const writes = await stage.writesOf(() => stage.run('unlockSource', clone.unlockInput()));
  expect(writes).toEqual([]);
});

test('a revision that was copied for a VM that never came is found, and goes', async () => {
  const clone = await (await make('revised')).off();
  const { input, target } = clone;
  const name = 'revised-clone-instancetype-0';
  await stage.environment.client.create(Kinds.ControllerRevision, {
    metadata: {
      ...target,
      name,
      labels: { [MARKS.cloneUid]: input.cloneUid, [MARKS.installation]: input.installation },
      annotations: { [MARKS.workflowId]: cloneWorkflowId(target), [MARKS.runId]: clone.runId },
    },
    revision: 0,
  });
  const [orphan] = await find(clone);
  expect(orphan?.loose).toContain(name);
  await stage.run('deleteTarget', { ...clone.scope, record: undefined });
  expect(await stage.get(Kinds.ControllerRevision, { ...target, name })).toBeUndefined();
});
