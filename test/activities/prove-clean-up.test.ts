import type { DataVolume } from '../../src/clone';
import { type Kind, Kinds } from '../../src/kubernetes';
import type { Clone } from '../support/environment';
import { tracesOf } from '../support/invariants';
import { crashesAt, finalFailure, type Run, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage();
const FINALIZER = 'example.org/held';
const CLAIM = {
  accessModes: ['ReadWriteOnce'],
  storageClassName: 'csi',
  resources: { requests: { storage: '1Gi' } },
};

/** A clone whose disk is there. */
async function created(name: string): Promise<StagedClone> {
  const clone = await (await StagedClone.of(stage, name, { power: { runStrategy: 'Halted' } })).created();
  const { environment } = stage;
  await environment.until(environment.caches.dataVolumes, clone.diskRef('root'), isCopied);
  return clone;
}

const isCopied = (dataVolume: DataVolume | undefined) => dataVolume?.status?.phase === 'Succeeded';
const inTime = (clone: StagedClone) => ({ ...clone.scope, deadline: Date.now() + 20_000 });
const soon = (clone: StagedClone) => ({ ...clone.scope, deadline: Date.now() + 300 });
const traces = ({ input }: StagedClone) => tracesOf(stage.environment, { input } as Clone);

/** Somebody's finalizer, which keeps the target's VM from going. */
function hold({ target }: StagedClone, finalizers: string[] | null = [FINALIZER]) {
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, target, { metadata: { finalizers } });
}

test('of a clone that is gone: proved at once, without a write', async () => {
  const clone = await created('gone');
  await stage.run('deleteTarget', clone.scope);
  await stage.run('proveCleanUp', inTime(clone));
  const writes = await stage.writesOf(() => stage.run('proveCleanUp', inTime(clone)));
  expect(writes).toEqual([]);
  expect(await traces(clone)).toEqual([]);
});

test('goes on deleting what an earlier step could not', async () => {
  const clone = await created('unfinished');
  await stage.run('proveCleanUp', inTime(clone));
  expect(await traces(clone)).toEqual([]);
});

test('what it has learnt of an earlier run’s disks goes out before it deletes any', async () => {
  const clone = await created('learnt');
  const said: unknown[] = [];
  let run: Run<void> | undefined;
  stage.onWrite((write) => {
    if (write === 1) said.push(...(run?.heartbeats ?? []));
  });
  run = stage.start('proveCleanUp', { ...inTime(clone), record: undefined });
  await run.ended;
  const uids = clone.record.dataVolumes.map(({ uid }) => uid);
  expect(said).toEqual([expect.objectContaining({ uids: expect.arrayContaining(uids) })]);
});

test('waits for what is held, and says meanwhile what', async () => {
  const clone = await created('held');
  await hold(clone);
  const run = stage.start('proveCleanUp', inTime(clone));
  const left = () => (run.heartbeats.at(-1) as { left: string[] } | undefined)?.left ?? [];
  await stage.environment.poll(async () => left().includes('VirtualMachine demo/held-clone') || undefined);
  await hold(clone, null);
  await run.ended;
  expect(await traces(clone)).toEqual([]);
});

test('at the deadline: CleanupIncomplete, with what is left and where to look', async () => {
  const clone = await created('stuck');
  await hold(clone);
  await expect(stage.run('proveCleanUp', soon(clone))).rejects.toMatchObject(
    finalFailure(
      'CleanupIncomplete',
      /demo\/stuck-clone there is still left: .*VirtualMachine demo\/stuck-clone.* See which finalizer/,
    ),
  );
  await hold(clone, null);
});

test.each(crashesAt(1))(
  'its process ends at write %i, %s: the next attempt proves it',
  async (write, how) => {
    const clone = await created(`crash-${how}`);
    await stage.crash('proveCleanUp', inTime(clone), write, how);
    await stage.run('proveCleanUp', inTime(clone));
    expect(await traces(clone)).toEqual([]);
  },
);

test('cancelled while it waits: it ends, and deletes nothing any more', async () => {
  const clone = await created('cancelled');
  await hold(clone);
  const run = stage.start('proveCleanUp', inTime(clone));
  await stage.environment.untilVm(clone.target, (vm) => vm?.metadata.deletionTimestamp !== undefined);
  run.cancel();
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  const writes = await stage.writesOf(() => hold(clone, null));
  expect(writes).toEqual([]);
});

test.each<[string, Kind, string, object]>([
  [
    'vm',
    Kinds.VirtualMachine,
    '',
    { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
  ],
  ['data-volume', Kinds.DataVolume, '-root', { source: { blank: {} }, pvc: CLAIM }],
  ['claim', Kinds.PersistentVolumeClaim, '-root', CLAIM],
])('a %s of somebody else is no remains of ours, and stays', async (name, kind, disk, spec) => {
  const clone = await (
    await StagedClone.of(stage, `their-${name}`, { power: { runStrategy: 'Halted' } })
  ).off();
  const ref = { ...clone.target, name: `${clone.target.name}${disk}` };
  await stage.environment.client.create(kind, { metadata: ref, spec } as never);
  await stage.run('proveCleanUp', { ...inTime(clone), record: undefined });
  expect((await stage.get(kind, ref))?.metadata.deletionTimestamp).toBeUndefined();
  expect(asWritten(await stage.get(kind, ref))).toBeDefined();
});

test('a temporary object that only the uids tell of is waited for', async () => {
  const clone = await created('temporary');
  const { uids } = await stage.run('deleteTarget', clone.scope);
  const ref = { namespace: 'demo', name: `tmp-pvc-${uids[0]}` };
  await stage.environment.client.create(Kinds.PersistentVolumeClaim, { metadata: ref, spec: CLAIM });
  await expect(stage.run('proveCleanUp', { ...soon(clone), uids })).rejects.toMatchObject(
    finalFailure('CleanupIncomplete', `PersistentVolumeClaim demo/${ref.name}`),
  );
});

describe('caches that are behind', () => {
  test('and still show what is gone: no false failure', async () => {
    const clone = await created('seen-for-ever');
    const deps = await stage.staleDeps();
    await stage.run('proveCleanUp', inTime(clone));
    await stage.run('proveCleanUp', soon(clone), { deps });
  });

  test('and do not show what is left: nothing is proved', async () => {
    const deps = await stage.staleDeps();
    const clone = await created('unseen');
    await hold(clone);
    await expect(stage.run('proveCleanUp', soon(clone), { deps })).rejects.toMatchObject(
      finalFailure('CleanupIncomplete', 'VirtualMachine demo/unseen-clone'),
    );
    await hold(clone, null);
  });
});
