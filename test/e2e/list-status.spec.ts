import { STEERING, STEERING_PREFIX } from '../../simulator';
import { KubeVirtKinds } from '../../simulator/controllers/kubevirt/kinds';
import { OPERATION_STEERING } from '../../simulator/node/operation-steering';
import { FILTER_GROUPS, type FilterGroup, type VirtualMachine, type Volume } from '../../src/clone';
import { MARKS, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { makeClass, makeMachine, makeNamespace } from '../support/machines';
import type { ConsolePage } from './console-page';
import { COPIED_DISK, expect, testsWith, type World } from './world';

const test = testsWith();

const HOLD = ['example.com/hold'];
const ONE_GIB = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

/** What a test does in the cluster to bring a VM into a state. Each VM has its name from that state. */
class Cluster {
  constructor(
    private readonly world: World,
    readonly namespace: string,
  ) {}

  get client() {
    return this.world.environment.client;
  }

  ref(name: string): VmRef {
    return { namespace: this.namespace, name };
  }

  /** A VM without disks that is off. */
  off(name: string, annotations?: Record<string, string>, more?: (vm: VirtualMachine) => void) {
    const { namespace } = this;
    const power = { runStrategy: 'Halted' } as const;
    return makeMachine(this.world.environment, name, { namespace, power, disks: [], annotations, more });
  }

  async starting(name: string, annotations?: Record<string, string>): Promise<void> {
    await this.client.act(await this.off(name, annotations), 'start');
  }

  async running(name: string, annotations?: Record<string, string>): Promise<VmRef> {
    await this.starting(name, annotations);
    await this.world.environment.untilRunning(this.ref(name));
    return this.ref(name);
  }

  annotate(name: string, annotations: Record<string, string | null>): Promise<unknown> {
    return this.client.patchMerge(Kinds.VirtualMachine, this.ref(name), { metadata: { annotations } });
  }

  /** A VM that is on, with one disk. */
  async withDisk(name: string, source: { dataVolume: object } | { persistentVolumeClaim: object }) {
    await makeNamespace(this.world.environment, this.namespace);
    const devices = { disks: [{ name: 'root', disk: { bus: 'virtio' } }] };
    const volumes = [{ name: 'root', ...source }] as Volume[];
    await this.client.create(Kinds.VirtualMachine, {
      metadata: { ...this.ref(name) },
      spec: { runStrategy: 'Always', template: { spec: { domain: { devices }, volumes } } },
    });
  }

  /** A DataVolume that stays as it is: there is no class of that name. */
  async stuckDataVolume(name: string): Promise<void> {
    await this.client.create(Kinds.DataVolume, {
      metadata: { ...this.ref(name) },
      spec: { source: { blank: {} }, pvc: { ...ONE_GIB, storageClassName: 'nowhere' } },
    });
  }

  /** A claim whose volume never comes. */
  async stuckClaim(name: string): Promise<void> {
    await makeClass(this.world.environment, 'csi');
    await this.client.create(Kinds.PersistentVolumeClaim, {
      metadata: { ...this.ref(name), annotations: { [`${STEERING_PREFIX}provision`]: 'never' } },
      spec: { ...ONE_GIB, storageClassName: 'csi' },
    });
  }
}

/** One table of VMs of one filter group: the status of each, and that its filter alone shows them. */
async function showsGroup(
  ui: ConsolePage,
  namespace: string,
  group: FilterGroup,
  statuses: Record<string, string>,
): Promise<void> {
  await ui.open(`?namespace=${namespace}`);
  for (const [name, status] of Object.entries(statuses)) {
    await expect(ui.status({ namespace, name })).toHaveText(status);
  }
  const names = Object.keys(statuses).sort();
  await ui.showsCounts({ [group]: names.length });
  await ui.filter(group).click();
  await ui.showsNames(names);
  await ui.filter(group).click();
  for (const other of FILTER_GROUPS.filter((each) => each !== group)) await ui.filter(other).click();
  await ui.showsNames([]);
}

test('Running and Off: filters Running and Offline.', async ({ world, ui }) => {
  const cluster = new Cluster(world, 'plain');
  await cluster.running('on');
  await showsGroup(ui, 'plain', 'Running', { on: 'Running' });
  await cluster.client.act(cluster.ref('on'), 'stop');
  await showsGroup(ui, 'plain', 'Offline', { on: 'Off' });
});

test('Locked: filter Offline, with a lock; while its guest goes down: “Shutting down to clone”, filter Transitioning.', async ({
  world,
  ui,
}) => {
  const off = new Cluster(world, 'locked');
  await off.off('vm', { [MARKS.lock]: '[]' });
  await showsGroup(ui, 'locked', 'Offline', { vm: 'Locked' });
  const down = new Cluster(world, 'going-down');
  await down.running('vm', { [STEERING.stop]: 'never' });
  await down.annotate('vm', { [MARKS.lock]: '[]' });
  await showsGroup(ui, 'going-down', 'Transitioning', { vm: 'Shutting down to clone' });
});

test('In between: each state by its own name, filter Transitioning, with a spinner unless it is paused.', async ({
  world,
  ui,
}) => {
  const namespace = 'between';
  const cluster = new Cluster(world, namespace);
  const { client } = cluster;
  await cluster.withDisk('provisioning', { dataVolume: { name: 'stuck' } });
  await cluster.stuckDataVolume('stuck');
  await cluster.withDisk('binding', { persistentVolumeClaim: { claimName: 'unbound' } });
  await cluster.stuckClaim('unbound');
  await cluster.starting('starting', { [STEERING.boot]: 'never' });
  await client.act(await cluster.running('stopping', { [STEERING.stop]: 'never' }), 'stop');
  await world.pauseVm(await cluster.running('paused'));
  await cluster.running('migrating', { [OPERATION_STEERING.migration]: 'never' });
  await client.create(KubeVirtKinds.Migration, {
    metadata: { ...cluster.ref('move') },
    spec: { vmiName: 'migrating' },
  });
  await cluster.off('deleting', undefined, (vm) => {
    vm.metadata.finalizers = HOLD;
  });
  await client.delete(Kinds.VirtualMachine, cluster.ref('deleting'));
  await cluster.off('snapshot', { [OPERATION_STEERING.snapshot]: 'never' });
  await client.create(KubeVirtKinds.VmSnapshot, {
    metadata: { ...cluster.ref('snap') },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'snapshot' } },
  });
  const statuses = {
    provisioning: 'Provisioning',
    binding: 'WaitingForVolumeBinding',
    starting: 'Starting',
    stopping: 'Stopping',
    paused: 'Paused',
    migrating: 'Migrating',
    deleting: 'Deleting',
    snapshot: 'Snapshot in progress',
  };
  await showsGroup(ui, namespace, 'Transitioning', statuses);
  await ui.open(`?namespace=${namespace}`);
  for (const name of Object.keys(statuses)) {
    const spinners = name === 'paused' ? 0 : 1;
    await expect(ui.status(cluster.ref(name)).locator('.pf-v6-c-spinner')).toHaveCount(spinners);
  }
});

