import { SimKinds } from '../../../simulator/controllers/kinds';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound } from '../disks';

let cluster: DiskCluster;
beforeEach(async () => {
  cluster = await DiskCluster.start();
  await cluster.makeNamespace('other');
  await cluster.makeDisk('src', { content: 'a system' });
});
afterEach(() => cluster.close());

const target = { namespace: 'other', name: 'c1' };

test.each(['copy', 'csi'])(
  'class %s: the temporary claim lies with the source, its volume ends at the clone',
  async (storageClass) => {
    const slow = { 'simulator.vm-clone.io/copy-seconds': '0.2' };
    const { metadata } = await cluster.clone('src', 'c1', {
      namespace: 'other',
      storageClass,
      annotations: slow,
    });
    const claim = await cluster.until(Kinds.PersistentVolumeClaim, target, () => true);
    const temporary = { namespace: 'demo', name: `tmp-pvc-${claim.metadata.uid}` };
    await cluster.until(Kinds.PersistentVolumeClaim, temporary, () => true);
    expect((await cluster.client.get(Kinds.DataVolume, target))?.metadata.finalizers).toEqual([
      'cdi.kubevirt.io/dataVolumeFinalizer',
    ]);
    const source = { namespace: 'demo', name: `volume-clone-source-${metadata.uid}` };
    expect((await cluster.client.get(SimKinds.VolumeCloneSource, source))?.metadata.annotations).toEqual({
      'cdi.kubevirt.io/ownedByDataVolume': 'other/c1',
    });
    await cluster.untilPhase('c1', 'Succeeded', 'other');
    const bound = await cluster.until(Kinds.PersistentVolumeClaim, target, isBound);
    expect(await cluster.contentOf(bound)).toBe('a system');
    await cluster.untilGone(Kinds.PersistentVolumeClaim, temporary);
    await cluster.untilGone(SimKinds.VolumeCloneSource, source);
    await cluster.until(Kinds.DataVolume, target, (dataVolume) => !dataVolume.metadata.finalizers?.length);
  },
);

test('deleted in mid-copy: nothing is left in either namespace', async () => {
  await cluster.clone('src', 'c1', {
    namespace: 'other',
    annotations: { 'simulator.vm-clone.io/copy-seconds': '60' },
  });
  await cluster.until(
    Kinds.DataVolume,
    target,
    ({ status }) => Number.parseFloat(status?.progress ?? '') >= 0,
  );
  await cluster.client.delete(Kinds.DataVolume, target);
  await cluster.untilGone(Kinds.DataVolume, target);
  await cluster.untilGone(Kinds.PersistentVolumeClaim, target);
  await cluster.untilTrue(Kinds.PersistentVolumeClaim, async () => {
    const { items } = await cluster.client.list(Kinds.PersistentVolumeClaim);
    return items.map(({ metadata }) => metadata.name).join() === 'src';
  });
  await cluster.untilTrue(Kinds.Pod, async () => (await cluster.client.list(Kinds.Pod)).items.length === 0);
  await cluster.untilTrue(
    SimKinds.PersistentVolume,
    async () => (await cluster.client.list(SimKinds.PersistentVolume)).items.length === 1,
  );
  expect((await cluster.client.list(SimKinds.VolumeCloneSource)).items).toEqual([]);
});
