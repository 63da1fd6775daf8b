import { KubeVirtKinds, type Migration } from '../../../simulator/controllers/kubevirt/kinds';
import { LABELS } from '../../../simulator/controllers/kubevirt/names';
import { OPERATION_STEERING } from '../../../simulator/node/operation-steering';
import { Kinds } from '../../../src/kubernetes';
import { answerOf, VISIBLE, VmCluster, volumesOf } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start(VISIBLE);
});
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

const ref = (name: string) => ({ namespace, name });
const migrate = (name: string, vmiName = 'vm'): Promise<Migration> =>
  cluster.client.create(KubeVirtKinds.Migration, { metadata: ref(name), spec: { vmiName } });
const untilPhase = (name: string, phase: string) =>
  cluster.until(KubeVirtKinds.Migration, ref(name), ({ status }) => status?.phase === phase);
const steer = (how: string | null) =>
  cluster.annotate(namespace, 'vm', { [OPERATION_STEERING.migration]: how });
const run = () => cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
const nodeOf = async () => (await cluster.untilVmi(namespace, 'vm', () => true)).status?.nodeName;

it('goes from phase to phase, and the VMI moves to another node', async () => {
  await run();
  const before = await cluster.untilVmi(namespace, 'vm', () => true);
  const migration = await migrate('move');
  expect(migration.metadata.labels).toEqual({ 'kubevirt.io/vmi-name': 'vm' });
  expect(migration.metadata.finalizers).toEqual(['kubevirt.io/migrationJobFinalize']);
  const done = await cluster.until(
    KubeVirtKinds.Migration,
    ref('move'),
    ({ metadata, status }) => status?.migrationState !== undefined && !metadata.finalizers?.length,
  );
  expect(done.status?.phaseTransitionTimestamps?.map(({ phase }) => phase)).toEqual([
    ...['Pending', 'Scheduling', 'Scheduled', 'PreparingTarget', 'TargetReady', 'Running', 'Succeeded'],
  ]);
  const vmi = await cluster.untilVmi(namespace, 'vm', () => true);
  expect(vmi.metadata.uid).toBe(before.metadata.uid);
  expect(vmi.status?.nodeName).not.toBe(before.status?.nodeName);
  expect(vmi.metadata.labels?.['kubevirt.io/nodeName']).toBe(vmi.status?.nodeName);
  expect(vmi.status?.migrationState).toMatchObject({
    migrationUid: migration.metadata.uid,
    sourceNode: before.status?.nodeName,
    targetNode: vmi.status?.nodeName,
    startTimestamp: expect.any(String),
    endTimestamp: expect.any(String),
    completed: true,
  });
  const { items } = await cluster.client.list(Kinds.Pod, { namespace });
  const target = items.find(({ spec }) => spec?.nodeName === vmi.status?.nodeName);
  expect(vmi.status?.interfaces?.[0]?.ipAddress).toBe(target?.status?.podIP);
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
});

it('the pod that was left is done, and both go with the VMI', async () => {
  await run();
  await migrate('move');
  const { status } = await cluster.until(
    KubeVirtKinds.Migration,
    ref('move'),
    (migration) => migration.status?.migrationState?.completed === true,
  );
  const source = ref(status?.migrationState?.sourcePod as string);
  await cluster.until(Kinds.Pod, source, (pod) => pod.status?.phase === 'Succeeded');
  await cluster.act(namespace, 'vm', 'stop');
  await cluster.untilGone(Kinds.VirtualMachineInstance, ref('vm'));
  await cluster.untilGone(Kinds.Pod, source);
  expect((await cluster.client.list(Kinds.Pod, { namespace })).items).toEqual([]);
});

it('the VM is Migrating as long as it lasts, which can be held', async () => {
  await run();
  await steer('never');
  await migrate('move');
  await cluster.untilWord(namespace, 'vm', 'Migrating');
  await untilPhase('move', 'Running');
  expect(await cluster.act(namespace, 'vm', 'migrate')).toMatch(/^500 .*in-flight migration detected/);
  await steer('0');
  await untilPhase('move', 'Succeeded');
  await cluster.untilWord(namespace, 'vm', 'Running');
});

it('one that fails leaves the VMI where it is', async () => {
  await run();
  const node = await nodeOf();
  await steer('fails');
  await migrate('move');
  await untilPhase('move', 'Failed');
  const vmi = await cluster.untilVmi(namespace, 'vm', ({ status }) =>
    Boolean(status?.migrationState?.failed),
  );
  expect(vmi.status).toMatchObject({ phase: 'Running', nodeName: node, migrationState: { completed: true } });
  await cluster.untilWord(namespace, 'vm', 'Running');
  await steer(null);
  await migrate('again');
  await untilPhase('again', 'Succeeded');
});

