import {
  KubeVirtKinds,
  type VmRestore,
  type VmSnapshot,
} from '../../../simulator/controllers/kubevirt/kinds';
import { OPERATION_STEERING } from '../../../simulator/node/operation-steering';
import type { PatchOperation } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { answerOf, VmCluster, volumesOf } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
  await cluster.makeClass('now', 'Immediate', 'copy');
});
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

const SOURCE_FINALIZER = 'snapshot.kubevirt.io/snapshot-source-protection';
const ref = (name: string) => ({ namespace, name });
const theVm = { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'vm' };

const take = (name: string, spec: Partial<VmSnapshot['spec']> = {}): Promise<VmSnapshot> =>
  cluster.client.create(KubeVirtKinds.VmSnapshot, { metadata: ref(name), spec: { source: theVm, ...spec } });
const restore = (name: string, of: string, spec: Partial<VmRestore['spec']> = {}): Promise<VmRestore> =>
  cluster.client.create(KubeVirtKinds.VmRestore, {
    metadata: ref(name),
    spec: { target: theVm, virtualMachineSnapshotName: of, ...spec },
  });
const untilTaken = (name: string) =>
  cluster.until(KubeVirtKinds.VmSnapshot, ref(name), ({ status }) => status?.readyToUse === true);
const untilFree = () =>
  cluster.untilVm(
    namespace,
    'vm',
    ({ metadata, status }) => !status?.snapshotInProgress && !metadata.finalizers?.includes(SOURCE_FINALIZER),
  );
const hold = (operation: 'snapshot' | 'restore', how: string | null) =>
  cluster.annotate(namespace, 'vm', { [OPERATION_STEERING[operation]]: how });
const reasonOf = ({ status }: VmSnapshot | VmRestore, type: string) =>
  status?.conditions?.find((condition) => condition.type === type)?.reason;
const patch = (operations: PatchOperation[]) =>
  answerOf(cluster.client.patchJson(Kinds.VirtualMachine, ref('vm'), operations));

const denied = (why: string) =>
  `422 admission webhook "virtualmachine-validator.kubevirt.io" denied the request: ${why}`;

describe('a snapshot', () => {
  it('has the VM as long as it is made, then lets it go', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await hold('snapshot', 'never');
    await take('snap');
    const locked = await cluster.untilVm(
      namespace,
      'vm',
      ({ metadata, status }) =>
        status?.snapshotInProgress === 'snap' && metadata.finalizers?.includes(SOURCE_FINALIZER) === true,
    );
    const snapshot = await cluster.until(
      KubeVirtKinds.VmSnapshot,
      ref('snap'),
      (seen) => reasonOf(seen, 'Progressing') === 'Source locked and operation in progress',
    );
    expect(snapshot.status).toMatchObject({
      phase: 'InProgress',
      readyToUse: false,
      sourceUID: locked.metadata.uid,
    });
    await hold('snapshot', '0');
    const taken = await untilTaken('snap');
    expect(taken.status).toMatchObject({ phase: 'Succeeded', creationTime: expect.any(String) });
    expect(taken.status?.virtualMachineSnapshotContentName).toBe(`vmsnapshot-content-${taken.metadata.uid}`);
    await untilFree();
  });

  it('of a running VM leaves it on, and says so', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await take('snap');
    const { status } = await untilTaken('snap');
    expect(status?.indications).toEqual(['NoGuestAgent', 'Online']);
    expect((await untilFree()).status?.printableStatus).toBe('Running');
  });

  it('waits for another one, and for a claim that is missing', async () => {
    const template = volumesOf({ data: { claim: 'data' } });
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { template });
    await take('snap');
    const reason = (name: string, wanted: string) =>
      cluster.until(KubeVirtKinds.VmSnapshot, ref(name), (seen) => reasonOf(seen, 'Progressing') === wanted);
    await reason('snap', `Source not locked source ${namespace}/vm volume doesnt exist: data`);
    await hold('snapshot', 'never');
    await cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: ref('data'),
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'now',
        resources: { requests: { storage: '1Gi' } },
      },
    });
    await cluster.until(Kinds.PersistentVolumeClaim, ref('data'), ({ status }) => status?.phase === 'Bound');
    await cluster.annotate(namespace, 'vm', { touched: 'yes' });
    await reason('snap', 'Source locked and operation in progress');
    await take('next');
    await reason('next', 'Source not locked snapshot "snap" in progress');
    await hold('snapshot', '0');
    await untilTaken('snap');
    await untilTaken('next');
  });

  it('of a VM that is not there waits for it', async () => {
    await take('snap');
    await cluster.until(
      KubeVirtKinds.VmSnapshot,
      ref('snap'),
      (seen) => reasonOf(seen, 'Progressing') === 'Source does not exist',
    );
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await untilTaken('snap');
  });

  it('that is deleted while it is made lets the VM go', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await hold('snapshot', 'never');
    await take('snap');
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.snapshotInProgress === 'snap');
    await cluster.client.delete(KubeVirtKinds.VmSnapshot, ref('snap'));
    await cluster.untilGone(KubeVirtKinds.VmSnapshot, ref('snap'));
    await untilFree();
  });

  it('fails when its deadline has passed, and lets the VM go', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await hold('snapshot', 'never');
    await take('snap', { failureDeadline: '1s' });
    const snapshot = await cluster.until(
      KubeVirtKinds.VmSnapshot,
      ref('snap'),
      ({ status }) => status?.phase === 'Failed',
    );
    expect(reasonOf(snapshot, 'Failure')).toBe('snapshot deadline exceeded');
    await untilFree();
  });

  it('keeps the VM from going until it is done', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await hold('snapshot', 'never');
    await take('snap');
    await cluster.untilVm(namespace, 'vm', ({ metadata }) =>
      Boolean(metadata.finalizers?.includes(SOURCE_FINALIZER)),
    );
    await cluster.client.delete(Kinds.VirtualMachine, ref('vm'));
    await cluster.untilVm(namespace, 'vm', ({ metadata }) => metadata.finalizers?.length === 1);
    await cluster.client.delete(KubeVirtKinds.VmSnapshot, ref('snap'));
    await cluster.untilGone(Kinds.VirtualMachine, ref('vm'));
  });
});

