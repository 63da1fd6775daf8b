import { Kinds } from '../../../src/kubernetes';
import { blankTemplate, ResourceQuotas, VISIBLE, VmCluster, volumesOf } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start({ ...VISIBLE, provisionSeconds: 0.2 });
  await cluster.makeClass('now', 'Immediate', 'copy');
  await cluster.makeClass('fast', 'Immediate', 'csi-clone');
  await cluster.makeClass('later', 'WaitForFirstConsumer', 'copy');
});
afterAll(() => cluster.close());
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});

const root = volumesOf({ root: { dataVolume: 'vm-root' } });
const ref = (name: string) => ({ namespace, name });
const templated = (storageClass: string) => ({
  template: root,
  spec: { dataVolumeTemplates: [blankTemplate('vm-root', storageClass)] },
});

it('an Always VM with a template: its disk first, then its VMI', async () => {
  const recording = await cluster.record(namespace);
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, templated('now'));
  await recording.untilInOrder(
    /^VM vm Always None created=None ready=None gen=1\/None srs= $/,
    /^VM vm Always Stopped created=None ready=None gen=1\/None srs= $/,
    /^DV vm-root None$/,
    /^VM vm Always Provisioning created=None .* Ready=False\(VMINotExists\)$/,
    /^DV vm-root Succeeded$/,
    /^VMI vm Pending/,
    /^VMI vm Scheduling .* DataVolumesReady=True\(AllDVsReady\) Ready=False\(GuestNotRunning\)$/,
    /^VM vm Always Running created=true ready=true gen=1\/1 srs= DataVolumesReady=True\(AllDVsReady\) Ready=True$/,
  );
  await recording.untilWords(
    'vm',
    ['None', 'Stopped', 'Provisioning', 'Starting', 'Running'],
    ['Stopped', 'WaitingForVolumeBinding'],
  );
  const vm = await cluster.client.get(Kinds.VirtualMachine, ref('vm'));
  const dataVolume = await cluster.client.get(Kinds.DataVolume, ref('vm-root'));
  expect(dataVolume?.metadata).toMatchObject({
    annotations: { 'cdi.kubevirt.io/allowClaimAdoption': 'true' },
    labels: { 'kubevirt.io/created-by': vm?.metadata.uid },
    ownerReferences: [
      { kind: 'VirtualMachine', uid: vm?.metadata.uid, controller: true, blockOwnerDeletion: true },
    ],
  });
  const { items } = await cluster.client.list(Kinds.Pod, {
    namespace,
    labelSelector: 'kubevirt.io=virt-launcher',
  });
  expect(items[0]?.spec?.volumes).toEqual([
    { name: 'root', persistentVolumeClaim: { claimName: 'vm-root' } },
  ]);
});

it('a Halted VM with a template: the disk at once, the condition DataVolumesReady never', async () => {
  const recording = await cluster.record(namespace);
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, templated('now'));
  await cluster.until(Kinds.DataVolume, ref('vm-root'), ({ status }) => status?.phase === 'Succeeded');
  const vm = await cluster.untilWord(namespace, 'vm', 'Stopped');
  await recording.untilWords('vm', ['None', 'Stopped', 'Provisioning', 'Stopped']);
  expect(vm.status?.conditions?.map(({ type }) => type)).toEqual(['Ready']);
});

it('kubevirt.io/immediate-data-volume-creation "false" puts the disk off until the start', async () => {
  const annotations = { 'kubevirt.io/immediate-data-volume-creation': 'false' };
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { ...templated('now'), annotations });
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.conditions !== undefined);
  await cluster.untilReconciled(namespace, 'vm');
  expect(await cluster.client.get(Kinds.DataVolume, ref('vm-root'))).toBeUndefined();
  await cluster.act(namespace, 'vm', 'start');
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
});

it('a Halted VM, and then its DataVolumes made directly and owned by it', async () => {
  const recording = await cluster.record(namespace);
  const vm = await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { template: root });
  await cluster.client.create(Kinds.DataVolume, {
    metadata: {
      ...ref('vm-root'),
      ownerReferences: [
        {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachine',
          name: 'vm',
          uid: vm.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    spec: blankTemplate('vm-root', 'now').spec,
  });
  await cluster.until(Kinds.DataVolume, ref('vm-root'), ({ status }) => status?.phase === 'Succeeded');
  await cluster.untilWord(namespace, 'vm', 'Stopped');
  await recording.untilWords('vm', ['None', 'Stopped', 'Provisioning', 'Stopped']);
  await cluster.act(namespace, 'vm', 'start');
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  await cluster.client.delete(Kinds.VirtualMachine, ref('vm'));
  await cluster.untilGone(Kinds.VirtualMachine, ref('vm'));
  await cluster.untilGone(Kinds.DataVolume, ref('vm-root'));
  await cluster.untilGone(Kinds.PersistentVolumeClaim, ref('vm-root'));
});

it('a class that waits for its first consumer: the start is the consumer', async () => {
  const recording = await cluster.record(namespace);
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, templated('later'));
  await cluster.until(
    Kinds.DataVolume,
    ref('vm-root'),
    ({ status }) => status?.phase === 'PendingPopulation',
  );
  await cluster.untilReconciled(namespace, 'vm');
  await cluster.untilWord(namespace, 'vm', 'Stopped');
  recording.clear();
  await cluster.act(namespace, 'vm', 'start');
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  await recording.untilInOrder(
    /^VM vm Always Stopped created=None ready=None gen=2\/None/,
    /^VM vm Always WaitingForVolumeBinding/,
    /^VM vm Always Provisioning created=true ready=None gen=2\/2 .*DataVolumesReady=False\(NotAllDVsReady\)/,
    /^DV vm-root Succeeded$/,
    /^VM vm Always Running created=true ready=true/,
  );
});

it.each([
  ['DataVolume', { dataVolume: 'late' }],
  ['claim', { claim: 'late' }],
])('a missing %s: ErrorPvcNotFound until it appears', async (_what, source) => {
  const template = volumesOf({ root: source });
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Always' }, { template });
  const vm = await cluster.untilWord(namespace, 'vm', 'ErrorPvcNotFound');
  expect(vm.status?.created).toBe(true);
  const made = { metadata: ref('late'), spec: blankTemplate('late', 'now').spec };
  if ('claim' in source)
    await cluster.client.create(Kinds.PersistentVolumeClaim, { ...made, spec: made.spec.storage });
  else await cluster.client.create(Kinds.DataVolume, made);
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
});

it('a claim of the template’s name is adopted as it is, and goes with the VM', async () => {
  const { uid } = (
    await cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: ref('vm-root'),
      spec: blankTemplate('', 'now').spec.storage,
    })
  ).metadata;
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, templated('now'));
  const { status } = await cluster.until(
    Kinds.DataVolume,
    ref('vm-root'),
    (dv) => dv.status?.phase === 'Succeeded',
  );
  expect(status?.progress).toBe('N/A');
  expect((await cluster.client.get(Kinds.PersistentVolumeClaim, ref('vm-root')))?.metadata.uid).toBe(uid);
  await cluster.client.delete(Kinds.VirtualMachine, ref('vm'));
  await cluster.untilGone(Kinds.PersistentVolumeClaim, ref('vm-root'));
});

