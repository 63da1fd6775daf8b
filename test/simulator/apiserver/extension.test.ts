import {
  type AdmissionRequest,
  conflict,
  failure,
  forbidden,
  KINDS,
  RequestLog,
  type SubresourceRequest,
} from '../../../simulator/apiserver';
import { Cluster, CONFIG_MAPS, VMS, vm } from './support';

const START = '/apis/subresources.kubevirt.io/v1/namespaces/demo/virtualmachines/web/start';
const VIRTUAL_MACHINES = { group: 'kubevirt.io', plural: 'virtualmachines' };

let cluster: Cluster;
afterEach(() => cluster.stop());

describe('subresource handlers', () => {
  const asked: SubresourceRequest[] = [];
  const power = {
    group: 'subresources.kubevirt.io',
    version: 'v1',
    resource: 'virtualmachines',
    kind: 'VirtualMachine',
    namespaced: true,
    handlers: {
      start: async (request: SubresourceRequest) => {
        asked.push(request);
        return { code: 202 };
      },
      stop: () => {
        throw conflict(VIRTUAL_MACHINES, 'web', 'VM is not running');
      },
      expand: () => ({ code: 200, body: { expanded: true } }),
      broken: () => {
        throw new Error('out of order');
      },
    },
  };

  beforeEach(async () => {
    asked.length = 0;
    cluster = await Cluster.start({ subresources: [power], tokens: { t0: { name: 'eve', groups: ['g'] } } });
  });

  it('get the object, the verb, the body, the user and dryRun', async () => {
    const headers = { authorization: 'Bearer t0' };
    expect(await cluster.send('PUT', START, { paused: true }, headers)).toEqual({ code: 202, body: '' });
    await cluster.send('PUT', START, { dryRun: ['All'] });
    await cluster.send('PUT', `${START}?dryRun=All`);
    expect(asked).toMatchObject([
      {
        method: 'PUT',
        namespace: 'demo',
        name: 'web',
        verb: 'start',
        body: { paused: true },
        user: { name: 'eve', groups: ['g'] },
        dryRun: false,
      },
      { dryRun: true, user: { name: 'system:admin' } },
      { dryRun: true, body: undefined },
    ]);
  });

  it('answer with a body, with a Status they throw, or 500', async () => {
    expect(await cluster.put(START.replace('start', 'expand'), {})).toEqual({
      code: 200,
      body: { expanded: true },
    });
    expect(await cluster.put(START.replace('start', 'stop'), {})).toMatchObject({
      code: 409,
      body: { reason: 'Conflict', message: expect.stringContaining('VM is not running') },
    });
    expect(await cluster.put(START.replace('start', 'broken'), {})).toMatchObject({
      code: 500,
      body: { reason: 'InternalError', message: expect.stringContaining('out of order') },
    });
  });

  it('that nobody registered are 404, other methods 405', async () => {
    expect((await cluster.put(START.replace('start', 'migrate'), {})).code).toBe(404);
    expect((await cluster.get(START)).code).toBe(405);
  });

  it('show in discovery as a group of their own', async () => {
    const groups = (await cluster.get('/apis')).body.groups.map(({ name }: { name: string }) => name);
    expect(groups).toContain('subresources.kubevirt.io');
    const { body } = await cluster.get('/apis/subresources.kubevirt.io/v1');
    expect(body.resources).toContainEqual(
      expect.objectContaining({ name: 'virtualmachines/start', namespaced: true, kind: 'VirtualMachine' }),
    );
  });

  it('come and go while the server runs', async () => {
    const path = START.replace('start', 'pause');
    const end = cluster.server.addSubresources({ ...power, handlers: { pause: () => ({ code: 202 }) } });
    expect((await cluster.put(path, {})).code).toBe(202);
    end();
    expect((await cluster.put(path, {})).code).toBe(404);
  });
});

