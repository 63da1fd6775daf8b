import { SimKinds } from '../../../simulator/controllers/kinds';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound, storage } from '../disks';

let cluster: DiskCluster;
beforeAll(async () => {
  cluster = await DiskCluster.start();
});
afterAll(() => cluster.close());

const inDemo = (name: string) => ({ namespace: 'demo', name });
const claim = (name: string, storageClass = 'copy', annotations?: Record<string, string>) =>
  cluster.client.create(Kinds.PersistentVolumeClaim, {
    metadata: { ...inDemo(name), annotations },
    spec: storage('1Gi', storageClass),
  });

test('a claim gets a volume of its size, first the name, then the phase', async () => {
  const recording = await cluster.record();
  const { metadata } = await claim('disk');
  expect(metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
  const bound = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('disk'), isBound);
  expect(bound).toMatchObject({
    spec: { volumeName: `pvc-${metadata.uid}` },
    status: { capacity: { storage: '1Gi' } },
  });
  expect(recording.of('PVC', 'disk')).toEqual([
    'phase=Pending volume=no source=',
    'phase=Pending volume=yes source=',
    'phase=Bound volume=yes source=',
  ]);
  const volume = await cluster.client.get(SimKinds.PersistentVolume, { name: `pvc-${metadata.uid}` });
  expect(volume?.spec).toMatchObject({
    claimRef: { uid: metadata.uid },
    persistentVolumeReclaimPolicy: 'Delete',
  });
});

test('a claim takes its volume with it', async () => {
  const { metadata } = await claim('short-lived');
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('short-lived'), isBound);
  await cluster.client.delete(Kinds.PersistentVolumeClaim, inDemo('short-lived'));
  await cluster.untilGone(Kinds.PersistentVolumeClaim, inDemo('short-lived'));
  await cluster.untilGone(SimKinds.PersistentVolume, { name: `pvc-${metadata.uid}` });
});

test('a claim of an unknown class, and one that never is provisioned, stay pending', async () => {
  await claim('no-class', 'nowhere');
  await claim('never', 'copy', { 'simulator.vm-clone.io/provision': 'never' });
  await claim('witness');
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('witness'), isBound);
  for (const name of ['no-class', 'never']) {
    expect((await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo(name)))?.status?.phase).toBe(
      'Pending',
    );
  }
});

test('a claim that waits for a consumer is provisioned for the first pod that wants it', async () => {
  await claim('late', 'copy-late');
  await claim('witness-2');
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('witness-2'), isBound);
  expect((await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('late')))?.status?.phase).toBe(
    'Pending',
  );
  await cluster.client.create(Kinds.Pod, {
    metadata: inDemo('consumer'),
    spec: {
      containers: [{ name: 'compute', image: 'launcher' }],
      volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'late' } }],
    },
  });
  const bound = await cluster.until(Kinds.PersistentVolumeClaim, inDemo('late'), isBound);
  expect(bound.metadata.annotations?.['volume.kubernetes.io/selected-node']).toMatch(/^node-/);
});

test.each(['Running', 'Succeeded'])(
  'a pod on a node that is %s holds its deleted claim until it is gone',
  async (phase) => {
    const name = `held-by-${phase.toLowerCase()}`;
    await claim(name);
    await cluster.until(Kinds.PersistentVolumeClaim, inDemo(name), isBound);
    const pod = await cluster.usePod(`user-${name}`, name);
    await cluster.client.replace(
      Kinds.Pod,
      { ...pod, status: { ...pod.status, phase } },
      { subresource: 'status' },
    );
    await cluster.client.delete(Kinds.PersistentVolumeClaim, inDemo(name));
    await claim(`witness-${name}`);
    await cluster.client.delete(Kinds.PersistentVolumeClaim, inDemo(`witness-${name}`));
    await cluster.untilGone(Kinds.PersistentVolumeClaim, inDemo(`witness-${name}`));
    expect(await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo(name))).toMatchObject({
      metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      status: { phase: 'Bound' },
    });
    await cluster.endPod(`user-${name}`);
    await cluster.untilGone(Kinds.PersistentVolumeClaim, inDemo(name));
  },
);

test('the claim whose volume was given to another is Lost', async () => {
  const from = await claim('from');
  const to = await cluster.client.create(Kinds.PersistentVolumeClaim, {
    metadata: inDemo('to'),
    spec: {
      ...storage('1Gi', 'copy'),
      dataSourceRef: { apiGroup: 'cdi.kubevirt.io', kind: 'VolumeCloneSource', name: 'none' },
    },
  });
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('from'), isBound);
  const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', ...inDemo('to'), uid: to.metadata.uid };
  await cluster.client.patchMerge(
    SimKinds.PersistentVolume,
    { name: `pvc-${from.metadata.uid}` },
    { spec: { claimRef } },
  );
  await cluster.until(Kinds.PersistentVolumeClaim, inDemo('to'), isBound);
  const lost = await cluster.until(
    Kinds.PersistentVolumeClaim,
    inDemo('from'),
    ({ status }) => status?.phase === 'Lost',
  );
  expect(lost.status?.capacity).toBeUndefined();
});
