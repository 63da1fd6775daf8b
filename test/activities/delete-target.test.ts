import { frozenPlanName, MARKS } from '../../src/contract';
import { type Kind, Kinds } from '../../src/kubernetes';
import type { Clone } from '../support/environment';
import { concerns, refuse } from '../support/faults';
import { tracesOf } from '../support/invariants';
import { crashesAt, finalFailure, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage({ limits: { copyPodsGone: 2_000 } });
const DISKS = [{ name: 'root', class: 'standard' as const }, { name: 'data' }];
const VM = { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } };
const CLAIM = {
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'csi',
  resources: { requests: { storage: '1Gi' } },
};

/** A source that is off, in a namespace of its own, and whose root disk takes for ever to copy. */
async function source(name: string): Promise<StagedClone> {
  const clone = await StagedClone.of(stage, name, {
    namespace: `of-${name}`,
    disks: DISKS,
    power: { runStrategy: 'Halted' },
  });
  const annotations = { 'simulator.vm-clone.io/copy': 'stall:40' };
  const claim = { ...clone.source, name: `${name}-root` };
  await stage.environment.client.patchMerge(Kinds.PersistentVolumeClaim, claim, {
    metadata: { annotations },
  });
  return clone;
}

/** A clone in mid-copy: its pods use the source's disk. */
async function copying(name: string): Promise<StagedClone> {
  const clone = await (await source(name)).created();
  await stage.environment.until(
    stage.environment.caches.dataVolumes,
    clone.diskRef('root'),
    (dataVolume) => Number.parseFloat(dataVolume?.status?.progress ?? '') === 40,
  );
  return clone;
}

const traces = ({ input }: StagedClone) => tracesOf(stage.environment, { input } as Clone);

function untilNoTrace(clone: StagedClone): Promise<true> {
  return stage.environment.poll(async () => ((await traces(clone)).length === 0 ? true : undefined));
}

async function make(kind: Kind, ref: object, spec: object, labels: Record<string, string> = {}) {
  await stage.environment.client.create(kind, { metadata: { ...ref, labels }, spec } as never);
}

test('deletes the clone and waits until no copy pod is left; answers with the uids of all it saw', async () => {
  const clone = await copying('cut');
  const claims = await Promise.all(
    ['root', 'data'].map((disk) => stage.get(Kinds.PersistentVolumeClaim, clone.diskRef(disk))),
  );
  const { uids } = await stage.run('deleteTarget', clone.scope);
  const expected = [...clone.record.dataVolumes, ...claims.map((claim) => claim?.metadata)].map(
    (each) => each?.uid,
  );
  expect(uids).toEqual(expect.arrayContaining(expected));
  expect((await traces(clone)).filter((trace) => trace.startsWith('Pod'))).toEqual([]);
  await untilNoTrace(clone);
});

test('deletes nothing of its source', async () => {
  const clone = await copying('kept');
  const before = asWritten(await clone.sourceVm());
  await stage.run('deleteTarget', clone.scope);
  await untilNoTrace(clone);
  expect(asWritten(await clone.sourceVm())).toEqual(before);
  for (const { sourceClaim } of clone.disks) {
    const claim = await stage.get(Kinds.PersistentVolumeClaim, { ...clone.source, name: sourceClaim });
    expect(claim?.metadata.deletionTimestamp).toBeUndefined();
  }
});

test('of a clone of which nothing was made it writes nothing', async () => {
  const clone = await StagedClone.of(stage, 'nothing', { power: { runStrategy: 'Halted' } });
  const writes = await stage.writesOf(async () => {
    expect(await stage.run('deleteTarget', { ...clone.scope, record: undefined })).toEqual({ uids: [] });
  });
  expect(writes).toEqual([]);
});

test('of a clone that was half made it deletes what there is, the frozen plan too', async () => {
  const clone = await (await source('half')).off();
  await stage.crash('createTarget', clone.createInput, 3, 'lost');
  await stage.run('deleteTarget', clone.scope);
  await untilNoTrace(clone);
});

