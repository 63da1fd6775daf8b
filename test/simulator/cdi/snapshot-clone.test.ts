import { SimKinds } from '../../../simulator/controllers/kinds';
import type { KubernetesResource } from '../../../src/clone/resources';
import { type Kind, Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound } from '../disks';

let cluster: DiskCluster;
beforeEach(async () => {
  cluster = await DiskCluster.start();
});
afterEach(() => cluster.close());

const inDemo = (name: string) => ({ namespace: 'demo', name });
const snap = { storageClass: 'snap' };
const fault = (value: string) => ({ annotations: { 'simulator.vm-clone.io/snapshot': value } });

/** The temporary claim and the snapshot of the clone `name`, by the names that CDI gives them. */
async function temporaries(name: string, namespace = 'demo') {
  const { metadata } = await cluster.until(Kinds.PersistentVolumeClaim, { namespace, name }, () => true);
  return { uid: metadata.uid, claim: `tmp-pvc-${metadata.uid}`, snapshot: `tmp-snapshot-${metadata.uid}` };
}

function untilEvent(reason: string): Promise<void> {
  return cluster.untilTrue(Kinds.Event, async () =>
    (await cluster.client.list(Kinds.Event)).items.some((event) => event.reason === reason),
  );
}

async function namesOf(kind: Kind<KubernetesResource>): Promise<string[]> {
  return (await cluster.client.list(kind)).items.map(({ metadata }) => metadata.name).sort();
}

/** Resolves when of all that a snapshot copy makes nothing but those claims is left, in any namespace. */
async function untilOnly(...claims: string[]): Promise<void> {
  await cluster.untilTrue(
    Kinds.PersistentVolumeClaim,
    async () => (await namesOf(Kinds.PersistentVolumeClaim)).join() === claims.sort().join(),
  );
  await cluster.untilTrue(
    SimKinds.PersistentVolume,
    async () => (await namesOf(SimKinds.PersistentVolume)).length === claims.length,
  );
  for (const kind of [SimKinds.VolumeSnapshot, SimKinds.VolumeSnapshotContent, Kinds.Pod] as Kind[]) {
    await cluster.untilTrue(kind, async () => (await namesOf(kind)).length === 0);
  }
}

test('goes through the phases of a clone by way of a snapshot, with their objects, in their order', async () => {
  await cluster.makeDisk('src', { ...snap, content: 'a system' });
  const recording = await cluster.record();
  await cluster.clone('src', 'c1', snap);
  const { claim, snapshot } = await temporaries('c1');
  await cluster.untilPhase('c1', 'Succeeded');
  await cluster.untilGone(SimKinds.VolumeSnapshot, inDemo(snapshot));
  const phases = recording.field('DV', 'c1', 'phase');
  const passing = ['Pending', 'PrepClaimInProgress', 'RebindInProgress'];
  expect(phases.filter((phase) => !passing.includes(phase))).toEqual([
    '',
    'CloneScheduled',
    'SnapshotForSmartCloneInProgress',
    'CloneFromSnapshotSourceInProgress',
    'Succeeded',
  ]);
  expect(recording.field('DV', 'c1', 'progress')).toEqual(['', 'N/A', '100.0%']);
  expect(recording.lines.filter((line) => line.startsWith('Pod'))).toEqual([]);
  const order = [
    'DV c1 phase= ',
    `Snapshot ${snapshot} cut=no ready=false`,
    `Snapshot ${snapshot} cut=yes ready=false`,
    `Snapshot ${snapshot} cut=yes ready=true`,
    `PVC ${claim} phase=Pending volume=no source=VolumeSnapshot`,
    `PVC ${claim} phase=Bound`,
    'PVC c1 phase=Pending volume=yes',
    'PVC c1 phase=Bound',
    `Snapshot ${snapshot} GONE`,
  ].map((line) => recording.at(line));
  expect([...order].sort((a, b) => a - b)).toEqual(order);
  const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(await cluster.contentOf(clone)).toBe('a system');
  await untilOnly('src', 'c1');
});

test('marks the snapshot as CDI does, and storage gives it its content and protects both', async () => {
  await cluster.makeDisk('src', { ...snap, size: '2Gi' });
  await cluster.clone('src', 'c1', { ...snap, size: '2Gi', ...fault('never-ready') });
  const { uid, snapshot } = await temporaries('c1');
  const made = await cluster.until(
    SimKinds.VolumeSnapshot,
    inDemo(snapshot),
    ({ status }) => status?.creationTime !== undefined,
  );
  expect(made).toMatchObject({
    metadata: {
      labels: { app: 'containerized-data-importer', 'cdi.kubevirt.io/OwnedByUID': uid },
      finalizers: [
        'snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection',
        'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection',
      ],
    },
    spec: { source: { persistentVolumeClaimName: 'src' }, volumeSnapshotClassName: 'snapshots' },
    status: {
      boundVolumeSnapshotContentName: `snapcontent-${made.metadata.uid}`,
      readyToUse: false,
      restoreSize: '2Gi',
    },
  });
  const content = await cluster.client.get(SimKinds.VolumeSnapshotContent, {
    name: made.status?.boundVolumeSnapshotContentName ?? '',
  });
  expect(content).toMatchObject({
    metadata: { finalizers: ['snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'] },
    spec: { driver: 'snap.csi', deletionPolicy: 'Delete', volumeSnapshotRef: { uid: made.metadata.uid } },
    status: { restoreSize: 2 * 2 ** 30, readyToUse: false },
  });
  const source = await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('src'));
  expect(source?.metadata.finalizers).toContain('snapshot.storage.kubernetes.io/pvc-as-source-protection');
});

