import { isDeepStrictEqual } from 'node:util';
import { FAST_OPTIONS, startSimulator } from '../../../simulator';
import { SimKinds } from '../../../simulator/controllers/kinds';
import type { StorageClass, StorageProfile } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster } from '../disks';

let cluster: DiskCluster;
beforeAll(async () => {
  cluster = await DiskCluster.start();
});
afterAll(() => cluster.close());

const STRATEGY = 'cdi.kubevirt.io/clone-strategy';

const makeClass = (name: string, provisioner: string, annotations: Record<string, string> = {}) =>
  cluster.client.create(Kinds.StorageClass, {
    metadata: { name, annotations },
    provisioner,
    volumeBindingMode: 'Immediate',
  } as StorageClass);
const makeSnapshotClass = (name: string, driver: string) =>
  cluster.client.create(SimKinds.VolumeSnapshotClass, {
    metadata: { name },
    driver,
    deletionPolicy: 'Delete',
  });
const profiled = (name: string, wanted: (status: NonNullable<StorageProfile['status']>) => boolean) =>
  cluster.until(Kinds.StorageProfile, { name }, ({ status }) => status !== undefined && wanted(status));

const BOTH = [
  { accessModes: ['ReadWriteMany'], volumeMode: 'Block' },
  { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' },
];

test.each<[string, string, Record<string, string>, object]>([
  [
    'known-csi',
    'fast-csi.csi.example.com',
    {},
    { cloneStrategy: 'csi-clone', claimPropertySets: BOTH, dataImportCronSourceFormat: 'pvc' },
  ],
  ['known-copy', 'standard.csi.example.com', {}, { cloneStrategy: 'copy', claimPropertySets: BOTH }],
  ['known-real', 'topolvm.io', {}, { cloneStrategy: 'copy' }],
  ['unknown', 'unheard.of', {}, { cloneStrategy: 'copy', dataImportCronSourceFormat: 'pvc' }],
  ['annotated', 'fast-csi.csi.example.com', { [STRATEGY]: 'copy' }, { cloneStrategy: 'copy' }],
  ['annotated-snap', 'unheard.of', { [STRATEGY]: 'snapshot' }, { cloneStrategy: 'snapshot' }],
  ['has-snapshots', 'snap.csi', {}, { cloneStrategy: 'snapshot', snapshotClass: 'snapshots' }],
])('a class %s of %s with %j gets its profile', async (name, provisioner, annotations, expected) => {
  await makeClass(name, provisioner, annotations);
  const { metadata, status } = await profiled(name, () => true);
  expect(status).toMatchObject({ storageClass: name, provisioner, ...expected });
  expect(metadata.labels).toMatchObject({ app: 'containerized-data-importer' });
  const isKnown = provisioner !== 'unheard.of' && provisioner !== 'snap.csi';
  expect(status?.conditions).toMatchObject([
    {
      type: 'Recognized',
      status: isKnown ? 'True' : 'False',
      reason: isKnown ? 'RecognizedProvisioner' : 'UnrecognizedProvisioner',
    },
  ]);
});

test('what a person writes into the profile wins over annotation and knowledge', async () => {
  await makeClass('wished', 'fast-csi.csi.example.com', { [STRATEGY]: 'csi-clone' });
  await profiled('wished', ({ cloneStrategy }) => cloneStrategy === 'csi-clone');
  const claimPropertySets = [{ accessModes: ['ReadWriteOnce'], volumeMode: 'Block' }];
  const spec = { cloneStrategy: 'copy', claimPropertySets, dataImportCronSourceFormat: 'snapshot' };
  await cluster.client.patchMerge(Kinds.StorageProfile, { name: 'wished' }, { spec });
  const { status } = await profiled('wished', ({ cloneStrategy }) => cloneStrategy === 'copy');
  expect(status).toMatchObject(spec);
});

test('a status that a person writes goes back to what it should be', async () => {
  await makeClass('meddled', 'unheard.of');
  await profiled('meddled', ({ cloneStrategy }) => cloneStrategy === 'copy');
  const status = { cloneStrategy: 'csi-clone' };
  const meddled = { name: 'meddled' };
  await cluster.client.patchMerge(Kinds.StorageProfile, meddled, { status }, { subresource: 'status' });
  await profiled('meddled', ({ cloneStrategy }) => cloneStrategy === 'copy');
});

test('a profile that was there before its class is taken as it is', async () => {
  const spec = { cloneStrategy: 'csi-clone' };
  await makeClass('early', 'unheard.of');
  await cluster.client
    .create(Kinds.StorageProfile, { metadata: { name: 'early' }, spec })
    .catch(() => cluster.client.patchMerge(Kinds.StorageProfile, { name: 'early' }, { spec }));
  await profiled('early', ({ cloneStrategy }) => cloneStrategy === 'csi-clone');
});

test('a snapshot class that comes later makes it a class with snapshots', async () => {
  await makeClass('late', 'snap.csi.example.com');
  const { status } = await profiled('late', ({ cloneStrategy }) => cloneStrategy === 'copy');
  expect(status).toMatchObject({ dataImportCronSourceFormat: 'pvc' });
  await makeSnapshotClass('late-snapshots', 'snap.csi.example.com');
  const later = await profiled('late', ({ cloneStrategy }) => cloneStrategy === 'snapshot');
  expect(later.status).toMatchObject({
    snapshotClass: 'late-snapshots',
    dataImportCronSourceFormat: 'snapshot',
  });
});

test('it goes with its class, and comes back when a person deletes it', async () => {
  await makeClass('short-lived', 'unheard.of');
  const { metadata } = await profiled('short-lived', () => true);
  await cluster.client.delete(Kinds.StorageProfile, { name: 'short-lived' });
  const isNew = ({ metadata: { uid } }: StorageProfile) => uid !== metadata.uid;
  await cluster.until(Kinds.StorageProfile, { name: 'short-lived' }, isNew);
  await cluster.client.delete(Kinds.StorageClass, { name: 'short-lived' });
  await cluster.untilGone(Kinds.StorageProfile, { name: 'short-lived' });
});

test('CDI’s configuration is there from the start, with the overhead of each class', async () => {
  await makeClass('overhead', 'unheard.of');
  const config = await cluster.until(
    SimKinds.CdiConfig,
    { name: 'config' },
    ({ status }) => status?.filesystemOverhead?.storageClass?.overhead !== undefined,
  );
  expect(config.status?.filesystemOverhead).toMatchObject({
    global: '0.06',
    storageClass: { overhead: '0.06', copy: '0.06' },
  });
});

test('CDI knows the classes of the seed', async () => {
  const simulator = await startSimulator({
    ...FAST_OPTIONS,
    seed: true,
    without: ['kubelet', 'virt-handler'],
  });
  const profiles = simulator.context.cache(Kinds.StorageProfile);
  await simulator.context.synced(Kinds.StorageProfile);
  const strategies = () =>
    Object.fromEntries(profiles.list().map(({ metadata, status }) => [metadata.name, status?.cloneStrategy]));
  const expected = { 'fast-csi': 'csi-clone', standard: 'copy', 'local-wffc': 'csi-clone', snap: 'snapshot' };
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(JSON.stringify(strategies()))), 20_000);
    const check = () => {
      if (!isDeepStrictEqual(strategies(), expected)) return;
      clearTimeout(timer);
      resolve();
    };
    profiles.onChange({}, check);
    check();
  });
  await simulator.close();
});