test('A clone: “Cloning (n%)”, then “Cancelling…” until it is gone; filter Transitioning.', async ({
  world,
  ui,
}) => {
  const namespace = 'cloning';
  const { client } = world.environment;
  const source = await world.vm('source', {
    namespace,
    power: { runStrategy: 'Halted' },
    disks: [COPIED_DISK],
  });
  await world.holdCopies(source, 25);
  await ui.open(`?namespace=${namespace}`);
  const clone = await ui.clone(source);
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await ui.showsCounts({ Transitioning: 1, Offline: 1 });
  const { metadata } = (await client.get(Kinds.VirtualMachine, clone)) as VirtualMachine;
  const finalizers = [...(metadata.finalizers ?? []), ...HOLD];
  await client.patchMerge(Kinds.VirtualMachine, clone, { metadata: { finalizers } });
  await ui.choose(clone, 'Cancel cloning');
  await ui.dialog.getByRole('button', { name: 'Cancel cloning' }).click();
  await expect(ui.status(clone)).toHaveText('Cancelling…');
  await ui.showsCounts({ Transitioning: 1, Offline: 1 });
  await client.patchMerge(Kinds.VirtualMachine, clone, { metadata: { finalizers: null } });
  await ui.showsNames([source.name]);
  await expect(ui.status(source)).toHaveText('Off');
});