test('the clone holds what was on the source at the cut', async () => {
  const disk = await cluster.makeDisk('src', { ...snap, content: 'before' });
  const slow = { annotations: { 'simulator.vm-clone.io/copy-seconds': '0.3' } };
  await cluster.clone('src', 'c1', { ...snap, ...slow });
  await cluster.untilPhase('c1', 'CloneFromSnapshotSourceInProgress');
  await cluster.writeContent(disk, 'after');
  await cluster.untilPhase('c1', 'Succeeded');
  const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(await cluster.contentOf(clone)).toBe('before');
});

test('a larger clone is restored in the size of the snapshot and grown by a prep pod', async () => {
  await cluster.makeDisk('src', { ...snap, size: '1Gi' });
  const recording = await cluster.record();
  await cluster.clone('src', 'c1', { ...snap, size: '3Gi' });
  const { uid } = await temporaries('c1');
  await cluster.untilPhase('c1', 'Succeeded');
  expect(recording.field('DV', 'c1', 'phase')).toContain('PrepClaimInProgress');
  expect(recording.at(`Pod prep-${uid} phase=Succeeded`)).toBeGreaterThan(0);
  const { status } = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(status?.capacity).toEqual({ storage: '3Gi' });
});

test('takes no snapshot while a pod uses the source, says so, and goes on when the pod is gone', async () => {
  await cluster.makeDisk('src', snap);
  await cluster.usePod('virt-launcher-src', 'src');
  await cluster.clone('src', 'c1', snap);
  const { snapshot } = await temporaries('c1');
  await cluster.untilPhase('c1', 'SnapshotForSmartCloneInProgress');
  await untilEvent('CloneSourceInUse');
  expect(await cluster.client.get(SimKinds.VolumeSnapshot, inDemo(snapshot))).toBeUndefined();
  await cluster.endPod('virt-launcher-src');
  await cluster.untilPhase('c1', 'Succeeded');
});

test('a class that waits for its consumer: the snapshot waits too', async () => {
  await cluster.makeDisk('src', { storageClass: 'snap-late', content: 'a system' });
  await cluster.clone('src', 'c1', { storageClass: 'snap-late' });
  await cluster.untilPhase('c1', 'PendingPopulation');
  expect(await namesOf(SimKinds.VolumeSnapshot)).toEqual([]);
  await cluster.client.create(Kinds.Pod, {
    metadata: inDemo('consumer'),
    spec: {
      containers: [{ name: 'compute', image: 'launcher' }],
      volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'c1' } }],
    },
  });
  await cluster.untilPhase('c1', 'Succeeded');
  const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(await cluster.contentOf(clone)).toBe('a system');
});

test.each([
  ['never', 'SnapshotForSmartCloneInProgress', undefined],
  ['never-ready', 'CloneFromSnapshotSourceInProgress', undefined],
  ['fail', 'SnapshotForSmartCloneInProgress', 'SnapshotCreationFailed'],
])('a snapshot that is steered to "%s" leaves the clone in %s', async (value, phase, event) => {
  await cluster.makeDisk('src', snap);
  await cluster.clone('src', 'c1', { ...snap, ...fault(value) });
  const { snapshot } = await temporaries('c1');
  const { status } = await cluster.untilPhase('c1', phase);
  expect(status?.progress).toBe('N/A');
  if (!event) return;
  await untilEvent(event);
  const { error } = (await cluster.client.get(SimKinds.VolumeSnapshot, inDemo(snapshot)))?.status ?? {};
  expect(error?.message).toMatch(/failed to take snapshot of the volume .*storage is out of order/);
});

test.each([
  ['before the cut', 'demo', { snapshot: 'never' }],
  ['after the cut', 'demo', { snapshot: 'never-ready' }],
  ['by a failing snapshot', 'demo', { snapshot: 'fail' }],
  ['while it is restored', 'demo', { provision: 'never' }],
  ['before the cut, across namespaces', 'other', { snapshot: 'never' }],
  ['while it is restored, across namespaces', 'other', { provision: 'never' }],
])('deleted in mid-copy, %s: nothing is left', async (_when, namespace, steering) => {
  if (namespace !== 'demo') await cluster.makeNamespace(namespace);
  await cluster.makeDisk('src', snap);
  const annotations = Object.fromEntries(
    Object.entries(steering).map(([name, value]) => [`simulator.vm-clone.io/${name}`, value]),
  );
  await cluster.clone('src', 'c1', { ...snap, namespace, annotations });
  const { claim, snapshot } = await temporaries('c1', namespace);
  const isRestored = 'provision' in steering;
  await cluster.until(
    SimKinds.VolumeSnapshot,
    inDemo(snapshot),
    ({ status }) => status?.readyToUse === true || (!isRestored && status !== undefined),
  );
  if (isRestored) await cluster.until(Kinds.PersistentVolumeClaim, inDemo(claim), () => true);
  await cluster.client.delete(Kinds.DataVolume, { namespace, name: 'c1' });
  await cluster.untilGone(Kinds.DataVolume, { namespace, name: 'c1' });
  await untilOnly('src');
  const source = await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('src'));
  expect(source?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
});

