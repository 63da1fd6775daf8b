import { Cluster, CONFIG_MAPS, PODS, VMS, vm } from './support';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.post('/api/v1/namespaces', { metadata: { name: 'other' } });
});
afterAll(() => cluster.stop());

describe('discovery', () => {
  it.each([
    ['/healthz', 'ok'],
    ['/livez', 'ok'],
    ['/readyz', 'ok'],
  ])('%s answers ok', async (path, text) => {
    expect(await cluster.get(path)).toEqual({ code: 200, body: text });
  });

  it.each([
    ['/version', { gitVersion: expect.stringMatching(/^v1\./) }],
    ['/api', { kind: 'APIVersions', versions: ['v1'] }],
    ['/api/v1', { kind: 'APIResourceList', groupVersion: 'v1' }],
    ['/apis', { kind: 'APIGroupList' }],
    ['/apis/kubevirt.io', { kind: 'APIGroup', name: 'kubevirt.io', preferredVersion: { version: 'v1' } }],
    ['/apis/kubevirt.io/v1', { kind: 'APIResourceList', groupVersion: 'kubevirt.io/v1' }],
  ])('%s', async (path, body) => {
    expect(await cluster.get(path)).toMatchObject({ code: 200, body });
  });

  it('lists groups once each, with their versions', async () => {
    const { body } = await cluster.get('/apis');
    const names = body.groups.map((group: { name: string }) => group.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining(['apps', 'kubevirt.io', 'cdi.kubevirt.io', 'storage.k8s.io']),
    );
  });

  it('names kinds, scope, short names and the status subresource where there is one', async () => {
    const { body } = await cluster.get('/apis/kubevirt.io/v1');
    const names = body.resources.map((resource: { name: string }) => resource.name);
    expect(names).toContain('virtualmachines/status');
    expect(names).not.toContain('virtualmachineinstances/status');
    expect(body.resources[0]).toMatchObject({
      name: 'virtualmachines',
      kind: 'VirtualMachine',
      namespaced: true,
      shortNames: ['vm', 'vms'],
      verbs: expect.arrayContaining(['get', 'list', 'watch', 'patch', 'deletecollection']),
    });
  });

  it.each([
    '/apis/nosuch.io',
    '/apis/nosuch.io/v1',
    '/apis/kubevirt.io/v9',
    '/apis/kubevirt.io/v1/nosuch',
    '/nosuch',
  ])('%s is 404 in plain text', async (path) => {
    expect(await cluster.get(path)).toEqual({ code: 404, body: '404 page not found\n' });
  });

  it('POST to a discovery path is 405', async () => {
    expect(await cluster.post('/apis', {})).toMatchObject({
      code: 405,
      body: { reason: 'MethodNotAllowed' },
    });
  });
});

describe('get', () => {
  it('answers NotFound with resource and name', async () => {
    expect(await cluster.get(`${VMS}/none`)).toEqual({
      code: 404,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'virtualmachines.kubevirt.io "none" not found',
        reason: 'NotFound',
        details: { name: 'none', group: 'kubevirt.io', kind: 'virtualmachines' },
        code: 404,
      },
    });
  });

  it('names core resources without a group', async () => {
    const { body } = await cluster.get(`${PODS}/none`);
    expect(body.message).toBe('pods "none" not found');
    expect(body.details).toEqual({ name: 'none', kind: 'pods' });
  });

  it('answers 504 for a resourceVersion that lies ahead', async () => {
    expect(await cluster.get(`${VMS}?resourceVersion=999999`)).toMatchObject({
      code: 504,
      body: {
        reason: 'Timeout',
        message: expect.stringMatching(/^Too large resource version: 999999, current: \d+$/),
        details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
      },
    });
  });

  it.each([
    ['a cluster-wide kind in a namespace', '/api/v1/namespaces/demo/nodes'],
    ['a namespaced object outside of namespaces', '/api/v1/pods/x'],
    [
      'a subresource the kind does not have',
      `/apis/kubevirt.io/v1/namespaces/demo/virtualmachineinstances/x/status`,
    ],
  ])('%s is 404', async (_, path) => {
    expect((await cluster.get(path)).code).toBe(404);
  });
});