it('one that is deleted is called off', async () => {
  await run();
  await steer('never');
  await migrate('move');
  await untilPhase('move', 'Running');
  await cluster.client.delete(KubeVirtKinds.Migration, ref('move'));
  await cluster.untilGone(KubeVirtKinds.Migration, ref('move'));
  const vmi = await cluster.untilVmi(namespace, 'vm', () => true);
  expect(vmi.status?.migrationState).toMatchObject({ abortRequested: true, failed: true, completed: true });
  await cluster.untilWord(namespace, 'vm', 'Running');
});

it('stopping the VM in the middle ends it', async () => {
  await run();
  await steer('never');
  await migrate('move');
  await untilPhase('move', 'Running');
  expect(await cluster.act(namespace, 'vm', 'stop')).toBe('202');
  await cluster.untilGone(Kinds.VirtualMachineInstance, ref('vm'));
  await cluster.untilWord(namespace, 'vm', 'Stopped');
  await cluster.untilGone(KubeVirtKinds.Migration, ref('move'));
  expect((await cluster.client.list(Kinds.Pod, { namespace })).items).toEqual([]);
});

it('the subresource of the VM asks for one', async () => {
  await run();
  const node = await nodeOf();
  expect(await cluster.act(namespace, 'vm', 'migrate')).toBe('202');
  await cluster.untilVmi(namespace, 'vm', ({ status }) => status?.nodeName !== node);
});

it('without another node the target pod stays Pending, and the migration Scheduling, until it is called off', async () => {
  const single = await VmCluster.start({ ...VISIBLE, nodes: ['node-1'] });
  try {
    const { client } = single;
    namespace = await single.makeNamespace();
    await single.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await client.create(KubeVirtKinds.Migration, { metadata: ref('move'), spec: { vmiName: 'vm' } });
    const isScheduling = ({ status }: Migration) => status?.phase === 'Scheduling';
    const migration = await single.until(KubeVirtKinds.Migration, ref('move'), isScheduling);
    const { items } = await client.list(Kinds.Pod, { namespace });
    const target = items.find(({ metadata }) => metadata.labels?.[LABELS.migrationJob]);
    expect(target?.metadata.labels?.[LABELS.migrationJob]).toBe(migration.metadata.uid);
    // a pod that may be anywhere, and comes later, runs before this one does
    await client.create(Kinds.Pod, { metadata: ref('other'), spec: { containers: [] } });
    await single.until(Kinds.Pod, ref('other'), ({ status }) => status?.phase === 'Running');
    const still = await client.get(Kinds.Pod, ref(target?.metadata.name as string));
    expect([still?.status?.phase, still?.spec?.nodeName]).toEqual(['Pending', undefined]);
    expect((await client.get(KubeVirtKinds.Migration, ref('move')))?.status?.phase).toBe('Scheduling');
    await client.delete(KubeVirtKinds.Migration, ref('move'));
    await single.untilGone(KubeVirtKinds.Migration, ref('move'));
    await single.untilGone(Kinds.Pod, ref(target?.metadata.name as string));
    await single.untilWord(namespace, 'vm', 'Running');
  } finally {
    await single.close();
  }
});

describe('the webhook refuses', () => {
  const denied = (why: string) =>
    `400 admission webhook "migration-create-validator.kubevirt.io" denied the request: ${why}`;

  it('one of no VMI, and one that names none', async () => {
    expect(await answerOf(migrate('move', 'none'))).toBe(
      denied(`the VMI "${namespace}/none" does not exist`),
    );
    expect(await answerOf(migrate('move', ''))).toMatch(/^422 .*: vmiName is missing$/);
  });

  it('a second one of a VMI', async () => {
    await run();
    await steer('never');
    const first = await migrate('move');
    await untilPhase('move', 'Running');
    expect(await answerOf(migrate('another'))).toBe(
      denied(
        `in-flight migration detected. Active migration job (${first.metadata.uid}) is currently already in progress for VMI vm.`,
      ),
    );
  });

  it('one of a VMI with a claim that is not shared', async () => {
    await cluster.makeClass('local', 'Immediate', 'copy');
    await cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: ref('data'),
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        resources: { requests: { storage: '1Gi' } },
      },
    });
    const template = volumesOf({ data: { claim: 'data' } });
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template });
    expect(await answerOf(migrate('move'))).toBe(
      denied(
        'Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: cannot migrate VMI: PVC data is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)',
      ),
    );
  });

  it('another VMI for one that is there', async () => {
    await run();
    await steer('never');
    await migrate('move');
    const patch = cluster.client.patchMerge(KubeVirtKinds.Migration, ref('move'), { spec: { vmiName: 'x' } });
    expect(await answerOf(patch)).toMatch(/^422 .*update of Migration object's spec is restricted$/);
  });
});