test('a VM that may not be deleted: said at once, and everything else goes', async () => {
  const clone = await (await source('refused')).off();
  await stage.crash('createTarget', clone.createInput, 3, 'lost');
  const plan = { ...clone.source, name: frozenPlanName(clone.input.cloneUid) };
  expect(await stage.get(Kinds.ControllerRevision, plan)).toBeDefined();
  const allow = refuse(stage.environment, (request) => concerns(request, 'DELETE', clone.target));
  await expect(stage.run('deleteTarget', clone.scope)).rejects.toMatchObject(
    finalFailure('Forbidden', 'The cluster refused: admission webhook'),
  );
  expect(await stage.get(Kinds.ControllerRevision, plan)).toBeUndefined();
  allow();
  await stage.run('deleteTarget', clone.scope);
  await untilNoTrace(clone);
});

test('run twice: nothing written again', async () => {
  const clone = await copying('twice');
  await stage.run('deleteTarget', clone.scope);
  const writes = await stage.writesOf(() => stage.run('deleteTarget', clone.scope));
  expect(writes).toEqual([]);
});

test('the attempt after keeps the uids that the one before has seen', async () => {
  const clone = await copying('resumed');
  const heartbeatDetails = { uids: ['seen-before'] };
  const { uids } = await stage.run('deleteTarget', clone.scope, { heartbeatDetails });
  expect(uids).toEqual(expect.arrayContaining(['seen-before', clone.record.dataVolumes[0]?.uid]));
});

test.each(crashesAt(2))('its process ends at write %i, %s: the next attempt goes on', async (write, how) => {
  const clone = await (await source(`crash-${write}-${how}`)).off();
  await stage.crash('createTarget', clone.createInput, 4, 'lost');
  await stage.crash('deleteTarget', clone.scope, write, how);
  await stage.run('deleteTarget', clone.scope);
  await untilNoTrace(clone);
});

test('cancelled before it deletes anything: everything stays', async () => {
  const clone = await copying('cancelled');
  const run = stage.start('deleteTarget', clone.scope);
  run.cancel();
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect((await clone.targetVm())?.metadata.deletionTimestamp).toBeUndefined();
});

test('a target that lost its mark: gone, for the run that made it', async () => {
  const clone = await copying('unmarked');
  const annotations = { [MARKS.inProgress]: null, [MARKS.startStrategy]: null };
  await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.target, {
    metadata: { annotations },
  });
  await stage.run('deleteTarget', { ...clone.scope, runId: clone.runId });
  await untilNoTrace(clone);
});

test('a claim whose DataVolume somebody deleted without it', async () => {
  const clone = await copying('abandoned');
  const { client, caches } = stage.environment;
  await client.delete(Kinds.DataVolume, clone.diskRef('data'), { propagationPolicy: 'Orphan' });
  await stage.environment.until(caches.dataVolumes, clone.diskRef('data'), (each) => each === undefined);
  expect(await stage.get(Kinds.PersistentVolumeClaim, clone.diskRef('data'))).toBeDefined();
  await stage.run('deleteTarget', { ...clone.scope, record: undefined });
  await untilNoTrace(clone);
});

test('a disk of another name that our VM owns goes with it, and is waited for', async () => {
  const clone = await copying('renamed');
  const { uids } = await stage.run('deleteTarget', { ...clone.scope, disks: [] });
  expect(uids).toEqual(expect.arrayContaining(clone.record.dataVolumes.map(({ uid }) => uid)));
  await untilNoTrace(clone);
});

