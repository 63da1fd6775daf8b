import { STEERING } from '../../../simulator';
import { Kinds } from '../../../src/kubernetes';
import { answerOf, blankTemplate, VmCluster, volumesOf } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
});
afterAll(() => cluster.close());
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});

const refused = (why: string, name = 'vm') =>
  `409 Operation cannot be fulfilled on virtualmachine.kubevirt.io "${name}": ${why}`;
const RUNNING = refused('VM is already running');
const NOT_RUNNING = refused('VM is not running');
const NO_RESTART = (strategy: string) =>
  refused(`RunStategy ${strategy} does not support manual restart requests`);
const SHORTER = refused('Halted only supports manual stop requests with a shorter graceperiod');
const UNDERWAY = '500 Internal error occurred: unable to complete request: stop/start already underway';

async function powerOf(name = 'vm'): Promise<unknown> {
  const vm = await cluster.client.get(Kinds.VirtualMachine, { namespace, name });
  return vm?.spec.runStrategy ?? vm?.spec.running;
}

/** Stops what runs by hand until the guest is told to. */
const UNWILLING = { [STEERING.stop]: 'never' };

describe('a running VM', () => {
  it.each([
    // strategy, start, restart, stop, what stop makes of the strategy
    [{ runStrategy: 'Always' }, RUNNING, '202', '202', 'Halted'],
    [{ runStrategy: 'Manual' }, RUNNING, '202', '202', 'Manual'],
    [{ runStrategy: 'RerunOnFailure' }, RUNNING, '202', '202', 'RerunOnFailure'],
    [{ runStrategy: 'Once' }, RUNNING, NO_RESTART('Once'), '202', 'Halted'],
    [{ running: true }, RUNNING, '202', '202', false],
  ])('%j: start %s, restart %s, stop %s → %s', async (power, start, restart, stop, after) => {
    await cluster.runVm(namespace, 'vm', power);
    const before = await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' });
    expect(await cluster.act(namespace, 'vm', 'start')).toBe(start);
    expect(await cluster.act(namespace, 'vm', 'restart')).toBe(restart);
    if (restart === '202') {
      await cluster.untilVmi(namespace, 'vm', ({ metadata }) => metadata.uid !== before?.metadata.uid);
      await cluster.untilVm(
        namespace,
        'vm',
        ({ status }) => status?.ready === true && !status.stateChangeRequests,
      );
    }
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe(stop);
    expect(await powerOf()).toBe(after);
    await cluster.untilGone(Kinds.VirtualMachineInstance, { namespace, name: 'vm' });
    const off = await cluster.untilVm(
      namespace,
      'vm',
      ({ status }) => !status?.created && !status?.stateChangeRequests,
    );
    expect(off.status?.printableStatus).toBe('Stopped');
  });
});

describe('a VM that is off', () => {
  it.each([
    [{ runStrategy: 'Halted' }, NOT_RUNNING, NO_RESTART('Halted'), '202', 'Always'],
    [{ runStrategy: 'Manual' }, NOT_RUNNING, refused('VM is not running: Halted'), '202', 'Manual'],
    [{ running: false }, NOT_RUNNING, NO_RESTART('Halted'), '202', true],
  ])('%j: stop %s, restart %s, start %s → %s', async (power, stop, restart, start, after) => {
    await cluster.makeVm(namespace, 'vm', power);
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.conditions !== undefined);
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe(stop);
    expect(await cluster.act(namespace, 'vm', 'restart')).toBe(restart);
    expect(await cluster.act(namespace, 'vm', 'start')).toBe(start);
    expect(await powerOf()).toBe(after);
    await cluster.untilVm(
      namespace,
      'vm',
      ({ status }) => status?.ready === true && !status.stateChangeRequests,
    );
  });

  it('Once that was stopped became Halted, and a start makes it Always', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Once' });
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
    expect(await powerOf()).toBe('Halted');
    expect(await cluster.act(namespace, 'vm', 'start')).toBe('202');
    expect(await powerOf()).toBe('Always');
  });

  it('RerunOnFailure that was stopped keeps its strategy and stays off until it is started', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'RerunOnFailure' });
    await cluster.act(namespace, 'vm', 'stop');
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created && !status?.stateChangeRequests);
    await cluster.annotate(namespace, 'vm', { touched: 'yes' });
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe(NOT_RUNNING);
    expect(await cluster.act(namespace, 'vm', 'start')).toBe('202');
    await cluster.untilVm(
      namespace,
      'vm',
      ({ status }) => status?.ready === true && !status.stateChangeRequests,
    );
    expect(await powerOf()).toBe('RerunOnFailure');
  });
});

