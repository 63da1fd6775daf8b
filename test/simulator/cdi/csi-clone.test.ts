import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound } from '../disks';

let cluster: DiskCluster;
beforeEach(async () => {
  cluster = await DiskCluster.start();
});
afterEach(() => cluster.close());

const inDemo = (name: string) => ({ namespace: 'demo', name });

async function temporaryClaim(name: string): Promise<string> {
  const { metadata } = await cluster.until(Kinds.PersistentVolumeClaim, inDemo(name), () => true);
  return `tmp-pvc-${metadata.uid}`;
}

test('goes through the phases of a recorded clone: no pods, no numbers', async () => {
  await cluster.makeDisk('src', { storageClass: 'csi', content: 'a system' });
  const recording = await cluster.record();
  await cluster.clone('src', 'c1', { storageClass: 'csi' });
  const temporary = await temporaryClaim('c1');
  await cluster.untilPhase('c1', 'Succeeded');
  await cluster.untilGone(Kinds.PersistentVolumeClaim, inDemo(temporary));
  const phases = recording.field('DV', 'c1', 'phase');
  expect(
    phases.filter((phase) => !['Pending', 'PrepClaimInProgress', 'RebindInProgress'].includes(phase)),
  ).toEqual(['', 'CloneScheduled', 'CSICloneInProgress', 'Succeeded']);
  expect(recording.field('DV', 'c1', 'progress')).toEqual(['', 'N/A', '100.0%']);
  expect(recording.lines.filter((line) => line.startsWith('Pod'))).toEqual([]);
  const order = [
    `PVC ${temporary} phase=Pending volume=no source=PersistentVolumeClaim`,
    `PVC ${temporary} phase=Bound`,
    'PVC c1 phase=Pending volume=yes',
    'PVC c1 phase=Bound',
    `PVC ${temporary} GONE`,
  ].map((line) => recording.at(line));
  expect([...order].sort((a, b) => a - b)).toEqual(order);
  const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(await cluster.contentOf(clone)).toBe('a system');
  const { conditions } = (await cluster.client.get(Kinds.DataVolume, inDemo('c1')))?.status ?? {};
  expect(conditions?.find(({ type }) => type === 'Running')).toMatchObject({
    status: 'False',
    reason: 'Completed',
  });
});

test('the clone holds what was on the source when the driver began', async () => {
  const disk = await cluster.makeDisk('src', { storageClass: 'csi', content: 'before' });
  await cluster.clone('src', 'c1', {
    storageClass: 'csi',
    annotations: { 'simulator.vm-clone.io/copy-seconds': '0.3' },
  });
  const temporary = await temporaryClaim('c1');
  await cluster.untilPhase('c1', 'CSICloneInProgress');
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo(temporary), () => true);
  await cluster.writeContent(disk, 'after');
  await cluster.untilPhase('c1', 'Succeeded');
  const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(await cluster.contentOf(clone)).toBe('before');
});

test('makes no temporary claim while a pod uses the source', async () => {
  await cluster.makeDisk('src', { storageClass: 'csi' });
  await cluster.usePod('virt-launcher-src', 'src');
  await cluster.clone('src', 'c1', { storageClass: 'csi' });
  const temporary = await temporaryClaim('c1');
  await cluster.untilPhase('c1', 'CSICloneInProgress');
  await cluster.untilTrue(Kinds.Event, async () =>
    (await cluster.client.list(Kinds.Event)).items.some(({ reason }) => reason === 'CloneSourceInUse'),
  );
  expect(await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo(temporary))).toBeUndefined();
  await cluster.endPod('virt-launcher-src');
  await cluster.untilPhase('c1', 'Succeeded');
});

test('a larger clone is cloned in the size of the source and grown by a prep pod', async () => {
  await cluster.makeDisk('src', { storageClass: 'csi', size: '1Gi' });
  const recording = await cluster.record();
  await cluster.clone('src', 'c1', { storageClass: 'csi', size: '3Gi' });
  const uid = (await temporaryClaim('c1')).slice('tmp-pvc-'.length);
  await cluster.untilPhase('c1', 'Succeeded');
  expect(recording.field('DV', 'c1', 'phase')).toContain('PrepClaimInProgress');
  expect(recording.at(`Pod prep-${uid} phase=Succeeded`)).toBeGreaterThan(0);
  expect(recording.at(`Pod prep-${uid} GONE`)).toBeGreaterThan(0);
  const { status } = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
  expect(status?.capacity).toEqual({ storage: '3Gi' });
});

test('storage that never provisions leaves the clone in progress', async () => {
  await cluster.makeDisk('src', { storageClass: 'csi' });
  await cluster.clone('src', 'c1', {
    storageClass: 'csi',
    annotations: { 'simulator.vm-clone.io/provision': 'never' },
  });
  await cluster.untilTrue(Kinds.Event, async () =>
    (await cluster.client.list(Kinds.Event)).items.some(({ reason }) => reason === 'ProvisioningFailed'),
  );
  const { status } = await cluster.untilPhase('c1', 'CSICloneInProgress');
  expect(status?.progress).toBe('N/A');
});

test.each(['csi-late', 'copy-late'])(
  'class %s waits for a consumer: pending for ever, until a pod wants the claim',
  async (storageClass) => {
    await cluster.makeDisk('src', { storageClass, content: 'a system' });
    await cluster.clone('src', 'c1', { storageClass });
    const waiting = await cluster.untilPhase('c1', 'PendingPopulation');
    expect(waiting.status).toMatchObject({ progress: 'N/A', claimName: 'c1' });
    await cluster.client.create(Kinds.Pod, {
      metadata: { namespace: 'demo', name: 'consumer' },
      spec: {
        containers: [{ name: 'compute', image: 'launcher' }],
        volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'c1' } }],
      },
    });
    await cluster.untilPhase('c1', 'Succeeded');
    const clone = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('c1'), isBound);
    expect(clone.metadata.annotations).toHaveProperty(['volume.kubernetes.io/selected-node']);
    expect(await cluster.contentOf(clone)).toBe('a system');
  },
);

test('class csi-late with immediate binding asked for needs no consumer', async () => {
  await cluster.makeDisk('src', { storageClass: 'csi-late' });
  const recording = await cluster.record();
  const annotations = { 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' };
  await cluster.clone('src', 'c1', { storageClass: 'csi-late', annotations });
  await cluster.untilPhase('c1', 'Succeeded');
  expect(recording.field('DV', 'c1', 'phase')).not.toContain('PendingPopulation');
  expect(recording.field('DV', 'c1', 'phase')).toContain('PrepClaimInProgress');
});
