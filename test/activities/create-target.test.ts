import { forbidden } from '../../simulator/apiserver';
import type { VirtualMachine } from '../../src/clone';
import { frozenPlanName, IN_PROGRESS, MARKS } from '../../src/contract';
import { type Kind, Kinds } from '../../src/kubernetes';
import type { MachineOptions } from '../support/machines';
import { crashesAt, finalFailure, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage();
const OFF: MachineOptions = { power: { runStrategy: 'Halted' }, disks: [{ name: 'root' }, { name: 'data' }] };
const CLAIM = {
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'csi',
  resources: { requests: { storage: '1Gi' } },
};

async function ready(name: string, options: MachineOptions = OFF): Promise<StagedClone> {
  return (await StagedClone.of(stage, name, options)).off();
}

function frozen({ source, input }: StagedClone) {
  return stage.get(Kinds.ControllerRevision, { ...source, name: frozenPlanName(input.cloneUid) });
}

/** Another's object; `spec` as far as its kind needs one. */
function make(kind: Kind, ref: object, spec: object, labels: Record<string, string> = {}) {
  return stage.environment.client.create(kind, { metadata: { ...ref, labels }, spec } as never);
}

const VM = { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } };

test('makes the VM, off and in progress, with its disks owned by it; the frozen plan goes', async () => {
  const clone = await ready('made');
  const record = await stage.run('createTarget', clone.createInput);
  const vm = (await clone.targetVm()) as VirtualMachine;
  expect(vm.spec.runStrategy).toBe('Halted');
  expect(vm.metadata.annotations).toMatchObject({
    [MARKS.inProgress]: IN_PROGRESS.copying,
    [MARKS.source]: 'demo/made',
    [MARKS.workflowId]: 'clone/demo/made-clone',
    [MARKS.startStrategy]: 'Always',
  });
  const dataVolumes = await Promise.all(['root', 'data'].map((disk) => clone.dataVolume(disk)));
  expect(record).toEqual({
    vmUid: vm.metadata.uid,
    dataVolumes: dataVolumes.map((each) => ({ name: each?.metadata.name, uid: each?.metadata.uid })),
  });
  for (const each of dataVolumes) {
    expect(each?.metadata.ownerReferences).toMatchObject([{ kind: 'VirtualMachine', uid: vm.metadata.uid }]);
    expect(each?.metadata.labels).toMatchObject({ [MARKS.cloneUid]: clone.input.cloneUid });
  }
  expect(await frozen(clone)).toBeUndefined();
});

test('makes what was locked, whatever the source has become since', async () => {
  const clone = await ready('edited');
  await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.source, {
    spec: { template: { spec: { domain: { memory: { guest: '8Gi' } } } } },
  });
  await stage.run('createTarget', clone.createInput);
  expect((await clone.targetVm())?.spec.template.spec.domain.memory).toEqual({ guest: '1Gi' });
});

test('run twice: the same record, nothing written again', async () => {
  const clone = await ready('twice');
  const record = await stage.run('createTarget', clone.createInput);
  const writes = await stage.writesOf(async () => {
    expect(await stage.run('createTarget', clone.createInput)).toEqual(record);
  });
  expect(writes).toEqual([]);
});

test.each(crashesAt(4))(
  'its process ends at write %i, %s: the next attempt adopts what is there',
  async (write, how) => {
    const clone = await ready(`crash-${write}-${how}`);
    await stage.crash('createTarget', clone.createInput, write, how);
    const adopted = [await clone.targetVm(), await clone.dataVolume('root'), await clone.dataVolume('data')];
    const there = how === 'taken' ? write : write - 1;
    expect(adopted.filter((each) => each).length).toBe(Math.min(there, 3));

    const record = await stage.run('createTarget', clone.createInput);

    const uids = [record.vmUid, ...record.dataVolumes.map(({ uid }) => uid)];
    for (const [index, each] of adopted.entries()) if (each) expect(uids[index]).toBe(each.metadata.uid);
    expect((await clone.targetVm())?.metadata.uid).toBe(record.vmUid);
    expect(record.dataVolumes.map(({ name }) => name)).toEqual(
      clone.disks.map(({ dataVolume }) => dataVolume),
    );
    expect(await frozen(clone)).toBeUndefined();
  },
);