describe('admission functions', () => {
  it('see operation, objects, subresource, user, dryRun and the namespace', async () => {
    const seen: AdmissionRequest[] = [];
    cluster = await Cluster.start({ tokens: { t0: { name: 'eve', groups: ['g'] } } });
    cluster.server.addAdmission({ validating: [(request) => void seen.push(request)] });
    const headers = { authorization: 'Bearer t0' };
    await cluster.send('POST', VMS, vm('a'), headers);
    await cluster.mergePatch(`${VMS}/a`, { spec: { runStrategy: 'Halted' } });
    await cluster.mergePatch(`${VMS}/a/status?dryRun=All`, { status: { ready: true } });
    await cluster.delete(`${VMS}/a`);

    const common = { kind: { plural: 'virtualmachines' }, namespace: 'demo', name: 'a' };
    const namespaceObject = { metadata: { name: 'demo' } };
    const admin = { name: 'system:admin' };
    expect(seen).toMatchObject([
      {
        ...common,
        namespaceObject,
        operation: 'CREATE',
        subresource: '',
        user: { name: 'eve', groups: ['g'] },
      },
      { ...common, operation: 'UPDATE', subresource: '', user: admin, dryRun: false },
      { ...common, operation: 'UPDATE', subresource: 'status', dryRun: true },
      { ...common, operation: 'DELETE', subresource: '', dryRun: false },
    ]);
    const strategies = seen.map(({ object, oldObject }) =>
      [oldObject, object].map((side) => (side?.spec as { runStrategy: string } | undefined)?.runStrategy),
    );
    expect(strategies).toEqual([
      [undefined, 'Always'],
      ['Always', 'Halted'],
      ['Halted', 'Halted'],
      ['Halted', undefined],
    ]);
  });

  it('refuse by throwing a Status, and then nothing is stored', async () => {
    const refuse = ({ kind, name }: AdmissionRequest) => {
      throw forbidden(kind, name, 'locked by a clone');
    };
    cluster = await Cluster.start();
    const { body } = await cluster.post(VMS, vm('a'));
    const end = cluster.server.addAdmission({ validating: [refuse] });
    for (const answered of [
      await cluster.post(VMS, vm('b')),
      await cluster.mergePatch(`${VMS}/a`, { spec: { runStrategy: 'Halted' } }),
      await cluster.delete(`${VMS}/a`),
      await cluster.delete(VMS),
    ]) {
      expect(answered).toMatchObject({
        code: 403,
        body: { message: expect.stringContaining('locked by a clone') },
      });
    }
    end();
    expect((await cluster.get(VMS)).body.items).toEqual([body]);
  });

  it('mutate before the checks; validating ones see the outcome and cannot change it', async () => {
    const seen: unknown[] = [];
    cluster = await Cluster.start({
      admission: {
        mutating: [
          ({ object }) => {
            if (object?.kind === 'VirtualMachine')
              object.metadata.labels = { ...object.metadata.labels, one: '1' };
          },
          ({ object }) => {
            if (object?.metadata.labels?.one) object.spec = { runStrategy: 'Manual' };
          },
        ],
        validating: [({ object }) => void seen.push(object?.metadata.labels)],
      },
    });
    const { body } = await cluster.post(VMS, vm('a'));
    expect(body).toMatchObject({ metadata: { labels: { one: '1' } }, spec: { runStrategy: 'Manual' } });
    expect(seen.at(-1)).toEqual({ one: '1' });

    cluster.server.addAdmission({
      validating: [
        ({ object }) => {
          if (object) object.spec = {};
        },
      ],
    });
    expect((await cluster.mergePatch(`${VMS}/a`, { metadata: { labels: { two: '2' } } })).code).toBe(500);
    expect((await cluster.get(`${VMS}/a`)).body).toEqual(body);
  });

  it('mutate at any depth, also what a patch left as it was', async () => {
    cluster = await Cluster.start();
    cluster.server.addAdmission({
      mutating: [
        ({ object }) => {
          if (object?.kind !== 'VirtualMachine') return;
          (object.spec as { template: { spec: { firmware?: unknown } } }).template.spec.firmware = {
            uuid: 'fresh',
          };
        },
      ],
    });
    await cluster.post(VMS, vm('a'));
    const { code, body } = await cluster.mergePatch(`${VMS}/a`, { metadata: { labels: { a: 'b' } } });
    expect([code, body.spec.template.spec.firmware]).toEqual([200, { uuid: 'fresh' }]);
  });

  it('leave metadata as tidy as clients do', async () => {
    cluster = await Cluster.start();
    cluster.server.addAdmission({
      mutating: [
        ({ object }) => void (object && Object.assign(object.metadata, { labels: {}, color: 'red' })),
      ],
    });
    for (const { body } of [
      await cluster.post(VMS, vm('a')),
      await cluster.mergePatch(`${VMS}/a`, { spec: { x: 1 } }),
    ]) {
      expect(body.metadata).not.toHaveProperty('labels');
      expect(body.metadata).not.toHaveProperty('color');
    }
  });

  it('a namespace that is deleted while they look takes no new object', async () => {
    cluster = await Cluster.start();
    cluster.server.addAdmission({
      validating: [
        async ({ operation }) => {
          if (operation === 'CREATE') await cluster.delete('/api/v1/namespaces/demo');
        },
      ],
    });
    expect((await cluster.post(VMS, vm('a'))).code).toBe(403);
    expect((await cluster.get(VMS)).body.items).toEqual([]);
  });

  it('cannot change what is stored', async () => {
    cluster = await Cluster.start();
    const { body } = await cluster.post(VMS, vm('a'));
    cluster.server.addAdmission({
      mutating: [({ oldObject }) => void Object.assign((oldObject?.spec as object) ?? {}, { forged: true })],
    });
    expect((await cluster.mergePatch(`${VMS}/a`, { spec: { x: 1 } })).code).toBe(500);
    expect((await cluster.get(`${VMS}/a`)).body).toEqual(body);
  });

  it.each([
    ['a patch is tried again on what was written meanwhile', 'PATCH', 200],
    ['a PUT is 409', 'PUT', 409],
  ])('may take their time: %s', async (_, method, code) => {
    cluster = await Cluster.start();
    const { body } = await cluster.post(VMS, vm('a'));
    let turns = 0;
    cluster.server.addAdmission({
      mutating: [
        async ({ subresource }) => {
          turns += 1;
          if (turns > 1 || subresource) return;
          await cluster.mergePatch(`${VMS}/a/status`, { status: { between: true } });
        },
      ],
    });
    const sent = method === 'PUT' ? { ...body, spec: { x: 1 } } : { spec: { x: 1 } };
    const headers = {
      'content-type': method === 'PUT' ? 'application/json' : 'application/merge-patch+json',
    };
    expect((await cluster.send(method, `${VMS}/a`, sent, headers)).code).toBe(code);
    const after = (await cluster.get(`${VMS}/a`)).body;
    expect(after.status).toEqual({ between: true });
    expect(after.spec.x).toBe(code === 200 ? 1 : undefined);
  });

  it('that never come to rest make a patch 409 after five tries', async () => {
    cluster = await Cluster.start();
    await cluster.post(CONFIG_MAPS, { metadata: { name: 'c' } });
    let tries = 0;
    cluster.server.addAdmission({
      mutating: [
        async ({ object }) => {
          if (!object?.metadata.labels?.mine) return;
          tries += 1;
          await cluster.mergePatch(`${CONFIG_MAPS}/c`, {
            data: { tries: String(tries) },
            metadata: { labels: null },
          });
        },
      ],
    });
    const answered = await cluster.mergePatch(`${CONFIG_MAPS}/c`, { metadata: { labels: { mine: '1' } } });
    expect([answered.code, answered.body.reason, tries]).toEqual([409, 'Conflict', 5]);
  });

  it('see connections to subresources of stored kinds, not those of extra groups, as with aggregated APIs', async () => {
    const seen: string[] = [];
    const handlers = { log: () => ({ code: 200, body: {} }), start: () => ({ code: 202 }) };
    const pods = {
      group: '',
      version: 'v1',
      resource: 'pods',
      kind: 'Pod',
      namespaced: true,
      method: 'GET',
      handlers,
    };
    const extra = { ...pods, group: 'subresources.kubevirt.io', resource: 'virtualmachines', method: 'PUT' };
    cluster = await Cluster.start({ subresources: [pods, extra] });
    cluster.server.addAdmission({
      validating: [({ operation, subresource }) => void seen.push(`${operation} ${subresource}`)],
    });
    expect((await cluster.get('/api/v1/namespaces/demo/pods/p/log')).code).toBe(200);
    expect((await cluster.put(START, {})).code).toBe(202);
    expect(seen).toEqual(['CONNECT log']);
  });
});

