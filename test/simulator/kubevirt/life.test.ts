import { Kinds } from '../../../src/kubernetes';
import { VISIBLE, VmCluster } from '../vm-cluster';

let cluster: VmCluster;
beforeAll(async () => {
  cluster = await VmCluster.start(VISIBLE);
});
afterAll(() => cluster.close());

const BOTH = 'virtualMachineControllerFinalize,foregroundDeleteVirtualMachine';

describe('the life of an Always VM, in the order and the words of the recorded run', () => {
  it('starts: Stopped at first, then Starting with and without created, Running before it is ready', async () => {
    const namespace = await cluster.makeNamespace();
    const recording = await cluster.record(namespace);
    await cluster.runVm(namespace, 'src', { runStrategy: 'Always' });
    await recording.untilInOrder(
      /^VM src Always None created=None ready=None gen=1\/None srs= $/,
      /^VM src Always Stopped created=None ready=None gen=1\/None srs= $/,
      new RegExp(`^VMI src Pending node=None fin=${BOTH} $`),
      /^Pod virt-launcher-src-[a-z0-9]{5} Pending$/,
      new RegExp(`^VMI src Scheduling node=None fin=${BOTH} Ready=False\\(GuestNotRunning\\)$`),
      /^Pod virt-launcher-src-\w+ Running$/,
      /^VMI src Scheduled node=node-\d .* Ready=False\(GuestNotRunning\)$/,
      /^VMI src Running node=node-\d .* Ready=False\(GuestNotRunning\)$/,
      /^VM src Always Running created=true ready=true gen=1\/1 srs= Ready=True$/,
    );
    await recording.untilWords('src', ['None', 'Stopped', 'Starting', 'Running']);
    // Starting, or Stopped for a moment more when the VMI's event has overtaken the answer to its creation.
    expect(recording.of('VM')[2]).toMatch(
      /^Always (Starting|Stopped) created=None ready=None gen=1\/None srs= Ready=False\(VMINotExists\)$/,
    );
    expect(recording.of('VM')).toContain(
      'Always Running created=true ready=None gen=1/1 srs= Ready=False(GuestNotRunning)',
    );
  });

  it('stops: Stopping, then Stopped while the VMI still exists, then without it', async () => {
    const namespace = await cluster.makeNamespace();
    await cluster.runVm(namespace, 'src', { runStrategy: 'Always' });
    const recording = await cluster.record(namespace);
    expect(await cluster.act(namespace, 'src', 'stop')).toBe('202');
    await cluster.untilGone(Kinds.VirtualMachineInstance, { namespace, name: 'src' });
    await cluster.untilVm(namespace, 'src', ({ status }) => !status?.created);
    await recording.untilInOrder(
      /^VM src Halted Running created=true ready=true gen=2\/1/,
      /^VMI src Running .* Ready=True DELETING$/,
      /^Pod virt-launcher-src-\w+ Running DELETING$/,
      /^VMI src Running .* Ready=False\(PodTerminating\) DELETING$/,
      /^VM src Halted Stopping created=true ready=None gen=2\/2 srs= Ready=False\(PodTerminating\)$/,
      /^VMI src Succeeded .* DELETING$/,
      /^VM src Halted Stopped created=true ready=None gen=2\/2 srs= Ready=False\(PodTerminating\)$/,
      /^VMI src GONE$/,
      /^VM src Halted Stopped created=None ready=None gen=2\/2 srs= Ready=False\(VMINotExists\)$/,
    );
    await recording.untilInOrder(/^VMI src Succeeded/, /^Pod .* GONE$/, /^VMI src GONE$/);
    await recording.untilWords('src', ['Running', 'Stopping', 'Stopped']);
  });

  it('still says Stopped of the old generation right after a start', async () => {
    const namespace = await cluster.makeNamespace();
    await cluster.runVm(namespace, 'src', { runStrategy: 'Always' });
    await cluster.act(namespace, 'src', 'stop');
    await cluster.untilVm(namespace, 'src', ({ status }) => !status?.created);
    const recording = await cluster.record(namespace);
    expect(await cluster.act(namespace, 'src', 'start')).toBe('202');
    await cluster.untilVm(namespace, 'src', ({ status }) => status?.ready === true);
    expect(recording.of('VM').slice(0, 2)).toEqual([
      'Halted Stopped created=None ready=None gen=2/2 srs= Ready=False(VMINotExists)',
      'Always Stopped created=None ready=None gen=3/2 srs= Ready=False(VMINotExists)',
    ]);
    await recording.untilWords('src', ['Stopped', 'Starting', 'Running']);
  });

  it('restarts: a Stop and a Start request together, obeyed and cleared one after the other', async () => {
    const namespace = await cluster.makeNamespace();
    const { uid } = (await cluster.runVm(namespace, 'src', { runStrategy: 'Always' })).metadata;
    const before = await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'src' });
    const recording = await cluster.record(namespace);
    expect(await cluster.act(namespace, 'src', 'restart')).toBe('202');
    await cluster.untilVmi(namespace, 'src', (vmi) => vmi.metadata.uid !== before?.metadata.uid);
    await cluster.untilVm(
      namespace,
      'src',
      ({ status }) => status?.ready === true && !status.stateChangeRequests,
    );
    await recording.untilInOrder(
      /^VM src Always Running created=true ready=true gen=1\/1 srs=Stop,Start Ready=True$/,
      /^VM src Always Stopping created=true .* srs=Stop,Start/,
      /^VM src Always Stopped created=true ready=None .* srs=Stop,Start/,
      /^VMI src GONE$/,
      /^VMI src Pending/,
      /^VM src Always Starting .* srs= /,
      /^VM src Always Running created=true ready=true gen=1\/1 srs= Ready=True$/,
    );
    expect(recording.lines.some((line) => /srs=Start /.test(line))).toBe(true);
    expect((await cluster.client.get(Kinds.VirtualMachine, { namespace, name: 'src' }))?.metadata.uid).toBe(
      uid,
    );
  });

  it('deleted: Terminating until its VMI and pod are gone', async () => {
    const namespace = await cluster.makeNamespace();
    await cluster.runVm(namespace, 'src', { runStrategy: 'Always' });
    const recording = await cluster.record(namespace);
    await cluster.client.delete(Kinds.VirtualMachine, { namespace, name: 'src' });
    await cluster.untilGone(Kinds.VirtualMachine, { namespace, name: 'src' });
    await recording.untilInOrder(
      /^VM src Always Running created=true ready=true gen=2\/1 .* DELETING$/,
      /^VM src Always Terminating created=true/,
      /^VMI src GONE$/,
      /^VM src GONE$/,
    );
    await recording.untilInOrder(/^Pod .* DELETING$/, /^VMI src Succeeded/, /^Pod .* GONE$/, /^VM src GONE$/);
  });
});

