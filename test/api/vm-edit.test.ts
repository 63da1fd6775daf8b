import { KubeVirtKinds } from '../../simulator/controllers/kubevirt/kinds';
import { MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { expectProblem } from './support';
import { useVmStage } from './vm-stage';

const at = useVmStage();

const SIZE = { cpu: { cores: 2 }, memory: { guest: '2Gi' } };

async function makeVm(domain: object = SIZE, annotations?: Record<string, string>) {
  const { cluster, namespace } = at.stage;
  const template = { domain: { devices: {}, ...domain } };
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { template, annotations });
  await at.stage.untilShown('Off');
}

async function versionNow(): Promise<string> {
  return (await at.stage.ask('GET')).body.version;
}

const edit = (body: object) => at.stage.ask('PATCH', undefined, body);
const domainNow = async () => (await at.stage.vm())?.spec.template.spec.domain;

/** What another person does to the VM while this one looks at it. */
async function byAnother(operations: Parameters<typeof at.stage.cluster.client.patchJson>[2]) {
  await at.stage.cluster.client.patchJson(Kinds.VirtualMachine, at.stage.ref, operations);
}

describe('GET of one VM', () => {
  test('shows what can be edited', async () => {
    await makeVm(SIZE, { description: 'the shop' });
    const { status, body } = await at.stage.ask('GET');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'vm',
      status: 'Off',
      description: 'the shop',
      size: { cpus: 2, cpusPerSocket: 2, memory: '2Gi' },
      version: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/),
    });
  });

  test('has the same version while it starts, runs and is locked', async () => {
    await makeVm();
    const before = await versionNow();
    await at.stage.cluster.client.act(at.stage.ref, 'start');
    await at.stage.untilShown('Running');
    expect(await versionNow()).toBe(before);
    await at.stage.lock();
    await at.stage.untilShown('Shutting down to clone');
    expect(await versionNow()).toBe(before);
  });
});

describe('an edit', () => {
  test('changes description, CPUs and memory in one write, and nothing else', async () => {
    await makeVm(SIZE, { [MARKS.power]: 'ours', other: 'theirs' });
    const before = await at.stage.vm();
    const { status, body } = await edit({
      version: await versionNow(),
      description: 'larger',
      cpus: 6,
      memory: '4Gi',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      description: 'larger',
      size: { cpus: 6, cpusPerSocket: 2, memory: '4Gi' },
    });
    const after = await at.stage.vm();
    const expected = structuredClone(before?.spec);
    Object.assign(expected?.template.spec.domain ?? {}, {
      cpu: { cores: 2, sockets: 3 },
      memory: { guest: '4Gi' },
    });
    expect(after?.spec).toEqual(expected);
    expect(after?.metadata.annotations).toEqual({ ...before?.metadata.annotations, description: 'larger' });
    expect(at.stage.writes()).toEqual(['patch virtualmachines/vm']);
    await at.stage.until(async () => (await versionNow()) === body.version);
    expect(at.stage.logged).toEqual([
      expect.objectContaining({ action: 'edit', fields: ['description', 'cpus', 'memory'] }),
    ]);
    expect(JSON.stringify(at.stage.logged)).not.toContain('4Gi');
  });

  test('to an empty description removes it', async () => {
    await makeVm(SIZE, { description: 'old' });
    expect((await edit({ version: await versionNow(), description: '' })).body.description).toBe('');
    expect((await at.stage.vm())?.metadata.annotations).not.toHaveProperty('description');
  });

  test('that changes nothing writes nothing', async () => {
    await makeVm(SIZE, { description: 'same' });
    const version = await versionNow();
    for (const same of [{}, { description: 'same', cpus: 2, memory: '2048Mi' }]) {
      const { status, body } = await edit({ version, ...same });
      expect({ status, version: body.version }).toEqual({ status: 200, version });
    }
    expect(at.stage.writes()).toEqual([]);
  });

  test('of a running VM leaves it running', async () => {
    await makeVm();
    await at.stage.cluster.client.act(at.stage.ref, 'start');
    await at.stage.untilShown('Running');
    const uid = await at.stage.vmiUid();
    const { status, body } = await edit({ version: await versionNow(), memory: '3Gi' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'Running', size: { memory: '3Gi' } });
    expect(await at.stage.vmiUid()).toBe(uid);
  });

  test('of a locked source is taken, and leaves the lock alone', async () => {
    await makeVm();
    await at.stage.lock();
    const { status, body } = await edit({ version: await versionNow(), cpus: 4 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'Locked', locked: true, size: { cpus: 4 } });
    expect((await at.stage.vm())?.metadata.annotations).toMatchObject({ [MARKS.lock]: '[]' });
  });
});

