import type { ClaimSpec } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound, storage } from '../disks';

let cluster: DiskCluster;
beforeAll(async () => {
  cluster = await DiskCluster.start();
  await cluster.makeClass('csi-fixed', { strategy: 'csi-clone' });
  await cluster.makeClass('csi-elsewhere', { strategy: 'csi-clone', provisioner: 'elsewhere.csi' });
});
afterAll(() => cluster.close());

const inDemo = (name: string) => ({ namespace: 'demo', name });
const block = { volumeMode: 'Block' };

interface Disk extends Partial<ClaimSpec> {
  on: string;
  size?: string;
}

const specOf = ({ on, size = '1Gi', ...more }: Disk) => ({ ...storage(size, on), ...more });

let number = 0;

/** Clones a disk that is so into one that is so, and tells by which strategy and why. */
async function clone(source: Disk, target: Disk) {
  number += 1;
  const [from, to] = [`src-${number}`, `c-${number}`];
  await cluster.client.create(Kinds.DataVolume, {
    metadata: inDemo(from),
    spec: { source: { blank: {} }, pvc: specOf(source) },
  });
  await cluster.untilPhase(from, 'Succeeded');
  const disk = await cluster.until(Kinds.PersistentVolumeClaim, inDemo(from), isBound);
  await cluster.writeContent(disk, `content ${number}`);
  await cluster.client.create(Kinds.DataVolume, {
    metadata: inDemo(to),
    spec: { source: { pvc: inDemo(from) }, pvc: specOf(target) },
  });
  await cluster.untilPhase(to, 'Succeeded');
  const claim = await cluster.until(Kinds.PersistentVolumeClaim, inDemo(to), isBound);
  expect(await cluster.contentOf(claim)).toBe(`content ${number}`);
  const { items } = await cluster.client.list(Kinds.Event);
  return {
    strategy: claim.metadata.annotations?.['cdi.kubevirt.io/cloneType'],
    why: claim.metadata.annotations?.['cdi.kubevirt.io/cloneFallbackReason'],
    events: items
      .filter(({ involvedObject, type }) => involvedObject.uid === claim.metadata.uid && type === 'Warning')
      .map(({ reason }) => reason),
  };
}

test.each<[string, Disk, Disk, string, string | undefined, string | undefined]>([
  ['nothing in the way', { on: 'csi' }, { on: 'csi' }, 'csi-clone', undefined, undefined],
  ['another class of the provisioner', { on: 'copy' }, { on: 'csi' }, 'csi-clone', undefined, undefined],
  ['block to block', { on: 'csi', ...block }, { on: 'csi', ...block }, 'csi-clone', undefined, undefined],
  [
    'another provisioner',
    { on: 'csi' },
    { on: 'csi-elsewhere' },
    'copy',
    'IncompatibleProvisioners',
    'Provisioners are incompatible',
  ],
  [
    'another provisioner, with snapshots',
    { on: 'csi' },
    { on: 'snap' },
    'copy',
    'NoVolumeSnapshotClass',
    'No compatible volumesnapshotclass found',
  ],
  [
    'block to file system',
    { on: 'csi', ...block },
    { on: 'csi' },
    'copy',
    'IncompatibleVolumeModes',
    'The volume modes of source and target are incompatible',
  ],
  [
    'file system to block, with snapshots',
    { on: 'snap' },
    { on: 'snap', ...block },
    'copy',
    'IncompatibleVolumeModes',
    'The volume modes of source and target are incompatible',
  ],
  [
    'a larger target on a class that does not grow',
    { on: 'csi-fixed' },
    { on: 'csi-fixed', size: '2Gi' },
    'copy',
    'NoVolumeExpansion',
    'No volume expansion is possible',
  ],
])('%s', async (_what, source, target, strategy, event, why) => {
  expect(await clone(source, target)).toEqual({ strategy, why, events: event ? [event] : [] });
});