it('the cluster writes finalizer, annotations and identity into a VM', async () => {
  const namespace = await cluster.makeNamespace();
  const recording = await cluster.record(namespace);
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
  const { metadata, spec } = await cluster.untilVm(namespace, 'vm', ({ status }) =>
    Boolean(status?.conditions),
  );
  expect(metadata).toMatchObject({
    generation: 1,
    finalizers: ['kubevirt.io/virtualMachineControllerFinalize'],
    annotations: {
      'kubevirt.io/latest-observed-api-version': 'v1',
      'kubevirt.io/storage-observed-api-version': 'v1',
    },
  });
  const { template } = spec;
  expect(template.metadata?.annotations).toEqual({ 'kubevirt.io/pci-topology-version': 'v3' });
  expect(template.spec).toMatchObject({
    architecture: 'amd64',
    domain: {
      machine: { type: 'q35' },
      firmware: {
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        serial: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    },
  });
  await recording.untilWords('vm', ['None', 'Stopped']);
});

it('a firmware that is taken away gets the UUID of the name, the same in every namespace', async () => {
  const path = '/spec/template/spec/domain/firmware';
  const uuids: (string | undefined)[] = [];
  for (const namespace of [await cluster.makeNamespace(), await cluster.makeNamespace()]) {
    const ref = { namespace, name: 'twin' };
    const { spec } = await cluster.makeVm(namespace, 'twin', { runStrategy: 'Halted' });
    const first = spec.template.spec.domain.firmware?.uuid;
    await cluster.client.patchJson(Kinds.VirtualMachine, ref, [{ op: 'remove', path }]);
    const vm = await cluster.untilVm(namespace, 'twin', ({ spec: { template } }) => {
      const { uuid } = template.spec.domain.firmware ?? {};
      return uuid !== undefined && uuid !== first;
    });
    uuids.push(vm.spec.template.spec.domain.firmware?.uuid);
  }
  expect(uuids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuids[1]).toBe(uuids[0]);
});

it('a change of the template of a running VM is not observed until it is started anew', async () => {
  const namespace = await cluster.makeNamespace();
  const ref = { namespace, name: 'vm' };
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Manual' });
  await cluster.client.patchMerge(Kinds.VirtualMachine, ref, {
    spec: { template: { spec: { domain: { memory: { guest: '2Gi' } } } } },
  });
  await cluster.annotate(namespace, 'vm', { touched: 'yes' });
  await cluster.act(namespace, 'vm', 'stop');
  const stopped = await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
  expect(stopped.metadata.generation).toBe(2);
  expect(stopped.status?.observedGeneration).toBe(1);
  await cluster.act(namespace, 'vm', 'start');
  const started = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  expect(started.status?.observedGeneration).toBe(2);
});

it('the launcher pod names the claims and belongs to its VMI', async () => {
  const namespace = await cluster.makeNamespace();
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
  const vmi = await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' });
  const { items } = await cluster.client.list(Kinds.Pod, {
    namespace,
    labelSelector: 'kubevirt.io=virt-launcher',
  });
  expect(items).toHaveLength(1);
  expect(items[0]?.metadata).toMatchObject({
    labels: { 'kubevirt.io/created-by': vmi?.metadata.uid, 'vm.kubevirt.io/name': 'vm' },
    ownerReferences: [{ kind: 'VirtualMachineInstance', uid: vmi?.metadata.uid, controller: true }],
  });
  const vm = await cluster.client.get(Kinds.VirtualMachine, { namespace, name: 'vm' });
  expect(vmi?.metadata.ownerReferences).toMatchObject([
    { kind: 'VirtualMachine', uid: vm?.metadata.uid, controller: true },
  ]);
});
