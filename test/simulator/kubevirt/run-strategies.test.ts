import { STEERING } from '../../../simulator';
import type { VirtualMachineInstance } from '../../../src/clone/resources';
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
const vmiNow = () => cluster.client.get(Kinds.VirtualMachineInstance, ref());
const setStrategy = (runStrategy: string) =>
  cluster.client.patchMerge(Kinds.VirtualMachine, ref(), { spec: { runStrategy } });

/** The guest ends by itself, once. */
async function endGuest(result: 'succeeded' | 'failed'): Promise<VirtualMachineInstance> {
  const vmi = (await vmiNow()) as VirtualMachineInstance;
  await cluster.annotate(namespace, 'vm', { [STEERING.guestExits]: result });
  const phase = result === 'failed' ? 'Failed' : 'Succeeded';
  const ended = await cluster.untilVmi(
    namespace,
    'vm',
    ({ metadata, status }) => metadata.uid !== vmi.metadata.uid || status?.phase === phase,
  );
  await cluster.annotate(namespace, 'vm', { [STEERING.guestExits]: null });
  return ended;
}

describe('a guest that ends by itself', () => {
  it.each(['succeeded', 'failed'] as const)('Always: %s → starts again', async (result) => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    const before = await vmiNow();
    await endGuest(result);
    await cluster.untilVmi(namespace, 'vm', ({ metadata }) => metadata.uid !== before?.metadata.uid);
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  });

  it('RerunOnFailure: failed → made anew by a Start request of virt-controller', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'RerunOnFailure' });
    const before = await vmiNow();
    const recording = await cluster.record(namespace);
    await endGuest('failed');
    await cluster.untilVmi(namespace, 'vm', ({ metadata }) => metadata.uid !== before?.metadata.uid);
    await cluster.untilVm(
      namespace,
      'vm',
      ({ status }) => status?.ready === true && !status.stateChangeRequests,
    );
    expect(recording.of('VM').some((line) => line.includes('srs=Start '))).toBe(true);
  });

  it('RerunOnFailure: succeeded → its VMI goes and it stays off', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'RerunOnFailure' });
    await endGuest('succeeded');
    const off = await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
    expect(off.status?.printableStatus).toBe('Stopped');
    await cluster.untilReconciled(namespace, 'vm');
    expect(await vmiNow()).toBeUndefined();
  });

  it.each(['Manual', 'Once'])('%s: stays Stopped with the Succeeded VMI left', async (runStrategy) => {
    await cluster.runVm(namespace, 'vm', { runStrategy });
    const { metadata } = await endGuest('succeeded');
    const off = await cluster.untilWord(namespace, 'vm', 'Stopped');
    expect(off.status?.created).toBe(true);
    await cluster.until(
      Kinds.Pod,
      { namespace, name: await podName() },
      ({ status }) => status?.phase === 'Succeeded',
    );
    await cluster.untilReconciled(namespace, 'vm');
    const left = await vmiNow();
    expect(left?.metadata).toMatchObject({
      uid: metadata.uid,
      finalizers: ['kubevirt.io/foregroundDeleteVirtualMachine'],
    });
    expect(left?.metadata.deletionTimestamp).toBeUndefined();
    expect(await cluster.act(namespace, 'vm', 'stop')).toMatch(
      runStrategy === 'Manual' ? /^409 .*VM is not running$/ : /^202$/,
    );
  });

  it('Manual with a Succeeded VMI: a start replaces the VMI', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Manual' });
    const { metadata } = await endGuest('succeeded');
    await cluster.untilWord(namespace, 'vm', 'Stopped');
    expect(await cluster.act(namespace, 'vm', 'start')).toBe('202');
    await cluster.untilVmi(namespace, 'vm', (vmi) => vmi.metadata.uid !== metadata.uid);
    await cluster.untilVm(
      namespace,
      'vm',
      ({ status }) => status?.ready === true && !status.stateChangeRequests,
    );
  });
});

async function podName(): Promise<string> {
  const { items } = await cluster.client.list(Kinds.Pod, { namespace });
  return items[0]?.metadata.name ?? '';
}

describe('a patch of the strategy', () => {
  it.each([
    ['Manual', 'Halted', 'off'],
    ['Always', 'Halted', 'off'],
    ['Once', 'Halted', 'off'],
    ['RerunOnFailure', 'Halted', 'off'],
    ['Always', 'Manual', 'on'],
    ['Manual', 'Always', 'on'],
  ])('of a running VM from %s to %s leaves it %s', async (from, to, state) => {
    await cluster.runVm(namespace, 'vm', { runStrategy: from });
    const before = await vmiNow();
    await setStrategy(to);
    if (state === 'off') {
      await cluster.untilGone(Kinds.VirtualMachineInstance, ref());
      await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
    }
    await cluster.untilReconciled(namespace, 'vm');
    const after = await vmiNow();
    expect(after?.metadata.uid).toBe(state === 'on' ? before?.metadata.uid : undefined);
    const vm = await cluster.client.get(Kinds.VirtualMachine, ref());
    expect(vm?.status?.runStrategy).toBe(to);
    expect(vm?.status?.observedGeneration).toBe(2);
  });

  it.each([
    ['Always', 'boots'],
    ['Once', 'boots'],
    ['RerunOnFailure', 'boots'],
    ['Manual', 'stays off'],
  ])('of a VM that is off from Halted to %s: %s', async (to, outcome) => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
    await setStrategy(to);
    if (outcome === 'boots') {
      const vm = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
      expect(vm.metadata.generation).toBe(vm.status?.observedGeneration);
    } else {
      await cluster.untilReconciled(namespace, 'vm');
      const vm = await cluster.client.get(Kinds.VirtualMachine, ref());
      expect(await vmiNow()).toBeUndefined();
      expect(vm?.metadata.generation).not.toBe(vm?.status?.observedGeneration);
    }
  });

  it('Once with an ended guest, halted and restored: boots', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Once' });
    const { metadata } = await endGuest('succeeded');
    await setStrategy('Halted');
    await cluster.untilGone(Kinds.VirtualMachineInstance, ref());
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
    await setStrategy('Once');
    const again = await cluster.untilVmi(namespace, 'vm', ({ status }) => status?.phase === 'Running');
    expect(again.metadata.uid).not.toBe(metadata.uid);
  });

  it('RerunOnFailure that was off, halted and restored: boots', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'RerunOnFailure' });
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created && !status?.stateChangeRequests);
    await setStrategy('Halted');
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.runStrategy === 'Halted');
    await setStrategy('RerunOnFailure');
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  });
});

it('only a VM that has been started once has a last strategy in its status', async () => {
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Manual' });
  const never = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.conditions !== undefined);
  expect(never.status).toMatchObject({ printableStatus: 'Stopped' });
  expect(never.status?.runStrategy).toBeUndefined();
  expect(never.status?.observedGeneration).toBeUndefined();
  await cluster.act(namespace, 'vm', 'start');
  const once = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  expect(once.status).toMatchObject({ runStrategy: 'Manual', observedGeneration: 1 });
});

it('a guest that never comes up backs off: CrashLoopBackOff, with the count in the status', async () => {
  const annotations = { [STEERING.boot]: 'fails' };
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations });
  const vm = await cluster.untilWord(namespace, 'vm', 'CrashLoopBackOff');
  expect(vm.status?.startFailure).toMatchObject({ consecutiveFailCount: 1 });
  await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
  await cluster.annotate(namespace, 'vm', { [STEERING.boot]: null });
  await setStrategy('Halted');
  await cluster.untilWord(namespace, 'vm', 'Stopped');
  await setStrategy('Always');
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true && !status.startFailure);
});
