import { STEERING } from '../../simulator';
import { type AdmissionRequest, internalError } from '../../simulator/apiserver';
import { IN_PROGRESS, MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { expectProblem } from './support';
import { useVmStage } from './vm-stage';

const at = useVmStage();

const UNWILLING = { annotations: { [STEERING.stop]: 'never' } };
const VERBS = ['start', 'stop', 'restart', 'pause', 'unpause'] as const;

async function powerOf(): Promise<unknown> {
  const vm = await at.stage.vm();
  return vm?.spec.runStrategy ?? vm?.spec.running;
}

async function untilOff(): Promise<void> {
  const { cluster, namespace, ref } = at.stage;
  await cluster.untilGone(Kinds.VirtualMachineInstance, ref);
  await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created && !status?.stateChangeRequests);
  await at.stage.untilShown('Off');
}

async function expectRefused(verb: string | undefined, reason: string | RegExp, body?: unknown) {
  const before = at.stage.writes();
  const answer = await at.stage.ask(verb ? 'POST' : 'DELETE', verb, body);
  expectProblem(answer, 409, 'action-refused');
  expect(answer.body.detail).toEqual(expect.stringMatching(reason));
  expect(at.stage.writes()).toEqual(before);
}

describe('start', () => {
  test.each([
    [{ runStrategy: 'Halted' }, 'Always'],
    [{ runStrategy: 'Manual' }, 'Manual'],
    [{ running: false }, true],
  ])('of a VM with %j that is off: it runs, with %s', async (power, after) => {
    const { cluster, namespace } = at.stage;
    await cluster.makeVm(namespace, 'vm', power);
    await at.stage.untilShown('Off');
    const { status, body } = await at.stage.ask('POST', 'start');
    expect(status).toBe(202);
    expect(body).toMatchObject({ namespace, name: 'vm', actions: { run: { enabled: false } } });
    await at.stage.untilShown('Running');
    expect(await powerOf()).toBe(after);
    expect(at.stage.writes()).toEqual(['update virtualmachines/vm/start']);
    expect(at.stage.logged).toEqual([
      expect.objectContaining({
        level: 'info',
        msg: 'VM action asked',
        vm: `${namespace}/vm`,
        action: 'start',
        requestedBy: 'anonymous',
      }),
    ]);
    await expectRefused('start', /^vm is already on\.$/);
  });

  test('of Once and RerunOnFailure after a stop', async () => {
    const { cluster, namespace } = at.stage;
    for (const [runStrategy, after] of [
      ['Once', 'Always'],
      ['RerunOnFailure', 'RerunOnFailure'],
    ]) {
      await cluster.runVm(namespace, 'vm', { runStrategy });
      expect((await at.stage.ask('POST', 'stop')).status).toBe(202);
      await untilOff();
      expect((await at.stage.ask('POST', 'start')).status).toBe(202);
      await at.stage.untilShown('Running');
      expect(await powerOf()).toBe(after);
      expect((await at.stage.ask('DELETE')).status).toBe(202);
      await cluster.untilGone(Kinds.VirtualMachine, at.stage.ref);
    }
  });
});

describe('stop', () => {
  test.each([
    [{ runStrategy: 'Always' }, 'Halted'],
    [{ runStrategy: 'Once' }, 'Halted'],
    [{ runStrategy: 'Manual' }, 'Manual'],
    [{ runStrategy: 'RerunOnFailure' }, 'RerunOnFailure'],
    [{ running: true }, false],
  ])('of a running VM with %j: it is off, with %s', async (power, after) => {
    const { cluster, namespace } = at.stage;
    await cluster.runVm(namespace, 'vm', power);
    expect((await at.stage.ask('POST', 'stop', { force: false })).status).toBe(202);
    await untilOff();
    expect(await powerOf()).toBe(after);
    await expectRefused('stop', /^vm is off\.$/);
  });

  test.each(['Always', 'Manual', 'RerunOnFailure'])(
    'with force ends a guest of a VM with %s that hangs while it stops; without it is refused',
    async (runStrategy) => {
      const { cluster, namespace } = at.stage;
      await cluster.runVm(namespace, 'vm', { runStrategy }, UNWILLING);
      expect((await at.stage.ask('POST', 'stop')).status).toBe(202);
      await at.stage.untilShown('Stopping');
      await expectRefused('stop', /^vm is already shutting down: only a forced stop/);
      const { status } = await at.stage.ask('POST', 'stop', { force: true });
      expect(status).toBe(202);
      await untilOff();
      expect(at.stage.logged.at(-1)).toMatchObject({ action: 'stop', force: true });
    },
  );

  test('with force at once, of a guest that would not stop', async () => {
    const { cluster, namespace } = at.stage;
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, UNWILLING);
    expect((await at.stage.ask('POST', 'stop', { force: true })).status).toBe(202);
    await untilOff();
  });
});

