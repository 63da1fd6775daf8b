import {
  type Instancetype,
  type InstancetypeSpec,
  KubeVirtKinds,
  type Preference,
  type PreferenceSpec,
} from '../../../simulator/controllers/kubevirt/kinds';
import type { ControllerRevision, VirtualMachine } from '../../../src/clone/resources';
import { awaitChange, Kinds } from '../../../src/kubernetes';
import { answerOf, VmCluster, type VmOptions, vmNamed } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
});
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

const SMALL: InstancetypeSpec = { cpu: { guest: 2 }, memory: { guest: '2Gi' } };

const makeType = (name: string, spec: InstancetypeSpec = SMALL): Promise<Instancetype> =>
  cluster.client.create(KubeVirtKinds.Instancetype, { metadata: { namespace, name }, spec });
const makePreference = (name: string, spec: PreferenceSpec): Promise<Preference> =>
  cluster.client.create(KubeVirtKinds.Preference, { metadata: { namespace, name }, spec });

const instancetype = { name: 'small', kind: 'VirtualMachineInstancetype' };
const preference = { name: 'linux', kind: 'VirtualMachinePreference' };

const make = (name: string, spec: VmOptions['spec'], runStrategy = 'Halted', template = {}) =>
  cluster.makeVm(namespace, name, { runStrategy }, { spec, template });
const revisionOf = (vm: VirtualMachine, field: 'instancetypeRef' | 'preferenceRef' = 'instancetypeRef') =>
  vm.status?.[field]?.controllerRevisionRef?.name;
const untilStored = (name: string) => cluster.untilVm(namespace, name, (vm) => revisionOf(vm) !== undefined);
const failureOf = (vm: VirtualMachine) => vm.status?.conditions?.find(({ type }) => type === 'Failure');