describe('users', () => {
  async function nameSeen(
    headers: Record<string, string>,
    tokens?: Record<string, { name: string; groups: string[] }>,
  ) {
    const users: unknown[] = [];
    cluster = await Cluster.start({ tokens });
    cluster.server.addAdmission({ validating: [(request) => void users.push(request.user)] });
    const { code } = await cluster.send('POST', VMS, vm('a'), headers);
    return { code, user: users.at(-1) };
  }

  it.each([
    ['no token', {}, { name: 'system:admin' }],
    ['a known token', { authorization: 'Bearer t0' }, { name: 'eve', groups: ['g'] }],
    [
      'impersonation',
      { 'impersonate-user': 'bob', 'impersonate-group': 'x' },
      { name: 'bob', groups: ['x', 'system:authenticated'] },
    ],
  ])('by %s', async (_, headers, user) => {
    const seen = await nameSeen(headers as Record<string, string>, { t0: { name: 'eve', groups: ['g'] } });
    expect(seen).toMatchObject({ code: 201, user });
  });

  it('of an unknown token are 401 when tokens are given, system:admin when not', async () => {
    const headers = { authorization: 'Bearer what' };
    expect((await nameSeen(headers, { t0: { name: 'eve', groups: [] } })).code).toBe(401);
    await cluster.stop();
    expect(await nameSeen(headers)).toMatchObject({ code: 201, user: { name: 'system:admin' } });
  });
});