test('cancelled when it has made the VM: no disk is made any more', async () => {
  const clone = await ready('cancelled');
  const run = stage.start('createTarget', clone.createInput);
  stage.onWrite(() => run.cancel());
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  await stage.environment.untilVm(clone.target, (vm) => vm !== undefined);
  expect(await clone.dataVolume('root')).toBeUndefined();
  expect(await frozen(clone)).toBeDefined();
});

describe('a name that is taken: NameTaken, and what has it stays as it is', () => {
  test.each<[string, Kind, string, object, RegExp]>([
    [
      'vm',
      Kinds.VirtualMachine,
      '',
      VM,
      /VirtualMachine demo\/by-vm-clone exists and is not ours: choose another name/,
    ],
    [
      'data-volume',
      Kinds.DataVolume,
      '-root',
      { source: { blank: {} }, pvc: CLAIM },
      /by-data-volume-clone-root.*choose another name/,
    ],
    ['claim', Kinds.PersistentVolumeClaim, '-data', CLAIM, /by-claim-clone-data.*choose another name/],
  ])('by a %s', async (by, kind, disk, spec, message) => {
    const clone = await ready(`by-${by}`);
    const ref = { ...clone.target, name: `${clone.target.name}${disk}` };
    const before = asWritten(await make(kind, ref, spec));
    await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject(
      finalFailure('NameTaken', message),
    );
    const after = asWritten(await stage.get(kind, ref));
    expect(after).toMatchObject({
      uid: before?.uid,
      labels: before?.labels ?? undefined,
      deletionTimestamp: undefined,
    });
  });

  test.each<[string, (clone: StagedClone) => Record<string, string>]>([
    [
      'another-installation',
      ({ input }) => ({ [MARKS.cloneUid]: input.cloneUid, [MARKS.installation]: 'another' }),
    ],
    [
      'an-earlier-run',
      ({ input }) => ({ [MARKS.cloneUid]: 'earlier', [MARKS.installation]: input.installation }),
    ],
  ])('by a clone of %s', async (whose, labels) => {
    const clone = await ready(`by-${whose}`);
    const { uid } = (await make(Kinds.VirtualMachine, clone.target, VM, labels(clone))).metadata;
    await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject({ type: 'NameTaken' });
    expect((await clone.targetVm())?.metadata).toMatchObject({ uid, labels: labels(clone) });
    expect(await clone.dataVolume('root')).toBeUndefined();
  });

  test('by what was ours and is being deleted', async () => {
    const clone = await ready('leaving');
    await stage.crash('createTarget', clone.createInput, 2, 'lost');
    const finalizers = ['example.org/held'];
    await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.target, {
      metadata: { finalizers },
    });
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.target);
    await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject({ type: 'NameTaken' });
    expect(await clone.dataVolume('root')).toBeUndefined();
    await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.target, {
      metadata: { finalizers: null },
    });
  });
});

describe('final failures', () => {
  test('the plan went with the source: SourceDeleted, nothing made', async () => {
    const clone = await ready('gone');
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
    await stage.environment.poll(async () => ((await frozen(clone)) === undefined ? true : undefined));
    await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject(
      finalFailure('SourceDeleted', 'was gone deleted'),
    );
    expect(await clone.targetVm()).toBeUndefined();
  });

  test('the cluster forbids it: Forbidden, in its own words', async () => {
    const clone = await ready('quota');
    stage.onWrite((write, { kind, name }) => {
      if (write === 2) throw forbidden(kind, name, 'exceeded quota: disks');
    });
    await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject(
      finalFailure('Forbidden', /The cluster refused: .*exceeded quota: disks/),
    );
  });
});

test('caches that know nothing make no difference', async () => {
  const deps = await stage.staleDeps();
  const clone = await ready('unseen');
  await stage.run('createTarget', clone.createInput, { deps });
  expect(await clone.dataVolume('data')).toBeDefined();
  expect(await stage.run('createTarget', clone.createInput, { deps })).toBeDefined();
});
