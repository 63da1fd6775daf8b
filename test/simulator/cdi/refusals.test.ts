import { SimKinds } from '../../../simulator/controllers/kinds';
import type { DataVolume } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster, isBound, storage } from '../disks';

let cluster: DiskCluster;
beforeAll(async () => {
  cluster = await DiskCluster.start();
  await cluster.makeDisk('src', { size: '2Gi' });
});
afterAll(() => cluster.close());

const inDemo = (name: string) => ({ namespace: 'demo', name });
const fromSource = { pvc: { namespace: 'demo', name: 'src' } };

test.each<[string, DataVolume['spec'], string]>([
  ['an empty source', { source: {}, storage: storage('1Gi', 'copy') }, 'Missing Data volume source'],
  [
    'no source',
    { storage: storage('1Gi', 'copy') },
    'Data volume should have either Source or SourceRef, or be externally populated',
  ],
  [
    'two sources',
    { source: { blank: {}, ...fromSource }, storage: storage('1Gi', 'copy') },
    'Multiple Data volume sources',
  ],
  [
    'a source without a namespace',
    { source: { pvc: { namespace: '', name: 'src' } }, storage: storage('1Gi', 'copy') },
    'spec.source.PVC source PVC is not valid',
  ],
  ['no claim', { source: fromSource }, 'Missing Data volume PVC'],
  ['a blank disk without a size', { source: { blank: {} }, storage: {} }, 'Storage size is missing'],
  [
    'a size of nothing',
    { source: { blank: {} }, storage: storage('0', 'copy') },
    "Storage size can't be equal or less than zero",
  ],
  [
    'a clone by claim without a size',
    { source: fromSource, pvc: { accessModes: ['ReadWriteOnce'] } },
    'PVC size is missing',
  ],
  [
    'both forms of a claim',
    { source: fromSource, pvc: storage('2Gi', 'copy'), storage: storage('2Gi', 'copy') },
    'Duplicate storage definition, both target storage and target pvc defined',
  ],
  [
    'a claim without an access mode',
    { source: fromSource, pvc: { resources: { requests: { storage: '2Gi' } } } },
    'Required value: at least 1 access mode is required',
  ],
  [
    'a claim with two access modes',
    {
      source: fromSource,
      pvc: { ...storage('2Gi', 'copy'), accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] },
    },
    'PVC multiple accessModes',
  ],
  [
    'an access mode that there is not',
    { source: fromSource, storage: { ...storage('2Gi', 'copy'), accessModes: ['Sometimes'] } },
    'Unsupported value: (withheld): supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
  ],
  [
    'a class with a name that is too long',
    { source: fromSource, storage: storage('2Gi', 'x'.repeat(254)) },
    'Name cannot be longer than 253 characters',
  ],
  [
    'a snapshot without a name',
    { source: { snapshot: { namespace: 'demo', name: '' } }, storage: storage('1Gi', 'copy') },
    'spec.source.Snapshot source snapshot is not valid',
  ],
  [
    'a reference of an unknown kind',
    { sourceRef: { kind: 'Disk', name: 'src' }, storage: storage('1Gi', 'copy') },
    'Unsupported sourceRef kind Disk, currently only DataSource is supported',
  ],
  [
    'an unknown content',
    { source: fromSource, contentType: 'tape', storage: storage('2Gi', 'copy') },
    'ContentType not one of: kubevirt, archive',
  ],
  [
    'a source beside somebody else’s',
    {
      source: fromSource,
      pvc: { ...storage('2Gi', 'copy'), dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'src' } },
    },
    'External population is incompatible with Source and SourceRef',
  ],
  [
    'somebody else’s source without a group',
    { pvc: { ...storage('2Gi', 'copy'), dataSourceRef: { kind: 'Book', name: 'src' } } },
    "Required value: DataSourceRef apiGroup when kind is not 'PersistentVolumeClaim'",
  ],
  [
    'a size of next to nothing',
    { source: { blank: {} }, storage: storage('1000', 'copy') },
    'Storage size should be at least 1MiB',
  ],
])('refuses a DataVolume with %s', async (_name, spec, message) => {
  await expect(
    cluster.client.create(Kinds.DataVolume, { metadata: inDemo('bad'), spec }),
  ).rejects.toMatchObject({
    code: 422,
    message: `admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  ${message}`,
  });
});

test('refuses a clone from a namespace that there is not', async () => {
  await expect(cluster.clone('src', 'bad', { sourceNamespace: 'nowhere' })).rejects.toMatchObject({
    code: 400,
    message:
      'admission webhook "datavolume-mutate.cdi.kubevirt.io" denied the request: namespaces "nowhere" not found',
  });
});