describe('a VM that is stopping', () => {
  it.each([
    [{ runStrategy: 'Always' }, SHORTER],
    [{ runStrategy: 'Manual' }, '202'],
    [{ runStrategy: 'RerunOnFailure' }, '202'],
    [{ running: true }, SHORTER],
  ])('%j: start is refused, stop again answers %s, a forced stop ends it', async (power, again) => {
    await cluster.runVm(namespace, 'vm', power, { annotations: UNWILLING });
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe('202');
    await cluster.untilWord(namespace, 'vm', 'Stopping');
    expect(await cluster.act(namespace, 'vm', 'start')).toBe(RUNNING);
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe(again);
    expect(await cluster.act(namespace, 'vm', 'stop', { gracePeriod: 0 })).toBe('202');
    await cluster.untilGone(Kinds.VirtualMachineInstance, { namespace, name: 'vm' });
    const off = await cluster.untilVm(
      namespace,
      'vm',
      ({ status }) => !status?.created && !status?.stateChangeRequests,
    );
    expect(off.status?.printableStatus).toBe('Stopped');
  });

  it('a Manual VM whose start was refused while it stopped stays off', async () => {
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Manual' });
    await cluster.act(namespace, 'vm', 'stop');
    expect(await cluster.act(namespace, 'vm', 'start')).toBe(RUNNING);
    await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created && !status?.stateChangeRequests);
    await cluster.annotate(namespace, 'vm', { touched: 'yes' });
    expect(await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' })).toBeUndefined();
  });
});

describe('a VM whose disks are being made', () => {
  beforeAll(() => cluster.makeClass('late', 'Immediate', 'copy'));
  const provisioning = async (power: object) => {
    // The source of this clone doesn't exist: its DataVolume waits until it does.
    const template = blankTemplate('vm-root', 'late');
    template.spec.source = { pvc: { namespace, name: 'origin' } } as never;
    await cluster.makeVm(namespace, 'vm', power, {
      template: volumesOf({ root: { dataVolume: 'vm-root' } }),
      spec: { dataVolumeTemplates: [template] },
    });
    await cluster.untilWord(namespace, 'vm', 'Provisioning');
  };
  const makeOrigin = () =>
    cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: { namespace, name: 'origin' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'late',
        resources: { requests: { storage: '1Gi' } },
      },
    });

  it.each(['Manual', 'Halted'])(
    '%s: a start is taken, and obeyed when the disks are ready',
    async (runStrategy) => {
      await provisioning({ runStrategy });
      expect(await cluster.act(namespace, 'vm', 'stop')).toBe(NOT_RUNNING);
      expect(await cluster.act(namespace, 'vm', 'start')).toBe('202');
      const second = await cluster.act(namespace, 'vm', 'start');
      expect(second).toBe(
        runStrategy === 'Manual' ? UNDERWAY : refused('Always does not support manual start requests'),
      );
      expect(
        await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' }),
      ).toBeUndefined();
      await makeOrigin();
      await cluster.untilVm(
        namespace,
        'vm',
        ({ status }) => status?.ready === true && !status.stateChangeRequests,
      );
    },
  );

  it('Always: stop makes it Halted, and it never boots', async () => {
    await provisioning({ runStrategy: 'Always' });
    expect(await cluster.act(namespace, 'vm', 'stop')).toBe('202');
    expect(await powerOf()).toBe('Halted');
    await makeOrigin();
    await cluster.untilWord(namespace, 'vm', 'Stopped');
    expect(await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' })).toBeUndefined();
  });
});

it('the subresources of a VM that is not there are 404', async () => {
  for (const verb of ['start', 'stop', 'restart']) {
    expect(await cluster.act(namespace, 'nobody', verb)).toBe(
      '404 virtualmachine.kubevirt.io "nobody" not found',
    );
  }
});

it('a restart takes no grace period but 0', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
  expect(await cluster.act(namespace, 'vm', 'restart', { gracePeriodSeconds: 5 })).toBe(
    '400 For force restart, only gracePeriod=0 is supported for now',
  );
  expect(await cluster.act(namespace, 'vm', 'restart', { gracePeriodSeconds: 0 })).toBe('202');
});