const power = (value: string): PatchOperation => ({ op: 'replace', path: '/spec/runStrategy', value });
const LABEL: PatchOperation = { op: 'add', path: '/metadata/annotations/mine', value: 'x' };

describe('while a snapshot is made, the webhook', () => {
  const running = denied('Cannot update vm running state until snapshot "snap" completes');
  beforeEach(async () => {
    const template = {
      domain: { devices: {} },
      volumes: [{ name: 'scratch', emptyDisk: { capacity: '1Gi' } }],
    };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template });
    await hold('snapshot', 'never');
    await take('snap');
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.snapshotInProgress === 'snap');
  });

  it.each<[string, PatchOperation[], string | (() => string)]>([
    ['takes annotations', [LABEL], '202'],
    [
      'takes other changes of the spec',
      [{ op: 'add', path: '/spec/template/spec/hostname', value: 'h' }],
      '202',
    ],
    ['refuses another run strategy', [power('Halted')], running],
    ['refuses it together with an annotation', [LABEL, power('Halted')], running],
    [
      'refuses other volumes',
      [{ op: 'add', path: '/spec/template/spec/volumes/0/emptyDisk/capacity', value: '2Gi' }],
      denied('Cannot update vm disks or volumes until snapshot "snap" completes'),
    ],
    ['takes the same run strategy', [power('Always')], '202'],
  ])('%s', async (_what, operations, answer) => {
    expect(await patch(operations)).toBe(answer);
  });

  it('has a stop through the subresource refused, as an internal error', async () => {
    expect(await cluster.act(namespace, 'vm', 'stop')).toMatch(
      /^500 .*Cannot update vm running state until snapshot "snap" completes/,
    );
  });
});

it('a Manual VM can be stopped through the subresource while a snapshot is made: its spec stays', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Manual' });
  await hold('snapshot', 'never');
  await take('snap');
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.snapshotInProgress === 'snap');
  expect(await cluster.act(namespace, 'vm', 'stop')).toBe('202');
  await cluster.untilGone(Kinds.VirtualMachineInstance, ref('vm'));
});