describe('restart', () => {
  test.each([{ runStrategy: 'Always' }, { runStrategy: 'Manual' }, { runStrategy: 'RerunOnFailure' }])(
    'of a VM with %j makes a new instance',
    async (power) => {
      const { cluster, namespace } = at.stage;
      await cluster.runVm(namespace, 'vm', power);
      const before = await at.stage.vmiUid();
      expect((await at.stage.ask('POST', 'restart')).status).toBe(202);
      await cluster.untilVmi(
        namespace,
        'vm',
        ({ metadata, status }) => metadata.uid !== before && status?.phase === 'Running',
      );
      expect(await powerOf()).toBe(power.runStrategy);
    },
  );

  test('with force does not wait for the guest', async () => {
    const { cluster, namespace } = at.stage;
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Manual' }, UNWILLING);
    const before = await at.stage.vmiUid();
    expect((await at.stage.ask('POST', 'restart', { force: true })).status).toBe(202);
    await cluster.untilVmi(
      namespace,
      'vm',
      ({ metadata, status }) => metadata.uid !== before && status?.phase === 'Running',
    );
  });

  test('a second one while the first is under way is refused in the words of the cluster', async () => {
    const { cluster, namespace } = at.stage;
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await cluster.simulator.stopController('virt-controller');
    try {
      expect((await at.stage.ask('POST', 'restart')).status).toBe(202);
      const answer = await at.stage.ask('POST', 'restart');
      expectProblem(answer, 409, 'action-refused');
      expect(answer.body.detail).toMatch(/^The cluster refused: .*stop\/start already underway/);
    } finally {
      await cluster.simulator.startController('virt-controller');
    }
  });

  test('is impossible with Once, and of a VM that is off', async () => {
    const { cluster, namespace } = at.stage;
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Once' });
    await at.stage.untilShown('Running');
    await expectRefused('restart', /run strategy Once/);
    expect((await at.stage.ask('POST', 'stop')).status).toBe(202);
    await untilOff();
    await expectRefused('restart', /^vm is off\.$/);
  });
});

describe('pause and unpause', () => {
  test('halt the guest and let it go on, in the same instance', async () => {
    const { cluster, namespace } = at.stage;
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    await at.stage.untilShown('Running');
    const before = await at.stage.vmiUid();
    await expectRefused('unpause', /^vm is not paused\.$/);
    const paused = await at.stage.ask('POST', 'pause', {});
    expect(paused.status).toBe(202);
    expect(paused.body.actions).toMatchObject({ pause: { enabled: false }, unpause: { enabled: true } });
    await at.stage.untilShown('Paused');
    const { body } = await at.stage.ask('GET');
    expect(body).toMatchObject({ filterGroup: 'Transitioning', actions: { unpause: { enabled: true } } });
    await expectRefused('pause', /^vm is already paused\.$/);
    await expectRefused('stop', /^vm is paused: unpause it first\.$/);
    expect((await at.stage.ask('POST', 'unpause')).status).toBe(202);
    await at.stage.untilShown('Running');
    expect(await at.stage.vmiUid()).toBe(before);
    expect(at.stage.writes()).toEqual([
      'update virtualmachineinstances/vm/pause',
      'update virtualmachineinstances/vm/unpause',
    ]);
  });

  test('what KubeVirt forbids of a VM is a refusal, not a lack of rights', async () => {
    const { cluster, namespace } = at.stage;
    const template = { domain: { devices: {} }, livenessProbe: { tcpSocket: { port: 80 } } };
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template });
    const answer = await at.stage.ask('POST', 'pause');
    expectProblem(answer, 409, 'action-refused');
    expect(answer.body.detail).toContain('LivenessProbe is not supported');
  });
});

