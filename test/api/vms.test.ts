import { ACTIONS } from '../../src/clone/actions';
import { MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { Listener } from './listener';
import { type Answer, expectProblem, TestApi } from './support';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
  await api.makeVm({ namespace: 'demo', name: 'web' });
  await api.makeVm({ namespace: 'demo', name: 'web-10' }, { status: 'Running' });
  await api.makeVm({ namespace: 'demo', name: 'web-9' }, { status: 'Starting' });
  await api.makeVm({ namespace: 'prod', name: 'db' }, { status: 'CrashLoopBackOff' });
});
afterAll(() => api?.stop());

const namesOf = ({ body }: Answer) => body.items.map(({ name }: { name: string }) => name);

describe('GET /vms', () => {
  it('shows a row with status, group and actions', async () => {
    const { body } = await api.get('vms?name=web&status=Offline');
    expect(body.items).toEqual([
      expect.objectContaining({
        namespace: 'demo',
        name: 'web',
        status: 'Off',
        filterGroup: 'Offline',
        percent: null,
        ip: null,
        node: null,
        createdAt: expect.any(String),
        locked: false,
        actions: expect.objectContaining({
          clone: { enabled: true },
          cancelCloning: { enabled: false, reason: expect.any(String) },
        }),
      }),
    ]);
  });

  it.each([
    ['', ['db', 'web', 'web-9', 'web-10']],
    ['sort=-name', ['web-10', 'web-9', 'web', 'db']],
    ['sort=-namespace', ['db', 'web', 'web-9', 'web-10']],
    ['sort=node', ['db', 'web', 'web-9', 'web-10']],
    ['name=EB-', ['web-9', 'web-10']],
    ['namespace=prod', ['db']],
    ['status=Running,Transitioning', ['web-9', 'web-10']],
    ['limit=2', ['db', 'web']],
    ['limit=2&page=2', ['web-9', 'web-10']],
    ['page=9', []],
  ])('?%s shows %j', async (query, names) => {
    expect(namesOf(await api.get(`vms?${query}`))).toEqual(names);
  });

  it('counts by status whatever the status filter, and all pages', async () => {
    const { body } = await api.get('vms?status=Running&limit=1');
    expect(body).toMatchObject({
      total: 1,
      counts: { Running: 1, Offline: 1, Error: 1, Transitioning: 1, Unknown: 0 },
      page: 1,
      limit: 1,
    });
    expect((await api.get('vms?namespace=prod')).body.counts).toMatchObject({ Error: 1, Running: 0 });
  });

  it('says so while the cluster is still being read', async () => {
    const unread = Object.create(api.caches.virtualMachines, { synced: { value: false } });
    const early = await api.serve({ caches: { ...api.caches, virtualMachines: unread } as never });
    expectProblem(await api.get(`${early.url}/api/v1/vms`), 503, 'unavailable');
  });
});

describe('a VM without what KubeVirt requires', () => {
  const broken = { namespace: 'odd', name: 'broken' };
  const statusOf = async () => (await api.get('vms/odd/broken')).body.status;

  it.each<[string, Record<string, string>]>([
    ['a VM', {}],
    ['a clone in progress', { [MARKS.inProgress]: 'copying' }],
  ])('is shown as such, also live, and costs nobody else anything: %s', async (_what, annotations) => {
    await api.makeVm({ namespace: 'odd', name: 'whole' });
    const listener = await Listener.open(api.url);
    await api.cluster.create(Kinds.VirtualMachine, {
      metadata: { ...broken, annotations },
      spec: { runStrategy: 'Halted', template: {} },
    } as never);
    await listener.until((each) => each.of('vm').some(({ row }) => row.name === 'broken'));
    await api.cluster.patchMerge(Kinds.VirtualMachine, broken, { metadata: { labels: { a: 'b' } } });
    await api.until(() => api.caches.virtualMachines.get('odd', 'broken')?.metadata.labels?.a === 'b');

    const { status, body } = await api.get('vms?namespace=odd');
    expect(status).toBe(200);
    expect(namesOf({ body } as Answer)).toEqual(['broken', 'whole']);
    const reason = 'broken can not be read: its spec lacks what KubeVirt requires.';
    expect(body.items[0]).toMatchObject({
      status: 'Unknown',
      filterGroup: 'Unknown',
      percent: null,
      locked: false,
    });
    for (const action of ACTIONS) expect(body.items[0].actions[action]).toEqual({ enabled: false, reason });
    expect(body.items[1]).toMatchObject({ status: 'Off', actions: { clone: { enabled: true } } });
    expect(await statusOf()).toBe('Unknown');
    const started = await api.post('vms/odd/broken/start', {});
    expectProblem(started, 409, 'action-refused');
    expect(started.body.detail).toBe(reason);
    const told = api.logged.filter(({ vm }) => vm === 'odd/broken');
    expect(told).toEqual([expect.objectContaining({ level: 'warn', msg: 'VM can not be read' })]);

    api.logged.length = 0;
    for (const name of ['broken', 'whole'])
      await api.cluster.delete(Kinds.VirtualMachine, { namespace: 'odd', name });
    await api.cluster.delete(Kinds.PersistentVolumeClaim, { namespace: 'odd', name: 'whole-root' });
    await listener.until((each) => each.of('vm-gone').length === 2);
    await listener.close();
  });
});