test('Errors: “Error: …”, filter Error; the popover tells the cluster’s words.', async ({ world, ui }) => {
  const namespace = 'errors';
  const cluster = new Cluster(world, namespace);
  await cluster.withDisk('lost', { dataVolume: { name: 'nowhere' } });
  await cluster.starting('crashing', { [STEERING.boot]: 'fails' });
  await showsGroup(ui, namespace, 'Error', {
    lost: 'Error: ErrorPvcNotFound',
    crashing: 'Error: CrashLoopBackOff',
  });
  await ui.open(`?namespace=${namespace}&name=lost`);
  const vm = await cluster.client.get(Kinds.VirtualMachine, cluster.ref('lost'));
  const condition = vm?.status?.conditions?.find(({ type }) => type === 'Synchronized');
  expect(condition?.message).toContain('nowhere');
  await expect(await ui.popover(cluster.ref('lost'))).toContainText(condition?.message as string);
});

test('What KubeVirt may say besides, and what nobody knows: filter Unknown.', async ({ world, ui }) => {
  const { simulator, client } = world.environment;
  const namespace = 'said';
  const said: [printableStatus: string, shown: string, group: FilterGroup][] = [
    ['WaitingForReceiver', 'WaitingForReceiver', 'Transitioning'],
    ['Terminating', 'Deleting', 'Transitioning'],
    ['ErrImagePull', 'Error: ErrImagePull', 'Error'],
    ['ImagePullBackOff', 'Error: ImagePullBackOff', 'Error'],
    ['ErrorUnschedulable', 'Error: ErrorUnschedulable', 'Error'],
    ['DataVolumeError', 'Error: DataVolumeError', 'Error'],
    ['Unknown', 'Unknown', 'Unknown'],
    ['Levitating', 'Unknown', 'Unknown'],
  ];
  const vms = await world.bareVms(
    namespace,
    said.map(([word]) => word.toLowerCase()),
  );
  await simulator.stopController('virt-controller');
  try {
    for (const [at, [printableStatus]] of said.entries()) {
      await client.patchMerge(
        Kinds.VirtualMachine,
        vms[at] as VmRef,
        { status: { printableStatus } },
        { subresource: 'status' },
      );
    }
    const spec = { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } } as const;
    const unseen = { namespace, name: 'unseen' };
    await client.create(Kinds.VirtualMachine, { metadata: unseen, spec });
    await ui.open(`?namespace=${namespace}`);
    for (const [at, [, shown]] of said.entries()) {
      await expect(ui.status(vms[at] as VmRef)).toHaveText(shown);
    }
    await expect(ui.status(unseen)).toHaveText('Unknown');
    await ui.showsCounts({ Transitioning: 2, Error: 4, Unknown: 3 });
    for (const group of ['Transitioning', 'Error', 'Unknown']) {
      await ui.filter(group).click();
      const names = said.filter(([, , of]) => of === group).map(([word]) => word.toLowerCase());
      await ui.showsNames([...names, ...(group === 'Unknown' ? [unseen.name] : [])].sort());
      await ui.filter(group).click();
    }
  } finally {
    await simulator.startController('virt-controller');
  }
  await ui.showsCounts({ Offline: said.length + 1 });
});