describe('list', () => {
  beforeAll(async () => {
    for (const [name, labels] of Object.entries({
      a: { app: 'web', tier: '1' },
      b: { app: 'web', tier: '2' },
      c: { app: 'db', tier: '3' },
      d: {},
    })) {
      await cluster.post(VMS, vm(name, { metadata: { labels } }));
    }
    await cluster.post('/apis/kubevirt.io/v1/namespaces/other/virtualmachines', vm('a'));
  });

  async function names(path: string): Promise<string> {
    const { body } = await cluster.get(path);
    return body.items.map((item: { metadata: { name: string } }) => item.metadata.name).join();
  }

  it.each([
    ['', 'a,b,c,d'],
    ['app=web', 'a,b'],
    ['app==web', 'a,b'],
    ['app!=web', 'c,d'],
    ['app', 'a,b,c'],
    ['!app', 'd'],
    ['app in (web, db)', 'a,b,c'],
    ['app in (db)', 'c'],
    ['app notin (web)', 'c,d'],
    ['app=web,tier=2', 'b'],
    ['app=web , tier notin (2)', 'a'],
    ['tier>1', 'b,c'],
    ['tier<2', 'a'],
    ['app=', ''],
    ['tier>1,app', 'b,c'],
  ])('labelSelector "%s" gives %s', async (selector, expected) => {
    expect(await names(`${VMS}?labelSelector=${encodeURIComponent(selector)}`)).toBe(expected);
  });

  it.each(['app in web', 'app=a=b', 'app in (web', ',', 'app,', 'tier>x', 'a~b', '=web'])(
    'labelSelector "%s" is 400',
    async (selector) => {
      const { code, body } = await cluster.get(`${VMS}?labelSelector=${encodeURIComponent(selector)}`);
      expect([code, body.reason]).toEqual([400, 'BadRequest']);
    },
  );

  it.each([
    ['metadata.name=a', 'a'],
    ['metadata.name==a', 'a'],
    ['metadata.name!=a', 'b,c,d'],
    ['metadata.name!=a,metadata.name!=b', 'c,d'],
    ['metadata.namespace=demo', 'a,b,c,d'],
    ['metadata.namespace=other', ''],
  ])('fieldSelector "%s" gives %s', async (selector, expected) => {
    expect(await names(`${VMS}?fieldSelector=${encodeURIComponent(selector)}`)).toBe(expected);
  });

  it('takes a field selector of a core kind, and refuses others with 400', async () => {
    await cluster.post(PODS, { metadata: { name: 'p' }, spec: { nodeName: 'n1' } });
    expect(await names(`${PODS}?fieldSelector=spec.nodeName%3Dn1`)).toBe('p');
    expect(await names(`${PODS}?fieldSelector=spec.nodeName%3Dn2`)).toBe('');
    const refused = await cluster.get(`${VMS}?fieldSelector=spec.running%3Dtrue`);
    expect(refused).toMatchObject({
      code: 400,
      body: { message: 'field label not supported: spec.running' },
    });
  });

  it('goes across namespaces, sorted by namespace and name', async () => {
    const { body } = await cluster.get('/apis/kubevirt.io/v1/virtualmachines');
    expect(
      body.items.map(({ metadata }: never) => `${(metadata as { namespace: string }).namespace}`),
    ).toEqual(['demo', 'demo', 'demo', 'demo', 'other']);
    expect(body).toMatchObject({ kind: 'VirtualMachineList', apiVersion: 'kubevirt.io/v1' });
  });

  it('gives items of custom resources their kind, items of built-in kinds none, as a real server does', async () => {
    await cluster.post(CONFIG_MAPS, { metadata: { name: 'c' }, data: { a: 'b' } });
    const customs = (await cluster.get(VMS)).body.items;
    const builtIns = (await cluster.get(CONFIG_MAPS)).body.items;
    expect(customs[0]).toMatchObject({ kind: 'VirtualMachine', apiVersion: 'kubevirt.io/v1' });
    expect(builtIns[0]).not.toHaveProperty('kind');
    expect(builtIns[0]).not.toHaveProperty('apiVersion');
    expect(builtIns[0]).toMatchObject({ metadata: { name: 'c' }, data: { a: 'b' } });
  });
});

