import { STEERING } from '../../../simulator';
import { Kinds } from '../../../src/kubernetes';
import { VmCluster } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
});
afterAll(() => cluster.close());
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});

const ref = () => ({ namespace, name: 'vm' });
const launcher = async () => (await cluster.client.list(Kinds.Pod, { namespace })).items[0];

describe('a guest that runs', () => {
  it('has its pod’s address and node, the MAC of its spec, and what its agent tells', async () => {
    const mac = '02:11:22:33:44:55';
    const template = {
      domain: { devices: { interfaces: [{ name: 'default', masquerade: {}, macAddress: mac }] } },
      networks: [{ name: 'default', pod: {} }],
    };
    const annotations = { 'vm.kubevirt.io/os': 'fedora' };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template, annotations });
    const pod = await launcher();
    const vmi = await cluster.client.get(Kinds.VirtualMachineInstance, ref());
    const podIP = pod?.status?.podIP;
    expect(podIP).toMatch(/^10\.244\.\d\.\d+$/);
    expect(vmi?.status).toMatchObject({
      nodeName: pod?.spec?.nodeName,
      interfaces: [{ name: 'default', mac, ipAddress: podIP, ipAddresses: [podIP] }],
      guestOSInfo: { id: 'fedora', prettyName: expect.stringContaining('Fedora') },
    });
    expect(vmi?.metadata.labels).toMatchObject({ 'kubevirt.io/nodeName': pod?.spec?.nodeName });
    expect(vmi?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'AgentConnected', status: 'True' }),
    );
  });

  it('has a new MAC at each start when the spec names none', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    const first = await cluster.client.get(Kinds.VirtualMachineInstance, ref());
    await cluster.act(namespace, 'vm', 'restart');
    const second = await cluster.untilVmi(
      namespace,
      'vm',
      ({ metadata, status }) => metadata.uid !== first?.metadata.uid && status?.phase === 'Running',
    );
    const [before, after] = [first, second].map((vmi) => vmi?.status?.interfaces?.[0]?.mac);
    expect(before).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(after).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(after).not.toBe(before);
  });

  it('boots in its own time, and shuts down in its own time', async () => {
    const annotations = { [STEERING.boot]: '0.4', [STEERING.stop]: '0.4' };
    const since = Date.now();
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations });
    expect(Date.now() - since).toBeGreaterThanOrEqual(400);
    const stopping = Date.now();
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.untilGone(Kinds.VirtualMachineInstance, ref());
    expect(Date.now() - stopping).toBeGreaterThanOrEqual(400);
  });
});