test('refuses a change of the spec, and takes one of the metadata', async () => {
  await cluster.clone('src', 'fixed', { size: '2Gi' });
  const patch = { spec: { source: { pvc: { namespace: 'demo', name: 'other' } } } };
  await expect(cluster.client.patchMerge(Kinds.DataVolume, inDemo('fixed'), patch)).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('Cannot update DataVolume Spec'),
  });
  await cluster.client.patchMerge(Kinds.DataVolume, inDemo('fixed'), { metadata: { labels: { a: 'b' } } });
});

describe('a claim of the DataVolume’s name', () => {
  const claim = (name: string) =>
    cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: inDemo(name),
      spec: storage('2Gi', 'copy'),
    });

  test('refuses the DataVolume', async () => {
    await claim('taken');
    await expect(cluster.clone('src', 'taken', { size: '2Gi' })).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('Destination PVC demo/taken already exists'),
    });
  });

  test('refuses the DataVolume that forbids adoption', async () => {
    await claim('kept');
    const annotations = { 'cdi.kubevirt.io/allowClaimAdoption': 'false' };
    await expect(cluster.clone('src', 'kept', { size: '2Gi', annotations })).rejects.toMatchObject({
      code: 422,
    });
  });

  test('is silently adopted when the DataVolume allows it: nothing copied, and deleted with it', async () => {
    const disk = await claim('adopted');
    await cluster.until(Kinds.PersistentVolumeClaim, inDemo('adopted'), isBound);
    const annotations = { 'cdi.kubevirt.io/allowClaimAdoption': 'true' };
    const { metadata } = await cluster.clone('src', 'adopted', { size: '2Gi', annotations });
    const { status } = await cluster.untilPhase('adopted', 'Succeeded');
    expect(status?.progress).toBe('N/A');
    const adopted = await cluster.until(
      Kinds.PersistentVolumeClaim,
      inDemo('adopted'),
      (object) => object.metadata.ownerReferences !== undefined,
    );
    expect(adopted.metadata.uid).toBe(disk.metadata.uid);
    expect(adopted.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'DataVolume', uid: metadata.uid });
    await cluster.client.delete(Kinds.DataVolume, inDemo('adopted'));
    await cluster.untilGone(Kinds.PersistentVolumeClaim, inDemo('adopted'));
  });

  test('that belongs to another DataVolume is left alone, with an Event', async () => {
    await cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: {
        ...inDemo('foreign'),
        ownerReferences: [
          {
            apiVersion: 'cdi.kubevirt.io/v1beta1',
            kind: 'DataVolume',
            name: 'fixed',
            uid: (await cluster.client.get(Kinds.DataVolume, inDemo('fixed')))?.metadata.uid ?? '',
            controller: true,
          },
        ],
      },
      spec: storage('2Gi', 'copy'),
    });
    await cluster.clone('src', 'foreign', { size: '2Gi' });
    await cluster.untilTrue(Kinds.Event, async () =>
      (await cluster.client.list(Kinds.Event)).items.some(({ reason }) => reason === 'ErrResourceExists'),
    );
    const claimed = await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('foreign'));
    expect(claimed?.metadata.ownerReferences).toHaveLength(1);
  });
});

/** Waits for a DataVolume with the condition Bound for that reason, and gives its phase and reasons. */
async function untilReason(name: string, reason: string) {
  const { status } = await cluster.until(
    Kinds.DataVolume,
    inDemo(name),
    (dataVolume) =>
      dataVolume.status?.conditions?.some(
        (condition) => condition.type === 'Bound' && condition.reason === reason,
      ) ?? false,
  );
  return {
    phase: status?.phase ?? '',
    progress: status?.progress,
    conditions: Object.fromEntries(
      (status?.conditions ?? []).map(({ type, status: is, reason: why }) => [type, `${is}(${why ?? ''})`]),
    ),
  };
}