test('a snapshot that is deleted while a claim is restored from it stays until that is done', async () => {
  await cluster.makeDisk('src', snap);
  const slow = { annotations: { 'simulator.vm-clone.io/copy-seconds': '0.5' } };
  await cluster.clone('src', 'c1', { ...snap, ...slow });
  const { claim, snapshot } = await temporaries('c1');
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo(claim), () => true);
  await cluster.client.delete(SimKinds.VolumeSnapshot, inDemo(snapshot));
  await untilEvent('SnapshotDeletePending');
  expect(await cluster.client.get(SimKinds.VolumeSnapshot, inDemo(snapshot))).toBeDefined();
  await cluster.untilPhase('c1', 'Succeeded');
  await untilOnly('src', 'c1');
});

describe('which snapshot class', () => {
  const addClass = (name: string, driver: string, annotations = {}) =>
    cluster.client.create(SimKinds.VolumeSnapshotClass, {
      metadata: { name, annotations },
      driver,
      deletionPolicy: 'Delete',
    });
  const strategyOf = async (name: string) => {
    const isChosen = ({ metadata }: KubernetesResource) =>
      metadata.annotations?.['cdi.kubevirt.io/cloneType'] !== undefined;
    const { metadata } = await cluster.until(Kinds.PersistentVolumeClaim, inDemo(name), isChosen);
    return {
      strategy: metadata.annotations?.['cdi.kubevirt.io/cloneType'],
      reason: metadata.annotations?.['cdi.kubevirt.io/cloneFallbackReason'],
    };
  };

  test('none of the driver: host-assisted, with the reason in an Event and on the claim', async () => {
    await cluster.makeClass('bare', { strategy: 'snapshot', provisioner: 'bare.csi' });
    await cluster.makeDisk('src', { storageClass: 'bare', content: 'a system' });
    const recording = await cluster.record();
    await cluster.clone('src', 'c1', { storageClass: 'bare' });
    expect(await strategyOf('c1')).toEqual({
      strategy: 'copy',
      reason: 'No compatible volumesnapshotclass found',
    });
    await untilEvent('NoVolumeSnapshotClass');
    await cluster.untilPhase('c1', 'Succeeded');
    expect(recording.field('DV', 'c1', 'phase')).toContain('CloneInProgress');
    const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
    expect(await cluster.contentOf(clone)).toBe('a system');
  });

  test('that of the profile: the driver’s default one, else the first by name', async () => {
    await addClass('another', 'snap.csi');
    await addClass('wrong', 'elsewhere.csi', { 'snapshot.storage.kubernetes.io/is-default-class': 'true' });
    const profiled = (snapshotClass: string) =>
      cluster.until(
        Kinds.StorageProfile,
        { name: 'snap' },
        ({ status }) => status?.snapshotClass === snapshotClass,
      );
    await profiled('another');
    await addClass('zone', 'snap.csi', { 'snapshot.storage.kubernetes.io/is-default-class': 'true' });
    await profiled('zone');
    await cluster.makeDisk('src', snap);
    await cluster.clone('src', 'c1', { ...snap, ...fault('never') });
    const { snapshot } = await temporaries('c1');
    const { spec } = await cluster.until(SimKinds.VolumeSnapshot, inDemo(snapshot), () => true);
    expect(spec.volumeSnapshotClassName).toBe('zone');
    await untilEvent('VolumeSnapshotClassSelected');
  });

  test('gone before the snapshot is made: the error stands on the claim until it is back', async () => {
    await cluster.makeDisk('src', snap);
    await cluster.usePod('virt-launcher-src', 'src');
    await cluster.clone('src', 'c1', snap);
    await cluster.untilPhase('c1', 'SnapshotForSmartCloneInProgress');
    await cluster.client.delete(SimKinds.VolumeSnapshotClass, { name: 'snapshots' });
    await cluster.untilGone(SimKinds.VolumeSnapshotClass, { name: 'snapshots' });
    const isError = ({ metadata }: KubernetesResource) =>
      metadata.annotations?.['cdi.kubevirt.io/cloneError'] !== undefined;
    const { metadata } = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isError);
    expect(metadata.annotations?.['cdi.kubevirt.io/cloneError']).toMatch(/"snapshots" not found$/);
    await addClass('snapshots', 'snap.csi');
    await cluster.endPod('virt-launcher-src');
    await cluster.untilPhase('c1', 'Succeeded');
  });
});