it('a DataVolume that nobody controls is taken over; one of another VM is only used', async () => {
  const free = { metadata: ref('vm-root'), spec: blankTemplate('', 'now').spec };
  await cluster.client.create(Kinds.DataVolume, free);
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, templated('now'));
  const owned = await cluster.until(Kinds.DataVolume, ref('vm-root'), ({ metadata }) =>
    Boolean(metadata.ownerReferences),
  );
  await cluster.makeVm(namespace, 'other', { runStrategy: 'Halted' }, templated('now'));
  await cluster.untilVm(namespace, 'other', ({ status }) => status?.conditions !== undefined);
  await cluster.untilReconciled(namespace, 'other');
  const after = await cluster.client.get(Kinds.DataVolume, ref('vm-root'));
  expect(after?.metadata.ownerReferences).toEqual(owned.metadata.ownerReferences);
  expect(after?.metadata.ownerReferences).toMatchObject([{ name: 'vm' }]);
});

it('a deleted DataVolume of a template is made anew', async () => {
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, templated('now'));
  const first = await cluster.until(
    Kinds.DataVolume,
    ref('vm-root'),
    ({ status }) => status?.phase === 'Succeeded',
  );
  await cluster.client.delete(Kinds.DataVolume, ref('vm-root'));
  await cluster.until(
    Kinds.DataVolume,
    ref('vm-root'),
    ({ metadata, status }) => metadata.uid !== first.metadata.uid && status?.phase === 'Succeeded',
  );
});

it('a DataVolume that is refused shows as condition Failure, and is tried again', async () => {
  const template = blankTemplate('vm-root', 'now');
  template.spec.storage.resources.requests.storage = '1Ki';
  await cluster.makeVm(
    namespace,
    'vm',
    { runStrategy: 'Always' },
    { template: root, spec: { dataVolumeTemplates: [template] } },
  );
  const vm = await cluster.untilVm(namespace, 'vm', ({ status }) =>
    Boolean(status?.conditions?.some(({ type }) => type === 'Failure')),
  );
  expect(vm.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Failure', status: 'True', reason: 'FailedCreate' }),
  );
});

it('a disk over the quota: DataVolumeError until the quota goes', async () => {
  const hard = { persistentvolumeclaims: '0' };
  await cluster.client.create(ResourceQuotas, { metadata: ref('none'), spec: { hard } });
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, templated('now'));
  await cluster.untilWord(namespace, 'vm', 'DataVolumeError');
  await cluster.client.delete(ResourceQuotas, ref('none'));
  await cluster.until(Kinds.DataVolume, ref('vm-root'), ({ status }) => status?.phase === 'Succeeded');
  await cluster.untilWord(namespace, 'vm', 'Stopped');
});

it.each([
  ['copy', 'now', 'CloneInProgress'],
  ['csi-clone', 'fast', 'CSICloneInProgress'],
])(
  'a clone (%s) of a disk in use waits for the launcher pod, which an event names, to go',
  async (_how, storageClass, waits) => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, templated(storageClass));
    const spec = { ...blankTemplate('', storageClass).spec, source: { pvc: { namespace, name: 'vm-root' } } };
    const recording = await cluster.record(namespace);
    await cluster.client.create(Kinds.DataVolume, { metadata: ref('copy'), spec });
    await cluster.until(Kinds.DataVolume, ref('copy'), ({ status }) => status?.phase === waits);
    const { items } = await cluster.client.list(Kinds.Pod, {
      namespace,
      labelSelector: 'kubevirt.io=virt-launcher',
    });
    const said = await cluster.untilEvent(namespace, ({ reason }) => reason === 'CloneSourceInUse');
    expect(said.message).toContain(items[0]?.metadata.name);
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.until(Kinds.DataVolume, ref('copy'), ({ status }) => status?.phase === 'Succeeded');
    await recording.untilInOrder(
      new RegExp(`^DV copy ${waits}$`),
      /^Pod virt-launcher-vm-\w+ GONE$/,
      /^DV copy Succeeded$/,
    );
  },
);
