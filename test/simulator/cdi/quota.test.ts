import { type ResourceQuota, SimKinds } from '../../../simulator/controllers/kinds';
import type { DataVolume } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound } from '../disks';

let cluster: DiskCluster;
beforeEach(async () => {
  cluster = await DiskCluster.start();
  await cluster.makeNamespace('other');
});
afterEach(() => cluster.close());

const quotaOf = (namespace: string) => ({ namespace, name: 'storage' });

const limit = (namespace: string, hard: Record<string, string>) =>
  cluster.client.create(SimKinds.ResourceQuota, {
    metadata: quotaOf(namespace),
    spec: { hard },
  } as ResourceQuota);

const conditionOf = ({ status }: DataVolume, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);

describe.each(['copy', 'csi', 'snap'])('class %s', (storageClass) => {
  beforeEach(async () => {
    await cluster.makeDisk('src', { storageClass, size: '4Gi', content: 'a system' });
  });

  async function untilCloned(): Promise<void> {
    await cluster.untilPhase('c1', 'Succeeded', 'other');
    const claim = await cluster.until(
      Kinds.PersistentVolumeClaim,
      { namespace: 'other', name: 'c1' },
      isBound,
    );
    expect(await cluster.contentOf(claim)).toBe('a system');
  }

  const clone = () => cluster.clone('src', 'c1', { namespace: 'other', storageClass, size: '4Gi' });

  test('over the quota of the target’s namespace: Pending and ErrExceededQuota until it goes', async () => {
    await limit('other', { 'requests.storage': '2Gi' });
    await clone();
    const dataVolume = await cluster.until(
      Kinds.DataVolume,
      { namespace: 'other', name: 'c1' },
      (object) => conditionOf(object, 'Bound')?.reason === 'ErrExceededQuota',
    );
    expect(dataVolume.status?.phase).toBe('Pending');
    const message =
      'persistentvolumeclaims "c1" is forbidden: exceeded quota: storage, requested: requests.storage=4Gi, ' +
      'used: requests.storage=0, limited: requests.storage=2Gi';
    expect(conditionOf(dataVolume, 'Bound')).toMatchObject({ status: 'False', message });
    expect(conditionOf(dataVolume, 'Ready')).toMatchObject({ status: 'False', reason: 'ErrExceededQuota' });
    await cluster.client.delete(SimKinds.ResourceQuota, quotaOf('other'));
    await untilCloned();
  });

  test('over the quota of the source’s namespace: the error of its temporary claim until it goes', async () => {
    await limit('demo', { 'requests.storage': '6Gi' });
    await cluster.until(
      SimKinds.ResourceQuota,
      quotaOf('demo'),
      ({ status }) => status?.used?.['requests.storage'] === '4Gi',
    );
    await clone();
    const dataVolume = await cluster.until(
      Kinds.DataVolume,
      { namespace: 'other', name: 'c1' },
      (object) => conditionOf(object, 'Running')?.reason === 'Error',
    );
    expect(conditionOf(dataVolume, 'Running')?.message).toMatch(
      /^persistentvolumeclaims "tmp-pvc-.*" is forbidden: exceeded quota: storage, requested: requests.storage=4Gi, used: requests.storage=4Gi, limited: requests.storage=6Gi$/,
    );
    expect(dataVolume.status?.phase).not.toBe('Failed');
    await cluster.untilTrue(Kinds.Event, async () =>
      (await cluster.client.list(Kinds.Event, { namespace: 'other' })).items.some(
        ({ reason, involvedObject }) =>
          reason === 'ErrExceededQuota' && involvedObject.kind === 'PersistentVolumeClaim',
      ),
    );
    await cluster.client.patchMerge(SimKinds.ResourceQuota, quotaOf('demo'), {
      spec: { hard: { 'requests.storage': '8Gi' } },
    });
    await untilCloned();
    await cluster.until(
      SimKinds.ResourceQuota,
      quotaOf('demo'),
      ({ status }) => status?.used?.['requests.storage'] === '4Gi',
    );
  });
});

test('a quota of snapshots in the source’s namespace holds up the snapshot until it goes', async () => {
  await cluster.makeDisk('src', { storageClass: 'snap' });
  await limit('demo', { 'count/volumesnapshots.snapshot.storage.k8s.io': '0' });
  await cluster.clone('src', 'c1', { namespace: 'other', storageClass: 'snap' });
  const dataVolume = await cluster.until(
    Kinds.DataVolume,
    { namespace: 'other', name: 'c1' },
    (object) => conditionOf(object, 'Running')?.reason === 'Error',
  );
  expect(conditionOf(dataVolume, 'Running')?.message).toMatch(
    /^volumesnapshots.snapshot.storage.k8s.io "tmp-snapshot-.*" is forbidden: exceeded quota: storage, /,
  );
  await cluster.client.delete(SimKinds.ResourceQuota, quotaOf('demo'));
  await cluster.untilPhase('c1', 'Succeeded', 'other');
});