describe('delete', () => {
  test('takes the VM with its instance', async () => {
    const { cluster, namespace, ref } = at.stage;
    await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' });
    const { status, body } = await at.stage.ask('DELETE');
    expect(status).toBe(202);
    expect(body).toMatchObject({ namespace, name: 'vm' });
    await cluster.untilGone(Kinds.VirtualMachine, ref);
    await cluster.untilGone(Kinds.VirtualMachineInstance, ref);
    expectProblem(await at.stage.ask('DELETE'), 404, 'vm-not-found');
    expect(at.stage.writes()).toEqual(['delete virtualmachines/vm']);
  });
});

describe('a delete while others write the VM', () => {
  const isDelete = ({ operation }: AdmissionRequest) => operation === 'DELETE';
  beforeEach(async () => {
    await at.stage.cluster.makeVm(at.stage.namespace, 'vm', { runStrategy: 'Halted' });
    await at.stage.untilShown('Off');
  });
  /** What no action depends on. */
  const touch = async (value: string) => {
    await at.stage.cluster.annotate(at.stage.namespace, 'vm', { 'example.com/seen': value });
  };

  test('as the source of a clone leaves it there', async () => {
    at.stage.onNextWrite(isDelete, () => at.stage.lock());
    const answer = await at.stage.ask('DELETE');
    expectProblem(answer, 409, 'action-refused');
    expect(answer.body.detail).toBe('vm is locked while it is being cloned.');
    expect((await at.stage.vm())?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('in what does not matter is done all the same', async () => {
    at.stage.onNextWrite(isDelete, () => touch('once'));
    expect((await at.stage.ask('DELETE')).status).toBe(202);
    await at.stage.cluster.untilGone(Kinds.VirtualMachine, at.stage.ref);
    expect(at.stage.writes()).toEqual(Array(2).fill('delete virtualmachines/vm'));
  });

  test('again and again is given up, and says so', async () => {
    let writes = 0;
    const strike = async (request: AdmissionRequest) => {
      if (!isDelete(request) || request.namespace !== at.stage.namespace) return;
      writes += 1;
      await touch(`${writes}`);
    };
    const end = at.stage.cluster.simulator.apiServer.addAdmission({ validating: [strike] });
    const answer = await at.stage.ask('DELETE').finally(end);
    expectProblem(answer, 503, 'unavailable');
    expect(answer.body.detail).toContain('is being changed by others');
    expect(at.stage.writes()).toEqual(Array(3).fill('delete virtualmachines/vm'));
    expect((await at.stage.vm())?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('and put another one in its place leaves that alone', async () => {
    const { cluster, namespace, ref } = at.stage;
    at.stage.onNextWrite(isDelete, async () => {
      await cluster.client.delete(Kinds.VirtualMachine, ref);
      await cluster.untilGone(Kinds.VirtualMachine, ref);
      await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    });
    const answer = await at.stage.ask('DELETE');
    expectProblem(answer, 409, 'action-refused');
    expect(answer.body.detail).toContain('has been replaced by another VM of that name');
    expect((await at.stage.vm())?.metadata.deletionTimestamp).toBeUndefined();
    expect(at.stage.writes()).toEqual(['delete virtualmachines/vm']);
  });
});

describe('what a clone holds', () => {
  test.each([
    ['off', { runStrategy: 'Halted' }],
    ['running', { runStrategy: 'Always' }],
  ])('a locked VM that is %s: every action on its power and its delete is refused', async (_state, power) => {
    const { cluster, namespace } = at.stage;
    if (power.runStrategy === 'Always') await cluster.runVm(namespace, 'vm', power);
    else await cluster.makeVm(namespace, 'vm', power);
    await at.stage.lock();
    for (const verb of [...VERBS, undefined]) {
      await expectRefused(verb, /^vm is locked while it is being cloned\.$/);
    }
    await expectRefused('stop', /locked/, { force: true });
    expect(at.stage.writes()).toEqual([]);
    expect(at.stage.logged).toEqual([]);
  });

  test('a clone in progress: all of it, and the edit', async () => {
    const { cluster, namespace } = at.stage;
    const annotations = { [MARKS.inProgress]: IN_PROGRESS.copying };
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { annotations });
    await at.stage.untilShown('Copying');
    for (const verb of [...VERBS, undefined]) await expectRefused(verb, /^vm is still being cloned\.$/);
    const { version } = (await at.stage.ask('GET')).body;
    const edit = await at.stage.ask('PATCH', undefined, { version, description: 'x' });
    expectProblem(edit, 409, 'action-refused');
    expect(edit.body.detail).toBe('vm is still being cloned.');
    expect(at.stage.writes()).toEqual([]);
  });

  test('a lock that comes between the look and the start is the reason that is told', async () => {
    const { cluster, namespace } = at.stage;
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' });
    await at.stage.untilShown('Off');
    at.stage.onNextWrite(
      ({ user }) => user.name.endsWith(':kubevirt-apiserver'),
      async () => {
        await at.stage.lock();
        throw internalError('the policy said no');
      },
    );
    const answer = await at.stage.ask('POST', 'start');
    expectProblem(answer, 409, 'action-refused');
    expect(answer.body.detail).toBe('vm is locked while it is being cloned.');
  });
});

describe('a request that is not right', () => {
  beforeEach(() =>
    at.stage.cluster.makeVm(at.stage.namespace, 'vm', { runStrategy: 'Halted' }).then(() => undefined),
  );

  test.each([
    ['start', { force: true }, 'force'],
    ['stop', { forced: true }, 'forced'],
    ['stop', { force: 'yes' }, 'force'],
    ['restart', { gracePeriodSeconds: 0 }, 'gracePeriodSeconds'],
    ['pause', { paused: true }, 'paused'],
  ])('%s with %j names the field %s', async (verb, body, field) => {
    const answer = await at.stage.ask('POST', verb, body);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toEqual([expect.objectContaining({ field })]);
    expect(at.stage.writes()).toEqual([]);
  });

  test('an unknown parameter of a delete is no delete', async () => {
    expectProblem(await at.stage.ask('DELETE', undefined, { uid: 'x' }), 400, 'invalid-request');
    const { namespace } = at.stage;
    expectProblem(await at.stage.send('DELETE', `vms/${namespace}/vm?dryRun=All`), 400, 'invalid-request');
    expect(at.stage.writes()).toEqual([]);
  });

  test.each([
    ['GET', 'start', 'POST'],
    ['DELETE', 'stop', 'POST'],
    ['POST', undefined, 'GET, HEAD, PATCH, DELETE'],
  ])('%s of %s is no method', async (method, verb, allowed) => {
    const answer = await at.stage.ask(method, verb, method === 'POST' ? {} : undefined);
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.get('allow')).toBe(allowed);
  });

  test('of a VM that is not there', async () => {
    const { namespace } = at.stage;
    for (const verb of VERBS) {
      expectProblem(await at.stage.send('POST', `vms/${namespace}/nobody/${verb}`), 404, 'vm-not-found');
    }
    expectProblem(await at.stage.send('DELETE', `vms/${namespace}/nobody`), 404, 'vm-not-found');
  });
});

test('the namespaces for a clone are those that are not going away, by name', async () => {
  const { cluster, caches } = at.stage;
  for (const name of ['zoo', 'aviary', 'leaving']) {
    const finalizers = name === 'leaving' ? ['example.com/hold'] : [];
    await cluster.client.create(Kinds.Namespace, { metadata: { name, finalizers } });
  }
  await cluster.client.delete(Kinds.Namespace, { name: 'leaving' });
  await at.stage.until(() => caches.namespaces.get(undefined, 'zoo') !== undefined);
  await at.stage.until(
    () => caches.namespaces.get(undefined, 'leaving')?.metadata.deletionTimestamp !== undefined,
  );
  const { status, body } = await at.stage.send('GET', 'namespaces');
  expect(status).toBe(200);
  const names = body.items.map(({ name }: { name: string }) => name);
  expect(names).toEqual([...names].sort());
  expect(names).toEqual(expect.arrayContaining(['aviary', 'zoo', at.stage.namespace]));
  expect(names).not.toContain('leaving');
  expectProblem(await at.stage.send('GET', 'namespaces?all=true'), 400, 'invalid-request');
});