describe('the types of a VM are kept in revisions of its own', () => {
  it('of a halted VM too: named and labelled after the type, owned by the VM, with the whole type in it', async () => {
    const type = await makeType('small');
    const preferred = await makePreference('linux', { devices: { preferredDiskBus: 'virtio' } });
    const { metadata } = await make('vm', { instancetype, preference });
    const vm = await cluster.untilVm(namespace, 'vm', (seen) => Boolean(revisionOf(seen, 'preferenceRef')));
    const name = `vm-small-v1beta1-${type.metadata.uid}-1`;
    expect(vm.status?.instancetypeRef).toEqual({ ...instancetype, controllerRevisionRef: { name } });
    expect(vm.status?.preferenceRef).toEqual({
      ...preference,
      controllerRevisionRef: { name: `vm-linux-v1beta1-${preferred.metadata.uid}-1` },
    });
    const revision = (await cluster.client.get(Kinds.ControllerRevision, {
      namespace,
      name,
    })) as ControllerRevision;
    expect(revision.metadata.labels).toEqual({
      'instancetype.kubevirt.io/object-generation': '1',
      'instancetype.kubevirt.io/object-kind': 'VirtualMachineInstancetype',
      'instancetype.kubevirt.io/object-name': 'small',
      'instancetype.kubevirt.io/object-uid': type.metadata.uid,
      'instancetype.kubevirt.io/object-version': 'v1beta1',
    });
    expect(revision.metadata.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'VirtualMachine', uid: metadata.uid, controller: true }),
    ]);
    expect(revision.data).toMatchObject({
      apiVersion: 'instancetype.kubevirt.io/v1beta1',
      kind: 'VirtualMachineInstancetype',
      metadata: { name: 'small', uid: type.metadata.uid },
      spec: SMALL,
    });
  });

  it('a matcher without a kind means the cluster’s type', async () => {
    const name = 'of-the-cluster';
    await cluster.client.create(KubeVirtKinds.ClusterInstancetype, { metadata: { name }, spec: SMALL });
    await make('vm', { instancetype: { name } });
    const vm = await untilStored('vm');
    expect(vm.status?.instancetypeRef).toMatchObject({ name });
    const revision = await cluster.client.get(Kinds.ControllerRevision, {
      namespace,
      name: revisionOf(vm) as string,
    });
    expect(revision?.data).toMatchObject({ kind: 'VirtualMachineClusterInstancetype' });
  });

  /** A virtual-machine controller that does not see yet what it has stored would store it again. */
  async function untilSeen(name: string): Promise<void> {
    const { context } = cluster.simulator;
    const seen = context.cache(Kinds.VirtualMachine);
    const isSeen = () => seen.get(namespace, name)?.status?.instancetypeRef !== undefined;
    await awaitChange([(wake) => seen.onChange({ namespace, name }, wake)], () => isSeen() || undefined, {
      signal: AbortSignal.timeout(30_000),
    });
    await cluster.simulator.restartController('virt-controller');
  }

  it('a VM goes on by its revision when the type is edited or deleted', async () => {
    const type = await makeType('small');
    await make('vm', { instancetype });
    await untilStored('vm');
    await untilSeen('vm');
    await cluster.client.replace(KubeVirtKinds.Instancetype, {
      ...type,
      spec: { cpu: { guest: 8 }, memory: { guest: '16Gi' } },
    });
    await cluster.client.act({ namespace, name: 'vm' }, 'start');
    const vmi = await cluster.untilVmi(namespace, 'vm', () => true);
    expect(vmi.spec?.domain?.cpu?.sockets).toBe(2);
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
    await cluster.client.act({ namespace, name: 'vm' }, 'stop');
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
    await cluster.client.delete(KubeVirtKinds.Instancetype, { namespace, name: 'small' });
    await cluster.client.act({ namespace, name: 'vm' }, 'start');
    const next = await cluster.untilVmi(namespace, 'vm', ({ metadata }) => metadata.uid !== vmi.metadata.uid);
    expect(next.spec?.domain?.memory?.guest).toBe('2Gi');
  });

  it('a revision that the VM names is taken over, and nothing is stored', async () => {
    await makeType('small');
    await make('source', { instancetype });
    const name = revisionOf(await untilStored('source')) as string;
    const { data } = (await cluster.client.get(Kinds.ControllerRevision, {
      namespace,
      name,
    })) as ControllerRevision;
    await cluster.client.create(Kinds.ControllerRevision, {
      metadata: { namespace, name: 'of-the-clone' },
      data,
      revision: 0,
    });
    await cluster.client.delete(KubeVirtKinds.Instancetype, { namespace, name: 'small' });
    await make('vm', { instancetype: { ...instancetype, revisionName: 'of-the-clone' } }, 'Always');
    const vm = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
    expect(revisionOf(vm)).toBe('of-the-clone');
    const { items } = await cluster.client.list(Kinds.ControllerRevision, { namespace });
    expect(items.filter(({ metadata }) => metadata.name.startsWith('vm-'))).toEqual([]);
    expect((await cluster.untilVmi(namespace, 'vm', () => true)).spec?.domain?.cpu?.sockets).toBe(2);
  });

  it('another type named later is stored as a revision of its own', async () => {
    await makeType('small');
    await makeType('large', { cpu: { guest: 8 }, memory: { guest: '16Gi' } });
    await make('vm', { instancetype });
    await untilStored('vm');
    const spec = { instancetype: { name: 'large' } };
    await cluster.client.patchMerge(Kinds.VirtualMachine, { namespace, name: 'vm' }, { spec });
    const vm = await cluster.untilVm(namespace, 'vm', (seen) =>
      Boolean(revisionOf(seen)?.includes('-large-')),
    );
    expect(vm.status?.instancetypeRef).toMatchObject({ name: 'large' });
  });
});