describe('errors leave the phase empty', () => {
  test('a source that does not exist; it goes on when the source comes', async () => {
    await cluster.clone('late-source', 'no-source');
    expect(await untilReason('no-source', 'CloneWithoutSource')).toEqual({
      phase: '',
      progress: undefined,
      conditions: {
        Bound: 'False(CloneWithoutSource)',
        Ready: 'False(CloneWithoutSource)',
        Running: 'False()',
      },
    });
    await cluster.makeDisk('late-source');
    await cluster.untilPhase('no-source', 'Succeeded');
  });

  test('a target smaller than the source', async () => {
    await cluster.client.create(Kinds.DataVolume, {
      metadata: inDemo('too-small'),
      spec: { source: fromSource, pvc: storage('1Gi', 'copy') },
    });
    expect(await untilReason('too-small', 'CloneValidationFailed')).toMatchObject({
      phase: '',
      conditions: { Ready: 'False(CloneValidationFailed)' },
    });
  });

  test('another content than the source has', async () => {
    const spec = { source: fromSource, contentType: 'archive', storage: storage('2Gi', 'copy') };
    await cluster.client.create(Kinds.DataVolume, { metadata: inDemo('archived'), spec });
    expect(await untilReason('archived', 'CloneValidationFailed')).toMatchObject({ phase: '' });
    const { status } = (await cluster.client.get(Kinds.DataVolume, inDemo('archived'))) as DataVolume;
    expect(status?.conditions?.find(({ type }) => type === 'Bound')?.message).toBe(
      "The clone doesn't meet the validation requirements: " +
        'Source contentType (kubevirt) and target contentType (archive) do not match',
    );
  });

  test('a profile that says nothing of how the class’s volumes can be used', async () => {
    await cluster.makeClass('strange', { strategy: 'copy', provisioner: 'strange.csi' });
    const { accessModes: _, volumeMode: __, ...unsaid } = storage('2Gi', 'strange');
    await cluster.client.create(Kinds.DataVolume, {
      metadata: inDemo('unsaid'),
      spec: { source: fromSource, storage: unsaid },
    });
    expect(await untilReason('unsaid', 'ErrClaimNotValid')).toMatchObject({ phase: '' });
    const claimPropertySets = [{ accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem' }];
    const patch = { spec: { claimPropertySets } };
    await cluster.client.patchMerge(Kinds.StorageProfile, { name: 'strange' }, patch);
    await cluster.untilPhase('unsaid', 'Succeeded');
    const claim = await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('unsaid'));
    expect(claim?.spec).toMatchObject({ accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem' });
  });

  test('no such storage class', async () => {
    const { accessModes: _, ...unknown } = storage('2Gi', 'nowhere');
    await cluster.client.create(Kinds.DataVolume, {
      metadata: inDemo('no-class'),
      spec: { source: fromSource, storage: unknown },
    });
    expect(await untilReason('no-class', 'ErrClaimNotValid')).toMatchObject({
      phase: '',
      conditions: { Ready: 'False(ErrClaimNotValid)', Running: 'False()' },
    });
  });
});

test('a quota leaves it Pending with ErrExceededQuota, and it goes on when the quota goes', async () => {
  await cluster.makeNamespace('tight');
  const quota = { namespace: 'tight', name: 'storage' };
  await cluster.client.create(SimKinds.ResourceQuota, {
    metadata: quota,
    spec: { hard: { 'requests.storage': '1Gi' } },
  });
  await cluster.clone('src', 'over', { namespace: 'tight', size: '2Gi' });
  const { status } = await cluster.until(
    Kinds.DataVolume,
    { namespace: 'tight', name: 'over' },
    (dataVolume) =>
      dataVolume.status?.conditions?.some(({ reason }) => reason === 'ErrExceededQuota') ?? false,
  );
  expect(status).toMatchObject({ phase: 'Pending' });
  expect(status?.conditions?.find(({ type }) => type === 'Bound')?.message).toMatch(
    /"over" is forbidden: exceeded quota: storage, requested: requests.storage=2Gi, used: requests.storage=0, limited: requests.storage=1Gi$/,
  );
  await cluster.client.delete(SimKinds.ResourceQuota, quota);
  await cluster.untilPhase('over', 'Succeeded', 'tight');
});

test('the populator’s error shows in Running alone and on the claim, not in the phase', async () => {
  await cluster.clone('src', 'small-storage', { size: '1Gi' });
  const { status } = await cluster.until(Kinds.DataVolume, inDemo('small-storage'), (dataVolume) =>
    Boolean(
      dataVolume.status?.conditions?.some(({ type, reason }) => type === 'Running' && reason === 'Error'),
    ),
  );
  expect(['Pending', 'CloneScheduled']).toContain(status?.phase);
  const claim = await cluster.client.get(Kinds.PersistentVolumeClaim, inDemo('small-storage'));
  expect(claim?.metadata.annotations?.['cdi.kubevirt.io/cloneError']).toMatch(/smaller than the source/);
});