describe('an edit of what somebody else has changed meanwhile', () => {
  const memory = '/spec/template/spec/domain/memory/guest';
  test.each([
    ['the memory', [{ op: 'replace' as const, path: memory, value: '8Gi' }]],
    [
      'the description and the CPUs',
      [
        { op: 'add' as const, path: '/metadata/annotations', value: { description: 'theirs' } },
        { op: 'add' as const, path: '/spec/template/spec/domain/cpu/sockets', value: 2 },
      ],
    ],
  ])('is refused, names %s, and shows the VM as it is', async (what, operations) => {
    await makeVm();
    const version = await versionNow();
    await byAnother(operations);
    const answer = await edit({ version, cpus: 8 });
    expectProblem(answer, 409, 'vm-changed');
    expect(answer.body.detail).toContain(`Somebody has changed ${what} of vm meanwhile`);
    await at.stage.until(async () => (await versionNow()) === answer.body.current.version);
    const { body } = await at.stage.ask('GET');
    expect(answer.body.current).toEqual(body);
    expect(at.stage.writes()).toEqual([]);
    const { status } = await edit({ version: answer.body.current.version, cpus: 8 });
    expect(status).toBe(200);
  });

  test('between the look and the write is refused too', async () => {
    await makeVm();
    const version = await versionNow();
    whileItIsWritten(() => byAnother([{ op: 'replace', path: memory, value: '8Gi' }]));
    const answer = await edit({ version, description: 'mine' });
    expectProblem(answer, 409, 'vm-changed');
    expect(answer.body.current.size.memory).toBe('8Gi');
    expect((await at.stage.vm())?.metadata.annotations ?? {}).not.toHaveProperty('description');
  });

  test('goes through when it was something else', async () => {
    await makeVm({ ...SIZE, resources: { requests: { memory: '2Gi' } } });
    const version = await versionNow();
    const path = '/spec/template/spec/domain/resources/overcommitGuestOverhead';
    whileItIsWritten(() => byAnother([{ op: 'add', path, value: true }]));
    expect((await edit({ version, memory: '4Gi' })).status).toBe(200);
    expect(await domainNow()).toMatchObject({
      memory: { guest: '4Gi' },
      resources: { requests: { memory: '4Gi' }, overcommitGuestOverhead: true },
    });
    expect(at.stage.writes()).toHaveLength(2);
  });

  /** Once, after the API has read the VM and before its patch is stored. */
  function whileItIsWritten(meanwhile: () => Promise<void>): void {
    // A controller's write of the status may come first.
    at.stage.onNextWrite(({ user }) => !user.name.startsWith('system:serviceaccount:'), meanwhile);
  }
});

