import { SimKinds, type VolumeSnapshot } from '../../../simulator/controllers/kinds';
import type { ClaimSpec, PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound, storage } from '../disks';

let cluster: DiskCluster;
beforeEach(async () => {
  cluster = await DiskCluster.start();
});
afterEach(() => cluster.close());

const inDemo = (name: string) => ({ namespace: 'demo', name });
const SOURCE_PROTECTION = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';

const makeClaim = (name: string, storageClass = 'snap', more: Partial<ClaimSpec> = {}, size = '2Gi') =>
  cluster.client.create(Kinds.PersistentVolumeClaim, {
    metadata: inDemo(name),
    spec: { ...storage(size, storageClass), ...more },
  });
const boundClaim = async (name: string, storageClass?: string) => {
  await makeClaim(name, storageClass);
  return cluster.until(Kinds.PersistentVolumeClaim, inDemo(name), isBound);
};
const snapshotOf = (claim: string, name: string, steering?: string, className?: string) =>
  cluster.client.create(SimKinds.VolumeSnapshot, {
    metadata: {
      ...inDemo(name),
      ...(steering && { annotations: { 'simulator.vm-clone.io/snapshot': steering } }),
    },
    spec: { source: { persistentVolumeClaimName: claim }, volumeSnapshotClassName: className },
  });
const untilSnapshot = (name: string, wanted: (status: NonNullable<VolumeSnapshot['status']>) => boolean) =>
  cluster.until(
    SimKinds.VolumeSnapshot,
    inDemo(name),
    ({ status }) => status !== undefined && wanted(status),
  );
const isReady = ({ readyToUse }: NonNullable<VolumeSnapshot['status']>) => readyToUse === true;
const restored = (name: string) => ({
  dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name },
});

test('a claim is restored from a snapshot with what was on its source at the cut', async () => {
  const source = await boundClaim('src');
  await cluster.writeContent(source, 'before');
  await snapshotOf('src', 'snap', undefined, 'snapshots');
  await untilSnapshot('snap', isReady);
  await cluster.writeContent(source, 'after');
  await makeClaim('copy', 'snap', restored('snap'), '3Gi');
  const copy = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('copy'), isBound);
  expect(await cluster.contentOf(copy)).toBe('before');
  expect(copy.status?.capacity).toEqual({ storage: '3Gi' });
});

test('a snapshot outlives its source, which is held only while it is taken', async () => {
  await boundClaim('src');
  await snapshotOf('src', 'snap', 'never-ready', 'snapshots');
  await untilSnapshot('snap', ({ creationTime }) => creationTime !== undefined);
  await cluster.client.delete(Kinds.PersistentVolumeClaim, inDemo('src'));
  const isHeldBySnapshotAlone = ({ metadata }: PersistentVolumeClaim) =>
    metadata.finalizers?.join() === SOURCE_PROTECTION;
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('src'), isHeldBySnapshotAlone);
  const annotations = { 'simulator.vm-clone.io/snapshot': null };
  await cluster.client.patchMerge(SimKinds.VolumeSnapshot, inDemo('snap'), { metadata: { annotations } });
  await untilSnapshot('snap', isReady);
  await cluster.untilGone(Kinds.PersistentVolumeClaim, inDemo('src'));
  await makeClaim('copy', 'snap', restored('snap'));
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('copy'), isBound);
});

test('its deletion takes its content along, unless its class retains that', async () => {
  await boundClaim('src');
  await cluster.client.create(SimKinds.VolumeSnapshotClass, {
    metadata: { name: 'keep' },
    driver: 'snap.csi',
    deletionPolicy: 'Retain',
  });
  const contents: string[] = [];
  for (const [name, className] of [
    ['goes', 'snapshots'],
    ['stays', 'keep'],
  ] as const) {
    await snapshotOf('src', name, undefined, className);
    const { status } = await untilSnapshot(name, isReady);
    contents.push(status?.boundVolumeSnapshotContentName ?? '');
    await cluster.client.delete(SimKinds.VolumeSnapshot, inDemo(name));
    await cluster.untilGone(SimKinds.VolumeSnapshot, inDemo(name));
  }
  const left = (await cluster.client.list(SimKinds.VolumeSnapshotContent)).items;
  expect(left.map(({ metadata }) => metadata.name)).toEqual(contents.slice(1));
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['a class that there is not', () => snapshotOf('src', 'bad', undefined, 'nowhere'), /"nowhere" not found$/],
  ['no default class', () => snapshotOf('src', 'bad'), /cannot find default snapshot class$/],
  [
    'a source that there is not',
    () => snapshotOf('nobody', 'bad', undefined, 'snapshots'),
    /nobody not found$/,
  ],
  [
    'a source without a volume',
    async () => {
      await makeClaim('unbound', 'snap-late');
      await snapshotOf('unbound', 'bad', undefined, 'snapshots');
    },
    /the PVC unbound is not yet bound to a PV/,
  ],
])('a snapshot of %s has that for its error', async (_what, make, message) => {
  await boundClaim('src');
  await make();
  const { status } = await untilSnapshot('bad', ({ error }) => error !== undefined);
  expect(status).toMatchObject({ readyToUse: false, error: { message: expect.stringMatching(message) } });
});

test('the default class of the driver is taken when none is named, and an error goes when its cause does', async () => {
  await boundClaim('src');
  await snapshotOf('src', 'snap');
  await untilSnapshot('snap', ({ error }) => error !== undefined);
  const annotations = { 'snapshot.storage.kubernetes.io/is-default-class': 'true' };
  await cluster.client.patchMerge(
    SimKinds.VolumeSnapshotClass,
    { name: 'snapshots' },
    { metadata: { annotations } },
  );
  const { status } = await untilSnapshot('snap', isReady);
  expect(status?.error).toBeUndefined();
});

test.each<[string, () => Promise<unknown>]>([
  ['smaller than the snapshot', () => makeClaim('bad', 'snap', restored('snap'), '1Gi')],
  ['of another driver', () => makeClaim('bad', 'csi', restored('snap'))],
  ['of a snapshot that there is not', () => makeClaim('bad', 'snap', restored('nothing'))],
])('a claim %s is not provisioned', async (_what, make) => {
  await boundClaim('src');
  await snapshotOf('src', 'snap', undefined, 'snapshots');
  await untilSnapshot('snap', isReady);
  await make();
  await boundClaim('witness');
  const bad = await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('bad'));
  expect(bad?.status?.phase).toBe('Pending');
});

test('storage stopped and started while a snapshot is taken: it is taken', async () => {
  await boundClaim('src');
  await snapshotOf('src', 'snap', 'never', 'snapshots');
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('src'), ({ metadata }) =>
    Boolean(metadata.finalizers?.includes(SOURCE_PROTECTION)),
  );
  await cluster.stopPart('storage');
  const annotations = { 'simulator.vm-clone.io/snapshot': null };
  await cluster.client.patchMerge(SimKinds.VolumeSnapshot, inDemo('snap'), { metadata: { annotations } });
  await cluster.startPart('storage');
  await untilSnapshot('snap', isReady);
});