describe('pages of a list', () => {
  const path = '/apis/kubevirt.io/v1/namespaces/paged/virtualmachines';
  const nameOf = (item: { metadata: { name: string } }) => item.metadata.name;
  let paged: Cluster;

  beforeEach(async () => {
    paged = await Cluster.start();
    await paged.post('/api/v1/namespaces', { metadata: { name: 'paged' } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await paged.post(path, vm(name));
  });
  afterEach(() => paged.stop());

  it('say how many remain, and end without a token', async () => {
    const first = (await paged.get(`${path}?limit=2`)).body;
    expect(first.items.map(nameOf)).toEqual(['a', 'b']);
    expect(first.metadata.remainingItemCount).toBe(3);
    const second = (await paged.get(`${path}?limit=2&continue=${first.metadata.continue}`)).body;
    expect(second.items.map(nameOf)).toEqual(['c', 'd']);
    const third = (await paged.get(`${path}?limit=2&continue=${second.metadata.continue}`)).body;
    expect(third.items.map(nameOf)).toEqual(['e']);
    expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
  });

  it('count nothing when there is a selector', async () => {
    const { metadata } = (await paged.get(`${path}?limit=2&fieldSelector=metadata.name!%3Db`)).body;
    expect(metadata.continue).toBeDefined();
    expect(metadata).not.toHaveProperty('remainingItemCount');
  });

  it('show the state of the first page whatever was written since', async () => {
    const first = (await paged.get(`${path}?limit=2`)).body;
    await paged.delete(`${path}/c`);
    await paged.post(path, vm('bb'));
    await paged.mergePatch(`${path}/d`, { spec: { runStrategy: 'Halted' } });
    const second = (await paged.get(`${path}?limit=9&continue=${first.metadata.continue}`)).body;
    expect(second.items.map(nameOf)).toEqual(['c', 'd', 'e']);
    expect(second.items[1].spec.runStrategy).toBe('Always');
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect((await paged.get(path)).body.items.map(nameOf)).toEqual(['a', 'b', 'bb', 'd', 'e']);
  });

  it('answer 410 when the history is gone, with a token that goes on in the present', async () => {
    const first = (await paged.get(`${path}?limit=2`)).body;
    await paged.delete(`${path}/c`);
    paged.server.compact();
    const gone = await paged.get(`${path}?limit=2&continue=${first.metadata.continue}`);
    expect(gone).toMatchObject({ code: 410, body: { reason: 'Expired' } });
    const rest = (await paged.get(`${path}?limit=9&continue=${gone.body.metadata.continue}`)).body;
    expect(rest.items.map(nameOf)).toEqual(['d', 'e']);
  });

  it('can be asked for as of an exact resourceVersion', async () => {
    const then = (await paged.get(path)).body.metadata.resourceVersion;
    await paged.delete(`${path}/c`);
    const query = `resourceVersion=${then}&resourceVersionMatch=Exact`;
    expect((await paged.get(`${path}?${query}`)).body.items.map(nameOf)).toEqual(['a', 'b', 'c', 'd', 'e']);
    paged.server.compact();
    expect((await paged.get(`${path}?${query}`)).code).toBe(410);
  });

  it.each(['continue=nonsense', 'limit=x', 'resourceVersion=x', 'continue=e30&resourceVersion=1'])(
    '%s is 400',
    async (query) => {
      expect((await paged.get(`${path}?${query}`)).code).toBe(400);
    },
  );
});