it('a Start request on a Halted VM makes it Always', async () => {
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.conditions !== undefined);
  expect(await cluster.act(namespace, 'vm', 'start', { paused: true })).toBe('202');
  await cluster.untilWord(namespace, 'vm', 'Paused');
  expect(await powerOf()).toBe('Always');
});

/** Answer of a subresource of the instance: 200 where the real one passes a call on to the node. */
async function put(verb: string): Promise<string> {
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/vm/${verb}`;
  const response = await fetch(`${cluster.simulator.url}${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const text = await response.text();
  return `${response.status} ${text && JSON.parse(text).message}`.trim();
}
const vmi = (why: string) =>
  `409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "vm": ${why}`;

it('pause and unpause pass through to the guest', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
  expect(await put('unpause')).toBe(vmi('VMI is not paused'));
  expect(await put('pause')).toBe('200');
  await cluster.untilWord(namespace, 'vm', 'Paused');
  expect(await put('pause')).toBe(vmi('VMI is already paused'));
  expect(await put('unpause')).toBe('200');
  await cluster.untilWord(namespace, 'vm', 'Running');
});

it('a guest with a liveness probe that a pause would fail is not paused', async () => {
  const template = { domain: { devices: {} }, livenessProbe: { tcpSocket: { port: 80 } } };
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template });
  expect(await put('pause')).toBe(
    '403 virtualmachineinstance.kubevirt.io "vm" is forbidden: Pausing VMIs with a non-GuestAgentPing LivenessProbe is not supported',
  );
});

it('a forced restart leaves an unwilling guest a second', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { annotations: UNWILLING });
  const before = await cluster.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'vm' });
  expect(await cluster.act(namespace, 'vm', 'restart', { gracePeriodSeconds: 0 })).toBe('202');
  const stopping = await cluster.untilVmi(namespace, 'vm', ({ metadata }) =>
    Boolean(metadata.deletionTimestamp),
  );
  expect(stopping.spec?.terminationGracePeriodSeconds).toBe(1);
  await cluster.untilVmi(namespace, 'vm', ({ metadata }) => metadata.uid !== before?.metadata.uid);
});

it.each([
  ['start', { runStrategy: 'Halted' }, 'ManualRecoveryRequired'],
  ['restart', { runStrategy: 'Always' }, 'VolumesChange'],
])(
  '%s is refused of a VM with %j whose volumes were left between two storages',
  async (verb, power, type) => {
    await cluster.makeVm(namespace, 'vm', power);
    await cluster.untilVm(namespace, 'vm', ({ status }) => status?.conditions !== undefined);
    await cluster.simulator.stopController('virt-controller');
    try {
      const value = [{ type, status: 'True' }];
      const ref = { namespace, name: 'vm' };
      const operations = [{ op: 'add' as const, path: '/status/conditions', value }];
      await cluster.client.patchJson(Kinds.VirtualMachine, ref, operations, { subresource: 'status' });
      expect(await cluster.act(namespace, 'vm', verb)).toMatch(/^409 .*VM recovery required/);
    } finally {
      await cluster.simulator.startController('virt-controller');
    }
  },
);

it('a stop while virt-api is down answers 503; VMs can be deleted but neither made nor changed', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
  await cluster.simulator.stopController('virt-api');
  try {
    expect(await cluster.act(namespace, 'vm', 'stop')).toMatch(/^503 /);
    const patched = cluster.client.patchMerge(
      Kinds.VirtualMachine,
      { namespace, name: 'vm' },
      { spec: { runStrategy: 'Halted' } },
    );
    expect(await answerOf(patched)).toMatch(/^500 Internal error occurred: failed calling webhook/);
    expect(await answerOf(cluster.makeVm(namespace, 'other', { runStrategy: 'Halted' }))).toMatch(
      /^500 Internal error occurred: failed calling webhook/,
    );
    expect(await cluster.client.delete(Kinds.VirtualMachine, { namespace, name: 'vm' })).toBe(true);
  } finally {
    await cluster.simulator.startController('virt-api');
  }
  await cluster.untilGone(Kinds.VirtualMachine, { namespace, name: 'vm' });
});