describe('a type that is missing', () => {
  it.each([
    ['instancetype', { instancetype }, 'FailedFindInstancetype', 'virtualmachineinstancetypes', 'small'],
    ['preference', { preference }, 'FailedFindPreference', 'virtualmachinepreferences', 'linux'],
    [
      'revision',
      { instancetype: { ...instancetype, revisionName: 'gone' } },
      'FailedFindInstancetype',
      'controllerrevisions',
      'gone',
    ],
  ])('%s: accepted, not started, tried again', async (_what, spec, reason, plural, missing) => {
    await make('vm', spec, 'Always');
    const vm = await cluster.untilVm(namespace, 'vm', (seen) => failureOf(seen) !== undefined);
    const group = plural === 'controllerrevisions' ? 'apps' : 'instancetype.kubevirt.io';
    expect(failureOf(vm)).toMatchObject({
      status: 'True',
      reason,
      message: `${plural}.${group} "${missing}" not found`,
    });
    expect(vm.status?.printableStatus).toBe('Stopped');
    await cluster.untilReconciled(namespace, 'vm');
    expect(await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' })).toBeUndefined();
  });

  it('the VM starts when the type appears', async () => {
    await make('vm', { instancetype }, 'Always');
    await cluster.untilVm(namespace, 'vm', (vm) => failureOf(vm) !== undefined);
    await makeType('small');
    const vm = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
    expect(failureOf(vm)).toBeUndefined();
  });
});

describe('what a VMI takes from the types of its VM', () => {
  const root = {
    domain: { devices: { disks: [{ name: 'root' }, { name: 'cd', cdrom: {} }] } },
    volumes: ['root', 'cd', 'extra'].map((name) => ({ name, emptyDisk: { capacity: '1Gi' } })),
  };

  it.each<[string, PreferenceSpec, object]>([
    ['sockets by default', {}, { sockets: 4, cores: 1, threads: 1 }],
    ['cores', { cpu: { preferredCPUTopology: 'cores' } }, { sockets: 1, cores: 4, threads: 1 }],
    ['threads, by the old name', { cpu: { preferredCPUTopology: 'preferThreads' } }, { threads: 4 }],
    ['a spread', { cpu: { preferredCPUTopology: 'spread' } }, { sockets: 2, cores: 2, threads: 1 }],
  ])('CPUs as %s, and memory', async (_what, spec, cpu) => {
    await makeType('small', { cpu: { guest: 4 }, memory: { guest: '4Gi' } });
    await makePreference('linux', spec);
    await make('vm', { instancetype, preference }, 'Always');
    const vmi = await cluster.untilVmi(namespace, 'vm', () => true);
    expect(vmi.spec?.domain).toMatchObject({ cpu, memory: { guest: '4Gi' } });
    expect(vmi.metadata.annotations).toMatchObject({
      'kubevirt.io/instancetype-name': 'small',
      'kubevirt.io/preference-name': 'linux',
    });
  });

  it('what its preference says, where the template says nothing', async () => {
    await makePreference('linux', {
      firmware: { preferredEfi: { persistent: true, secureBoot: false } },
      devices: { preferredDiskBus: 'scsi', preferredCdromBus: 'sata', preferredInterfaceModel: 'e1000' },
      machine: { preferredMachineType: 'pc-q35-rhel9' },
      preferredTerminationGracePeriodSeconds: 7,
    });
    const vm = await make('vm', { preference }, 'Halted', root);
    expect(vm.spec.template.spec.domain.machine).toEqual({ type: 'pc-q35-rhel9' });
    await makeDefaultClass();
    await cluster.client.act({ namespace, name: 'vm' }, 'start');
    const { spec } = await cluster.untilVmi(namespace, 'vm', () => true);
    expect(spec?.domain?.firmware?.bootloader).toEqual({ efi: { persistent: true, secureBoot: false } });
    expect(spec?.domain?.devices?.disks).toEqual([
      { name: 'root', disk: { bus: 'scsi' } },
      { name: 'cd', cdrom: { bus: 'sata' } },
      { name: 'extra' },
    ]);
    expect(spec?.domain?.devices?.interfaces?.[0]?.model).toBe('e1000');
    expect(spec?.terminationGracePeriodSeconds).toBe(7);
  });
});

async function makeDefaultClass(): Promise<void> {
  const { items } = await cluster.client.list(Kinds.StorageClass);
  if (items.length > 0) return;
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await cluster.client.create(Kinds.StorageClass, {
    metadata: { name: 'default', annotations },
    provisioner: 'sim.csi',
  });
}

describe('the webhook', () => {
  const denied = (why: string, webhook = 'virtualmachine-validator') =>
    `422 admission webhook "${webhook}.kubevirt.io" denied the request: ${why}`;
  const clash = (...fields: string[]) =>
    denied(
      fields
        .map(
          (field) => `VM field(s) spec.template.spec.domain.${field} conflicts with selected instance type`,
        )
        .join(', '),
    );

  it.each<[string, object, object, string]>([
    [
      'no matcher of nothing',
      {},
      { instancetype: {} },
      'Either Name or InferFromVolume should be provided within the InstancetypeMatcher',
    ],
    [
      'no preference of nothing',
      {},
      { preference: { kind: 'x' } },
      'Either Name or InferFromVolume should be provided within the PreferenceMatcher',
    ],
    [
      'no name beside a volume to infer from',
      {},
      { instancetype: { ...instancetype, inferFromVolume: 'root' } },
      'Name already set, should be cleared before setting inferFromVolume, Kind already set, should be cleared before setting inferFromVolume',
    ],
  ])('takes %s', async (_what, template, spec, why) => {
    const vm = vmNamed(namespace, 'vm', { runStrategy: 'Halted' }, { template, spec });
    const answer = await answerOf(cluster.client.create(Kinds.VirtualMachine, vm));
    expect(answer).toBe(denied(why, 'virtualmachines-mutator'));
  });

  it.each<[string, object, string]>([
    ['nothing', {}, '202'],
    ['CPUs', { domain: { devices: {}, cpu: { cores: 1, sockets: 1 } } }, clash('cpu.sockets', 'cpu.cores')],
    ['memory', { domain: { devices: {}, memory: { guest: '1Gi' } } }, clash('memory.guest')],
    [
      'requests',
      { domain: { devices: {}, resources: { requests: { cpu: '1', memory: '1Gi' } } } },
      clash('resources.requests.cpu', 'resources.requests.memory'),
    ],
    [
      'a CPU model, which the type leaves open',
      { domain: { devices: {}, cpu: { model: 'host-model' } } },
      '202',
    ],
  ])('takes from a VM with an instancetype: %s', async (_what, template, answer) => {
    await makeType('small');
    const vm = vmNamed(namespace, 'vm', { runStrategy: 'Halted' }, { template, spec: { instancetype } });
    expect(await answerOf(cluster.client.create(Kinds.VirtualMachine, vm))).toBe(answer);
  });

  it('asks a preference for what it requires', async () => {
    await makeType('small');
    await makePreference('linux', { requirements: { cpu: { guest: 4 }, memory: { guest: '1Gi' } } });
    expect(await answerOf(make('vm', { instancetype, preference }))).toBe(
      denied(
        'failure checking preference requirements: insufficient CPU resources of 2 vCPU provided by instance type, preference requires 4 vCPU',
      ),
    );
    const template = { domain: { devices: {}, cpu: { sockets: 4 }, memory: { guest: '512Mi' } } };
    expect(await answerOf(make('vm', { preference }, 'Halted', template))).toBe(
      denied(
        'failure checking preference requirements: insufficient Memory resources of 512Mi provided by VirtualMachine, preference requires 1Gi',
      ),
    );
  });

  it('lets no other type be named beside the revision of the old one', async () => {
    await makeType('small');
    await make('vm', { instancetype });
    const revisionName = revisionOf(await untilStored('vm'));
    const patch = (matcher: object) =>
      answerOf(
        cluster.client.patchMerge(
          Kinds.VirtualMachine,
          { namespace, name: 'vm' },
          { spec: { instancetype: matcher } },
        ),
      );
    expect(await patch({ revisionName })).toBe('202');
    expect(await patch({ name: 'large' })).toBe(
      denied(
        'the Matcher Name has been updated without updating the RevisionName',
        'virtualmachines-mutator',
      ),
    );
    expect(await patch({ name: 'large', revisionName: null })).toBe('202');
  });
});