describe('a guest that does not want to stop', () => {
  it('is killed when its grace period is over', async () => {
    const annotations = { [STEERING.stop]: '600' };
    const template = { domain: { devices: {} }, terminationGracePeriodSeconds: 1 };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations, template });
    const since = Date.now();
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.untilGone(Kinds.VirtualMachineInstance, ref());
    expect(Date.now() - since).toBeGreaterThanOrEqual(1000);
  });

  it('never: outlives its grace period; a forced stop ends it', async () => {
    const annotations = { [STEERING.stop]: 'never' };
    const template = { domain: { devices: {} }, terminationGracePeriodSeconds: 1 };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations, template });
    await cluster.act(namespace, 'vm', 'stop');
    const before = await cluster.untilVmi(namespace, 'vm', ({ metadata }) =>
      Boolean(metadata.deletionTimestamp),
    );
    // Another VM with the same grace period is killed meanwhile: that long it has been.
    await cluster.runVm(
      namespace,
      'other',
      { runStrategy: 'Always' },
      { annotations: { [STEERING.stop]: '600' }, template },
    );
    await cluster.act(namespace, 'other', 'stop');
    await cluster.untilGone(Kinds.VirtualMachineInstance, { namespace, name: 'other' });
    const after = await cluster.client.get(Kinds.VirtualMachineInstance, ref());
    expect(after).toMatchObject({ metadata: { uid: before.metadata.uid }, status: { phase: 'Running' } });
    expect(await cluster.act(namespace, 'vm', 'stop', { gracePeriod: 0 })).toBe('202');
    await cluster.untilGone(Kinds.VirtualMachineInstance, ref());
  });

  it('dead: its node answers nothing, not even a forced stop; deleted it stays Terminating', async () => {
    const annotations = { [STEERING.stop]: 'dead' };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations });
    await cluster.act(namespace, 'vm', 'stop');
    expect(await cluster.act(namespace, 'vm', 'stop', { gracePeriod: 0 })).toBe('202');
    await cluster.untilWord(namespace, 'vm', 'Stopping');
    await cluster.client.delete(Kinds.VirtualMachine, ref());
    const vm = await cluster.untilWord(namespace, 'vm', 'Terminating');
    expect(vm.metadata.finalizers).toEqual(['kubevirt.io/virtualMachineControllerFinalize']);
    const pod = await launcher();
    expect(pod).toMatchObject({
      metadata: { deletionTimestamp: expect.any(String) },
      status: { phase: 'Running' },
    });
    // The node comes back.
    await cluster.annotate(namespace, 'vm', { [STEERING.stop]: null });
    await cluster.untilGone(Kinds.VirtualMachine, ref());
  });

  it('dead: a pod that is removed by force fails the VMI', async () => {
    const annotations = { [STEERING.stop]: 'dead' };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations });
    const recording = await cluster.record(namespace);
    await cluster.act(namespace, 'vm', 'stop');
    const pod = await launcher();
    await cluster.client.delete(
      Kinds.Pod,
      { namespace, name: pod?.metadata.name ?? '' },
      { gracePeriodSeconds: 0 },
    );
    await cluster.untilGone(Kinds.VirtualMachineInstance, ref());
    await recording.untilInOrder(/^Pod .* GONE$/, /^VMI vm Failed/, /^VMI vm GONE$/);
  });
});

it('a launcher pod that a person deletes takes its guest down, and the VM starts again', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
  const before = await cluster.client.get(Kinds.VirtualMachineInstance, ref());
  const recording = await cluster.record(namespace);
  const pod = await launcher();
  await cluster.client.delete(Kinds.Pod, { namespace, name: pod?.metadata.name ?? '' });
  await cluster.untilVmi(namespace, 'vm', ({ metadata }) => metadata.uid !== before?.metadata.uid);
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  await recording.untilInOrder(
    /^Pod .* DELETING$/,
    /^VMI vm Succeeded/,
    /^Pod .* GONE$/,
    /^VMI vm GONE$/,
    /^VMI vm Pending/,
  );
});

it('an ordinary pod waits for its claims, runs, and goes', async () => {
  await cluster.makeClass(`class-of-${namespace}`, 'Immediate', 'copy');
  const name = 'worker';
  await cluster.client.create(Kinds.Pod, {
    metadata: { namespace, name },
    spec: {
      containers: [{ name: 'main', image: 'busybox' }],
      volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }],
    },
  });
  await cluster.client.create(Kinds.PersistentVolumeClaim, {
    metadata: { namespace, name: 'disk' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: `class-of-${namespace}`,
      resources: { requests: { storage: '1Gi' } },
    },
  });
  const pod = await cluster.until(
    Kinds.Pod,
    { namespace, name },
    ({ status }) => status?.phase === 'Running',
  );
  expect(pod.status?.containerStatuses).toMatchObject([{ name: 'main', ready: true, restartCount: 0 }]);
  await cluster.client.delete(Kinds.Pod, { namespace, name });
  await cluster.untilGone(Kinds.Pod, { namespace, name });
});

it('pause on a dead node: 500', async () => {
  await cluster.runVm(
    namespace,
    'vm',
    { runStrategy: 'Always' },
    { annotations: { [STEERING.stop]: 'dead' } },
  );
  const url = `${cluster.simulator.url}/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/vm/pause`;
  const response = await fetch(url, { method: 'PUT' });
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({
    reason: 'InternalError',
    message: expect.stringContaining('no route'),
  });
});