describe('a restore', () => {
  it('gives a VM that is off its old spec, but not its old run strategy', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { template: { hostname: 'old' } });
    await take('snap');
    await untilTaken('snap');
    await untilFree();
    const spec = { runStrategy: 'Manual', template: { spec: { hostname: 'new' } } };
    await cluster.client.patchMerge(Kinds.VirtualMachine, ref('vm'), { spec });
    await hold('restore', 'never');
    const { metadata } = await restore('back', 'snap');
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.restoreInProgress === 'back');
    await cluster.until(
      KubeVirtKinds.VmRestore,
      ref('back'),
      (seen) => reasonOf(seen, 'Progressing') === 'Creating new PVCs',
    );
    await hold('restore', '0');
    await cluster.until(KubeVirtKinds.VmRestore, ref('back'), ({ status }) => status?.complete === true);
    const vm = await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.restoreInProgress);
    expect(vm.spec.template.spec.hostname).toBe('old');
    expect(vm.spec.runStrategy).toBe('Manual');
    expect(vm.metadata.annotations?.['restore.kubevirt.io/lastRestoreUID']).toBe(`back-${metadata.uid}`);
  });

  it('of a VM that is on waits until it is off', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await take('snap');
    await untilTaken('snap');
    await untilFree();
    await restore('back', 'snap');
    const waiting = await cluster.until(KubeVirtKinds.VmRestore, ref('back'), (seen) =>
      Boolean(reasonOf(seen, 'Progressing')?.startsWith('Waiting for target VM to be powered off')),
    );
    expect(waiting.status?.complete).toBe(false);
    expect((await cluster.untilVm(namespace, 'vm', () => true)).status?.restoreInProgress).toBeUndefined();
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe('202');
    await cluster.until(KubeVirtKinds.VmRestore, ref('back'), ({ status }) => status?.complete === true);
  });

  it.each([
    ['stops it when told to', 'StopTarget', true],
    ['fails at once when told to', 'FailImmediate', false],
  ])('of a VM that is on %s', async (_what, targetReadinessPolicy, completes) => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await take('snap');
    await untilTaken('snap');
    await untilFree();
    await restore('back', 'snap', { targetReadinessPolicy });
    const { status } = await cluster.until(
      KubeVirtKinds.VmRestore,
      ref('back'),
      (seen) => seen.status?.complete === true || reasonOf(seen, 'Failure') !== undefined,
    );
    expect(status?.complete).toBe(completes);
  });

  it('makes a VM anew that is gone, halted', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await take('snap');
    await untilTaken('snap');
    await untilFree();
    await cluster.client.delete(Kinds.VirtualMachine, ref('vm'));
    await cluster.untilGone(Kinds.VirtualMachine, ref('vm'));
    await restore('back', 'snap');
    await cluster.until(KubeVirtKinds.VmRestore, ref('back'), ({ status }) => status?.complete === true);
    expect((await cluster.untilVm(namespace, 'vm', () => true)).spec.runStrategy).toBe('Halted');
  });

  it('of a snapshot that is missing says so', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await restore('back', 'none');
    await cluster.until(
      KubeVirtKinds.VmRestore,
      ref('back'),
      (seen) => reasonOf(seen, 'Progressing') === `VMSnapshot ${namespace}/none does not exist`,
    );
  });

  it('while it lasts, the webhook refuses another run strategy alone', async () => {
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await take('snap');
    await untilTaken('snap');
    await untilFree();
    await hold('restore', 'never');
    await restore('back', 'snap');
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.restoreInProgress === 'back');
    expect(await patch([power('Always')])).toBe(
      denied('Cannot update VM runStrategy until restore "back" completes'),
    );
    expect(await patch([LABEL])).toBe('202');
    expect(await patch([{ op: 'add', path: '/spec/template/spec/hostname', value: 'h' }])).toBe('202');
    expect(await cluster.act(namespace, 'vm', 'start')).toMatch(/^500 .*until restore "back" completes/);
    await cluster.client.delete(KubeVirtKinds.VmRestore, ref('back'));
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.restoreInProgress);
  });
});

describe('the webhooks of snapshots and restores refuse', () => {
  const refusal = (which: string, why: string) =>
    `422 admission webhook "virtualmachine${which}-validator.snapshot.kubevirt.io" denied the request: ${why}`;

  it.each([
    ['a source without a group', { ...theVm, apiGroup: undefined }, 'missing apiGroup'],
    ['a source of another group', { ...theVm, apiGroup: 'apps' }, 'invalid apiGroup'],
    ['a source of another kind', { ...theVm, kind: 'Pod' }, 'invalid kind'],
  ])('%s', async (_what, source, why) => {
    expect(await answerOf(take('snap', { source }))).toBe(refusal('snapshot', why));
    expect(await answerOf(restore('back', 'snap', { target: source }))).toBe(refusal('restore', why));
  });

  it('a change of what is asked for, and a second restore of a VM', async () => {
    await take('snap');
    const spec = { failureDeadline: '1m' };
    const changed = cluster.client.patchMerge(KubeVirtKinds.VmSnapshot, ref('snap'), { spec });
    expect(await answerOf(changed)).toBe(refusal('snapshot', 'spec in immutable after creation'));
    await restore('back', 'snap');
    expect(await answerOf(restore('again', 'snap'))).toBe(
      refusal('restore', 'VirtualMachineRestore "back" in progress'),
    );
  });
});