describe('GET /vms/{ns}/{name}', () => {
  it('takes no parameters', async () => {
    expectProblem(await api.get('vms/demo/web?foo=1'), 400, 'invalid-request');
  });

  it('shows the same row as the list, with what can be edited', async () => {
    const { body } = await api.get('vms/demo/web');
    expect(body).toEqual({
      ...(await api.get('vms?namespace=demo&name=web')).body.items[0],
      description: '',
      size: { cpus: 1, cpusPerSocket: 1, memory: null },
      version: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/),
    });
  });

  it('shows a clone in progress by its disks, and never less than before', async () => {
    const cloneUid = '11111111-1111-4111-8111-111111111111';
    const labels = { [MARKS.cloneUid]: cloneUid };
    const ref = { namespace: 'copies', name: 'copy' };
    await api.makeVm(ref, { more: { name: 'copy', labels, annotations: { [MARKS.inProgress]: 'copying' } } });
    const disk = { namespace: 'copies', name: 'copy-root' };
    await api.cluster.create(Kinds.DataVolume, {
      metadata: { ...disk, labels },
      spec: { pvc: { resources: { requests: { storage: '1Gi' } } } },
    });
    const progress = async (percent: string) => {
      const status = { phase: 'CloneInProgress', progress: percent };
      await api.cluster.patchMerge(Kinds.DataVolume, disk, { status }, { subresource: 'status' });
      await api.until(() => api.caches.dataVolumes.get('copies', 'copy-root')?.status?.progress === percent);
      return (await api.get('vms/copies/copy')).body;
    };
    expect(await progress('40.00%')).toMatchObject({
      status: 'Cloning (40%)',
      percent: 40,
      cloneId: 'copies/copy',
      actions: { cancelCloning: { enabled: true } },
    });
    expect(await progress('5.00%')).toMatchObject({ percent: 40 });
  });
});

describe('GET …/clone-plan', () => {
  it('shows the defaults and what would be made', async () => {
    const { status, body } = await api.get('vms/demo/web/clone-plan');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      defaults: { name: 'web-clone', namespace: 'demo', startAfterClone: true },
      target: { namespace: 'demo', name: 'web-clone' },
      sourceOn: false,
      configuration: { nics: [], disks: [expect.stringContaining('1 GiB')] },
      disks: [
        { name: 'root', bytes: 2 ** 30, method: 'copy', storageClass: 'fast', dataVolume: 'web-clone-root' },
      ],
      blockers: [],
      changes: expect.arrayContaining([
        { field: 'spec.template.spec.domain.firmware', change: 'added' },
        { field: 'spec.template.spec.volumes[root].dataVolume', change: 'added' },
      ]),
      copies: [],
      expectedDowntime: { seconds: 0 },
    });
  });

  it('plans with the options that a clone can have', async () => {
    await api.makeVm({ namespace: 'demo', name: 'secretive' });
    await api.makeVm({ namespace: 'lab', name: 'neighbour' });
    const volume = { name: 'init', cloudInitNoCloud: { secretRef: { name: 'init' } } };
    await api.cluster.create(Kinds.Secret, { metadata: { namespace: 'demo', name: 'init' } });
    await api.cluster.patchJson(Kinds.VirtualMachine, { namespace: 'demo', name: 'secretive' }, [
      { op: 'add', path: '/spec/template/spec/volumes/-', value: volume },
    ]);
    const planned = async (query: string) => (await api.get(`vms/demo/secretive/clone-plan?${query}`)).body;
    expect((await planned('namespace=lab')).blockers.map(({ type }: { type: string }) => type)).toEqual([
      'SecretNotAvailable',
    ]);
    expect(await planned('namespace=lab&copySecrets=true')).toMatchObject({
      blockers: [],
      copies: [{ kind: 'Secret', from: 'init' }],
    });
    expect(await planned('storageClass=none')).toMatchObject({
      blockers: [{ type: 'StorageClassNotFound' }],
    });
  });

  it('proposes the next name that neither a VM nor a clone under way has', async () => {
    await api.makeVm({ namespace: 'names', name: 'web' });
    const nameOf = async () => (await api.get('vms/names/web/clone-plan')).body.defaults.name;
    expect(await nameOf()).toBe('web-clone');
    await api.makeVm({ namespace: 'names', name: 'web-clone' });
    expect(await nameOf()).toBe('web-clone-2');
    const source = { namespace: 'names', name: 'web' };
    expect((await api.post('clones', { source, target: { name: 'web-clone-2' } })).status).toBe(202);
    await api.until(async () => (await nameOf()) === 'web-clone-3');
    const { body } = await api.get('vms/names/web/clone-plan?name=web-clone-2');
    expect(body.blockers).toEqual([expect.objectContaining({ type: 'NameTaken' })]);

    // Lists of clones lag: who has seen the end of one is offered its name again.
    await api.temporal.client.workflow.getHandle('clone/names/web-clone-2').terminate();
    expect((await api.get('clones/names/web-clone-2')).body.outcome).toBe('Failed');
    expect(await nameOf()).toBe('web-clone-2');
  });

  it('proposes a name that is a label for a source with dots', async () => {
    await api.makeVm({ namespace: 'demo', name: 'web.v2' });
    expect((await api.get('vms/demo/web.v2/clone-plan')).body.defaults.name).toBe('web-v2-clone');
  });

  it.each([
    ['name=web-9', 'NameTaken'],
    ['name=Web', 'InvalidName'],
    ['name=', 'InvalidName'],
    ['name=web.clone', 'InvalidName'],
    ['namespace=nowhere', 'TargetNamespaceNotFound'],
    ['storageClass=slow', 'StorageClassNotFound'],
  ])('?%s shows the blocker %s', async (query, type) => {
    const { status, body } = await api.get(`vms/demo/web/clone-plan?${query}`);
    expect(status).toBe(200);
    expect(body.blockers[0]).toEqual({ type, message: expect.any(String) });
  });

  it('begins nothing', async () => {
    const { body } = await api.get('vms/prod/db/clone-plan');
    expect((await api.get(`clones/prod/${body.defaults.name}`)).status).toBe(404);
    expect(api.writes()).toEqual([]);
  });
});