describe('what is not ours survives', () => {
  test.each<[string, Kind, string, object]>([
    ['vm', Kinds.VirtualMachine, '', VM],
    ['data-volume', Kinds.DataVolume, '-root', { source: { blank: {} }, pvc: CLAIM }],
    ['claim', Kinds.PersistentVolumeClaim, '-root', CLAIM],
  ])('a %s of the same name', async (name, kind, disk, spec) => {
    const clone = await (await source(`their-${name}`)).off();
    const ref = { ...clone.target, name: `${clone.target.name}${disk}` };
    await make(kind, ref, spec);
    const writes = await stage.writesOf(async () => {
      await stage.run('deleteTarget', { ...clone.scope, record: undefined });
    });
    expect(writes.filter((write) => !write.includes('controllerrevisions'))).toEqual([]);
    const after = await stage.get(kind, ref);
    expect(after).toBeDefined();
    expect(after?.metadata.deletionTimestamp).toBeUndefined();
  });

  test.each<[string, (clone: StagedClone) => object]>([
    [
      'another-run',
      ({ owner }) => ({ [MARKS.cloneUid]: 'another-run', [MARKS.installation]: owner.installation }),
    ],
    [
      'another-installation',
      ({ owner }) => ({ [MARKS.cloneUid]: owner.cloneUid, [MARKS.installation]: 'another' }),
    ],
  ])('a clone of %s', async (name, labelsOf) => {
    const clone = await (await source(`of-${name}`)).off();
    await make(Kinds.VirtualMachine, clone.target, VM, labelsOf(clone) as Record<string, string>);
    await stage.run('deleteTarget', { ...clone.scope, record: undefined });
    expect((await clone.targetVm())?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a VM with our marks and another uid than the recorded one', async () => {
    const clone = await copying('forged');
    const record = { ...clone.record, vmUid: 'of-the-first' };
    await stage.run('deleteTarget', { ...clone.scope, record });
    const vm = await clone.targetVm();
    expect(vm?.metadata.uid).toBe(clone.record.vmUid);
    expect(vm?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a clone that is finished, with its disks', async () => {
    const power = { runStrategy: 'Halted' };
    const clone = await (await StagedClone.of(stage, 'finished', { disks: DISKS, power })).copied();
    await stage.run('finishTarget', clone.finishInput);
    const writes = await stage.writesOf(async () => {
      await stage.run('deleteTarget', clone.scope);
      await stage.run('deleteTarget', { ...clone.scope, disks: [] });
      await stage.run('deleteTarget', { ...clone.scope, runId: 'of-the-run-after-a-reset' });
    });
    expect(writes).toEqual([]);
    expect((await clone.targetVm())?.metadata.deletionTimestamp).toBeUndefined();
    expect((await clone.dataVolume('root'))?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a VM that has taken the name between reading and deleting', async () => {
    const clone = await copying('swapped');
    const { client } = stage.environment;
    stage.onWrite(async (write) => {
      if (write > 1) return;
      await client.delete(Kinds.VirtualMachine, clone.target);
      await stage.environment.untilVm(clone.target, (vm) => vm === undefined);
      await make(Kinds.VirtualMachine, clone.target, VM);
    });
    await stage.run('deleteTarget', clone.scope);
    const vm = await clone.targetVm();
    expect(vm).toBeDefined();
    expect(vm?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('a claim that stands in for our DataVolume’s: the DataVolume goes without it', async () => {
    const clone = await copying('stranger');
    const ref = clone.diskRef('data');
    await stage.environment.client.patchMerge(Kinds.PersistentVolumeClaim, ref, {
      metadata: { annotations: { 'cdi.kubevirt.io/createdForDataVolume': 'of-another' } },
    });
    await stage.run('deleteTarget', clone.scope);
    await stage.environment.until(
      stage.environment.caches.dataVolumes,
      ref,
      (dataVolume) => dataVolume === undefined,
    );
    await stage.environment.untilVm(clone.target, (vm) => vm === undefined);
    const claim = await stage.environment.poll(async () => {
      const found = await stage.get(Kinds.PersistentVolumeClaim, ref);
      return found?.metadata.ownerReferences?.length ? undefined : { found };
    });
    expect(claim.found).toBeDefined();
    expect(claim.found?.metadata.deletionTimestamp).toBeUndefined();
  });
});

test('copy pods that do not go hold it up no longer than they may', async () => {
  const clone = await copying('held');
  const deps = { ...stage.deps, limits: { ...stage.deps.limits, copyPodsGone: 300 } };
  const finalizers = ['example.org/held'];
  const { items } = await stage.environment.client.list(Kinds.Pod, { namespace: clone.source.namespace });
  const pods = items.filter(({ metadata }) => /-source-pod$|^cdi-upload-/.test(metadata.name));
  const hold = (value: string[] | null) =>
    Promise.all(
      pods.map(({ metadata: { namespace, name } }) =>
        stage.environment.client
          .patchMerge(Kinds.Pod, { namespace, name }, { metadata: { finalizers: value } })
          .catch(() => undefined),
      ),
    );
  await hold(finalizers);
  await stage.run('deleteTarget', clone.scope, { deps });
  expect((await traces(clone)).some((trace) => trace.startsWith('Pod'))).toBe(true);
  await hold(null);
  await untilNoTrace(clone);
});

test('caches that know nothing of the clone: it is deleted all the same', async () => {
  const deps = await stage.staleDeps();
  const clone = await copying('unseen');
  await stage.run('deleteTarget', clone.scope, { deps });
  await untilNoTrace(clone);
});