it('every request is observed, with its verb, user agent and code', async () => {
  const log = new RequestLog();
  cluster = await Cluster.start({ onRequest: log.record });
  log.clear();
  const headers = { 'user-agent': 'worker/1' };
  await cluster.send('POST', VMS, vm('a'), headers);
  await cluster.send('GET', `${VMS}/a`, undefined, headers);
  await cluster.send('GET', VMS, undefined, headers);
  await cluster.send('DELETE', `${VMS}/none`, undefined, headers);
  await cluster.mergePatch(`${VMS}/a`, {});
  const watch = await cluster.watch(VMS);
  await watch.next();
  await cluster.delete(VMS);
  const seen = log.matching().map(({ verb, code }) => `${verb} ${code}`);
  expect(seen).toEqual([
    'create 201',
    'get 200',
    'list 200',
    'delete 404',
    'patch 200',
    'watch 200',
    'deletecollection 200',
  ]);
  expect(log.count({ userAgent: /^worker/ })).toBe(4);
  expect(log.count({ verb: ['get', 'list'], path: '/virtualmachines' })).toBe(2);
  expect(log.count({ user: 'nobody' })).toBe(0);
});

it('a new kind is one more entry of the table', async () => {
  const widget = {
    group: 'example.io',
    version: 'v1',
    plural: 'widgets',
    kind: 'Widget',
    namespaced: false,
    statusSubresource: false,
    custom: true,
  };
  cluster = await Cluster.start({ kinds: [...KINDS, widget] });
  const body = { apiVersion: 'example.io/v1', kind: 'Widget', metadata: { name: 'w' } };
  expect((await cluster.post('/apis/example.io/v1/widgets', body)).code).toBe(201);
  expect((await cluster.get('/apis/example.io/v1')).body.resources).toHaveLength(1);
});

it('a StatusError of any code reaches the client as it is', async () => {
  cluster = await Cluster.start();
  cluster.server.addAdmission({
    validating: [
      () => {
        throw failure(429, 'TooManyRequests', 'slow down', { retryAfterSeconds: 1 });
      },
    ],
  });
  expect(await cluster.post(VMS, vm('a'))).toMatchObject({
    code: 429,
    body: { details: { retryAfterSeconds: 1 } },
  });
});