describe('an edit that is not possible', () => {
  test.each([
    [{ cpus: 3 }, 'cpus', /multiple of 2.*: 2 or 4$/],
    [{ cpus: 0 }, 'cpus', /at least 1/],
    [{ cpus: 1.5 }, 'cpus', /whole number/],
    [{ cpus: 100_000 }, 'cpus', /at most 710/],
    [{ memory: '1Ki' }, 'memory', /quantity from 1Mi/],
    [{ memory: '4 GiB' }, 'memory', /quantity/],
    [{ memory: '-4Gi' }, 'memory', /quantity/],
    [{ memory: '1Ei' }, 'memory', /64Ti/],
    [{ memory: 4 }, 'memory', /string/],
    [{ memory: '+4Gi' }, 'memory', /quantity/],
    [{ memory: '1073741824.5' }, 'memory', /whole bytes/],
    [{ memory: '2000000000000m' }, 'memory', /whole bytes/],
    [{ memory: `${'0'.repeat(30)}4Gi` }, 'memory', /at most 32 characters/],
    [{ description: 'x'.repeat(2001) }, 'description', /2000/],
    [{ runStrategy: 'Always' }, 'runStrategy', /known field/],
    [{ version: 'latest' }, 'version', /GET/],
  ])('%j names %s', async (wrong, field, message) => {
    await makeVm();
    const answer = await edit({ version: await versionNow(), ...wrong });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toEqual([{ field, message: expect.stringMatching(message) }]);
    expect(at.stage.writes()).toEqual([]);
  });

  test('without a version names it', async () => {
    await makeVm();
    expectProblem(await edit({ cpus: 4 }), 400, 'invalid-request');
    expect((await edit({ cpus: 4 })).body.errors).toEqual([{ field: 'version', message: 'is required' }]);
  });

  test.each([
    [
      'pages that do not fit',
      { memory: { guest: '2Gi', hugepages: { pageSize: '1Gi' } } },
      { memory: '1536Mi' },
      /not a multiple of the page size/,
    ],
    [
      'more sockets than the VM allows',
      { cpu: { cores: 2, maxSockets: 2 } },
      { cpus: 8 },
      /maximum sockets allowed/,
    ],
    [
      'more memory than the VM allows',
      { memory: { guest: '2Gi', maxGuest: '4Gi' } },
      { memory: '8Gi' },
      /greater than the configured maxGuest/,
    ],
  ])('for KubeVirt is refused in its words: %s', async (_what, domain, wanted, words) => {
    await makeVm(domain);
    const before = await domainNow();
    const answer = await edit({ version: await versionNow(), ...wanted });
    expectProblem(answer, 422, 'vm-refused');
    expect(answer.body.detail).toMatch(words);
    expect(await domainNow()).toEqual(before);
    expect(at.stage.logged).toEqual([]);
  });

  test('of a VM that is not there', async () => {
    const path = `vms/${at.stage.namespace}/nobody`;
    const version = '00000000-00000000-00000000-00000000';
    expectProblem(await at.stage.send('PATCH', path, { version }), 404, 'vm-not-found');
  });
});

describe('a VM with an instancetype', () => {
  beforeEach(async () => {
    const { cluster, namespace } = at.stage;
    await cluster.client.create(KubeVirtKinds.Instancetype, {
      metadata: { namespace, name: 'large' },
      spec: { cpu: { guest: 4 }, memory: { guest: '8Gi' } },
    });
    const spec = { instancetype: { name: 'large', kind: 'VirtualMachineInstancetype' } };
    await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { spec });
    await at.stage.untilShown('Off');
    await at.stage.until(async () => (await at.stage.ask('GET')).body.size.memory !== null);
  });
  test('has its size, on or off', async () => {
    const size = { cpus: 4, memory: '8Gi', instancetype: 'large' };
    expect((await at.stage.ask('GET')).body.size).toMatchObject(size);
    await at.stage.cluster.client.act(at.stage.ref, 'start');
    await at.stage.untilShown('Running');
    expect((await at.stage.ask('GET')).body.size).toMatchObject(size);
  });

  test('takes a description, but neither CPUs nor memory', async () => {
    const version = await versionNow();
    const answer = await edit({ version, cpus: 8, memory: '16Gi' });
    expectProblem(answer, 400, 'invalid-request');
    const message = 'can not be changed: it comes from the instancetype large';
    expect(answer.body.errors).toEqual([
      { field: 'cpus', message },
      { field: 'memory', message },
    ]);
    expect((await edit({ version, description: 'x' })).status).toBe(200);
  });
});
