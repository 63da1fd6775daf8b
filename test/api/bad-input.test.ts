import { ask } from './raw';
import { expectProblem, TestApi } from './support';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
  await api.makeVm({ namespace: 'demo', name: 'web' });
});
afterAll(() => api?.stop());
/** Whatever came in: nothing was begun. */
afterEach(async () => expect(await api.runningClones()).toEqual([]));

const source = { namespace: 'demo', name: 'web' };
const target = { name: 'web-clone' };

describe('POST /clones refuses with the field', () => {
  it.each([
    ['an empty name', { source, target: { name: '' } }, 'target.name', /DNS-1123/],
    ['no name', { source, target: {} }, 'target.name', /is required/],
    ['a name with capitals', { source, target: { name: 'Web' } }, 'target.name', /DNS-1123/],
    ['a name with a dot', { source, target: { name: 'web.clone' } }, 'target.name', /DNS-1123/],
    ['a name with a dash at its end', { source, target: { name: 'web-' } }, 'target.name', /DNS-1123/],
    ['a name of 64 characters', { source, target: { name: 'a'.repeat(64) } }, 'target.name', /1 to 63/],
    ['a name that is a path', { source, target: { name: '../web' } }, 'target.name', /DNS-1123/],
    ['a name that is a number', { source, target: { name: 7 } }, 'target.name', /must be a string/],
    [
      'a namespace that is none',
      { source, target: { ...target, namespace: 'a b' } },
      'target.namespace',
      /DNS-1123/,
    ],
    ['no source', { target }, 'source', /is required/],
    ['a source that is text', { source: 'demo/web', target }, 'source', /must be an object/],
    ['a source without a namespace', { source: { name: 'web' }, target }, 'source.namespace', /is required/],
    ['an unknown field', { source, target, colour: 'red' }, 'colour', /not a known field/],
    [
      'an unknown field further in',
      { source, target: { ...target, nmae: 'x' } },
      'target.nmae',
      /not a known field/,
    ],
    ['a start that is text', { source, target, startAfterClone: 'yes' }, 'startAfterClone', /true or false/],
    [
      'a time-out of nothing',
      { source, target, options: { shutdownTimeoutSeconds: 0 } },
      'options.shutdownTimeoutSeconds',
      /at least 1/,
    ],
    [
      'a time-out of days',
      { source, target, options: { shutdownTimeoutSeconds: 86_401 } },
      'options.shutdownTimeoutSeconds',
      /at most 86400/,
    ],
    [
      'a time-out in parts',
      { source, target, options: { shutdownTimeoutSeconds: 1.5 } },
      'options.shutdownTimeoutSeconds',
      /whole number/,
    ],
    [
      'a storage class that is no name',
      { source, target, options: { storageClass: 'Fast!' } },
      'options.storageClass',
      /name of a storage class/,
    ],
    [
      'a state that is neither',
      { source, target, options: { persistentState: 'copy' } },
      'options.persistentState',
      /"refuse" or "empty"|refuse/,
    ],
    [
      'copies that are text',
      { source, target, options: { copySecrets: 'yes' } },
      'options.copySecrets',
      /true or false/,
    ],
    [
      'MACs that are neither',
      { source, target, options: { macAddresses: 'random' } },
      'options.macAddresses',
      /new/,
    ],
    [
      'a label that is a number',
      { source, target, options: { labels: { tier: 1 } } },
      'options.labels.tier',
      /./,
    ],
    [
      'a label with a space',
      { source, target, options: { labels: { tier: 'a b' } } },
      'options.labels.tier',
      /at most 63 letters/,
    ],
    [
      'a label of no name',
      { source, target, options: { labels: { 'a b': 'c' } } },
      'options.labels.a b',
      /qualified name/,
    ],
    [
      'a label of ours',
      { source, target, options: { labels: { 'vm-clone.io/clone-uid': 'x' } } },
      'options.labels.vm-clone.io/clone-uid',
      /reserved/,
    ],
    [
      "a label of KubeVirt's",
      { source, target, options: { labels: { 'kubevirt.io/nodeName': null } } },
      'options.labels.kubevirt.io/nodeName',
      /reserved/,
    ],
    [
      'an annotation of ours',
      { source, target, options: { annotations: { 'vm-clone.io/lock': null } } },
      'options.annotations.vm-clone.io/lock',
      /reserved/,
    ],
    [
      'a label that names the VM',
      { source, target, options: { labels: { 'vm.kubevirt.io/name': 'x' } } },
      'options.labels.vm.kubevirt.io/name',
      /reserved/,
    ],
    ['labels that are a list', { source, target, options: { labels: ['a'] } }, 'options.labels', /an object/],
    [
      'a hook beside the guest',
      { source, target, options: { annotations: { 'hooks.kubevirt.io/hookSidecars': '[]' } } },
      'options.annotations.hooks.kubevirt.io/hookSidecars',
      /reserved/,
    ],
    [
      'an annotation that has a field',
      { source, target, options: { annotations: { description: 'x' } } },
      'options.annotations.description',
      /reserved/,
    ],
    [
      'an annotation that is a book',
      { source, target, options: { annotations: { a: 'x'.repeat(4097) } } },
      'options.annotations.a',
      /at most 4096/,
    ],
    [
      'too many labels',
      {
        source,
        target,
        options: { labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, 'x'])) },
      },
      'options.labels',
      /at most 32/,
    ],
    [
      'an option that there is not',
      { source, target, options: { snapshots: true } },
      'options.snapshots',
      /known field/,
    ],
    [
      'a description that is a book',
      { source, target, description: 'x'.repeat(2001) },
      'description',
      /at most 2000 characters/,
    ],
  ])('%s', async (_case, body, field, message) => {
    const answer = await api.post('clones', body);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toContainEqual({ field, message: expect.stringMatching(message) });
    expect(answer.body.detail).toContain(field);
  });

  it('every field that is wrong', async () => {
    const answer = await api.post('clones', {
      source: { namespace: 'Demo', name: 'web' },
      target: { name: '' },
      x: 1,
    });
    const fields = answer.body.errors.map(({ field }: { field: string }) => field);
    expect(fields.sort()).toEqual(['source.namespace', 'target.name', 'x']);
  });

  it('an Idempotency-Key that is none', async () => {
    const answer = await api.post('clones', { source, target }, { 'idempotency-key': 'x'.repeat(256) });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors[0].field).toBe('Idempotency-Key');
  });
});

describe('POST /clones refuses', () => {
  it.each([
    ['broken JSON', '{"source":', 400, 'malformed-json'],
    ['JSON that is no object', '"web"', 400, 'malformed-json'],
    ['an array', '[]', 400, 'invalid-request'],
    ['nothing', '', 400, 'invalid-request'],
    [
      'more than 64 kB',
      JSON.stringify({ source, target, description: 'x'.repeat(65_536) }),
      413,
      'body-too-large',
    ],
  ])('%s', async (_case, body, status, type) => {
    expectProblem(await api.post('clones', body), status, type);
  });

  it('a body that is not called JSON', async () => {
    const answer = await api.post('clones', { source, target }, { 'content-type': 'text/plain' });
    expectProblem(answer, 415, 'unsupported-media-type');
  });

  it('JSON in another encoding', async () => {
    const headers = { 'content-type': 'application/json; charset=latin1' };
    expectProblem(await api.post('clones', { source, target }, headers), 415, 'unsupported-media-type');
  });

  it('an unknown VM', async () => {
    const answer = await api.post('clones', { source: { namespace: 'demo', name: 'ghost' }, target });
    expectProblem(answer, 404, 'vm-not-found');
  });

  it('a taken name, and shows the field', async () => {
    await api.makeVm({ namespace: 'demo', name: 'taken' });
    const answer = await api.post('clones', { source, target: { name: 'taken' } });
    expectProblem(answer, 409, 'name-taken');
    expect(answer.body.errors).toEqual([{ field: 'target.name', message: 'taken is taken' }]);
  });

  it("the source's own name", async () => {
    expectProblem(await api.post('clones', { source, target: { name: 'web' } }), 409, 'name-taken');
  });

  it('a name that was taken a moment ago, before any cache shows it', async () => {
    const behind = await api.serve({
      caches: { ...api.caches, virtualMachines: emptyCache(), synced: true } as never,
    });
    const answer = await api.post(`${behind.url}/api/v1/clones`, { source, target: { name: 'taken' } });
    expectProblem(answer, 409, 'name-taken');
  });

  it('what the plan has blockers for', async () => {
    const answer = await api.post('clones', { source, target: { namespace: 'nowhere', name: 'web-clone' } });
    expectProblem(answer, 422, 'clone-blocked');
    expect(answer.body.blockers).toEqual([expect.objectContaining({ type: 'TargetNamespaceNotFound' })]);
    expect(api.writes()).toEqual([]);
    expect(await api.runningClones()).not.toContain('clone/nowhere/web-clone');
  });
});

const emptyCache = () => ({ get: () => undefined, list: () => [], onChange: () => () => {}, synced: true });

describe('every path refuses', () => {
  it.each([
    ['what it does not know', 'GET', '/api/v1/nothing', 404, 'no-such-route'],
    ['a method that it does not take', 'DELETE', '/api/v1/clones', 405, 'method-not-allowed'],
    ['a method that it does not take', 'PUT', '/api/v1/clones/demo/x/cancel', 405, 'method-not-allowed'],
    ['a broken escape', 'GET', '/api/v1/vms/demo/%E0%A4%A', 400, 'invalid-request'],
    ['an unknown VM', 'GET', '/api/v1/vms/demo/ghost', 404, 'vm-not-found'],
    ['the plan of an unknown VM', 'GET', '/api/v1/vms/demo/ghost/clone-plan', 404, 'vm-not-found'],
    ['an unknown clone', 'GET', '/api/v1/clones/demo/ghost', 404, 'clone-not-found'],
    ['the cancel of an unknown clone', 'POST', '/api/v1/clones/demo/ghost/cancel', 404, 'clone-not-found'],
    ['a run that is none', 'GET', '/api/v1/clones/demo/x?runId=7', 400, 'invalid-request'],
    ['an unknown parameter', 'GET', '/api/v1/clones?colour=red', 400, 'invalid-request'],
    ['a parameter twice', 'GET', '/api/v1/clones?phase=Failed&phase=Copying', 400, 'invalid-request'],
    ['a limit that is too high', 'GET', '/api/v1/clones?limit=201', 400, 'invalid-request'],
    ['a limit that is a word', 'GET', '/api/v1/clones?limit=all', 400, 'invalid-request'],
    ['an unknown phase', 'GET', '/api/v1/clones?phase=Sleeping', 400, 'invalid-request'],
    ['a source that is a query', 'GET', "/api/v1/clones?source=a/b'+OR+'1'='1", 400, 'invalid-request'],
    ['a page token that is none', 'GET', '/api/v1/clones?pageToken=abcd', 400, 'invalid-request'],
    ['an unknown status', 'GET', '/api/v1/vms?status=Running,Asleep', 400, 'invalid-request'],
    ['an unknown order', 'GET', '/api/v1/vms?sort=size', 400, 'invalid-request'],
    ['a page before the first', 'GET', '/api/v1/vms?page=0', 400, 'invalid-request'],
  ])('%s: %s %s', async (_case, method, path, status, type) => {
    expectProblem(await api.send(path, { method }), status, type);
  });

  it('a method with the ones that it takes', async () => {
    const { headers } = await api.send('/api/v1/clones', { method: 'DELETE' });
    expect(headers.get('allow')).toBe('GET, HEAD, POST');
  });

  it('a cancel with an unknown field', async () => {
    const answer = await api.post('clones/demo/x/cancel', { why: 'so' });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toEqual([{ field: 'why', message: 'is not a known field' }]);
  });
});

it.each([
  ['vms?limit=0', 'limit', 'must be a whole number from 1 to 500'],
  ['vms?limit=all', 'limit', 'must be a whole number from 1 to 500'],
  ['vms?page=1.5', 'page', 'must be a whole number from 1 to 1000000'],
  ['clones?limit=201', 'limit', 'must be a whole number from 1 to 200'],
  [
    'vms?status=running',
    'status',
    expect.stringMatching(/^must be one or more of Running.*separated by commas$/),
  ],
  ['vms?status=Error&status=Running', 'status', expect.stringMatching(/separated by commas$/)],
])('a query says what it takes: %s', async (path, field, message) => {
  const answer = await api.get(path);
  expectProblem(answer, 400, 'invalid-request');
  expect(answer.body.errors).toEqual([{ field, message }]);
});

describe('every path with a name refuses what can be none, with the field', () => {
  const LONG = 'a'.repeat(64);
  const ROUTES: [string, string, (namespace: string, name: string) => string][] = [
    ['GET', 'a VM', (namespace, name) => `/api/v1/vms/${namespace}/${name}`],
    ['GET', 'a plan', (namespace, name) => `/api/v1/vms/${namespace}/${name}/clone-plan`],
    ['GET', 'a clone', (namespace, name) => `/api/v1/clones/${namespace}/${name}`],
    ['POST', 'a cancel', (namespace, name) => `/api/v1/clones/${namespace}/${name}/cancel`],
  ];
  it.each(ROUTES)('%s %s', async (method, _what, path) => {
    const wrong = [
      'a%2Fb',
      '%2e',
      '%2E%2e',
      '..%2F..%2Fsecrets',
      'Web',
      'a%20b',
      '-a',
      'a%00',
      'a'.repeat(254),
    ];
    for (const part of wrong) {
      // As it is written: HTTP clients resolve dots.
      const name = await ask(api.url, method, path('demo', part), { host: 'localhost' });
      expectProblem(name, 400, 'invalid-request');
      expect(name.body.errors).toEqual([{ field: 'name', message: expect.stringContaining('DNS-1123') }]);
      const namespace = await ask(api.url, method, path(part, 'web'), { host: 'localhost' });
      expectProblem(namespace, 400, 'invalid-request');
      expect(namespace.body.errors).toEqual([
        { field: 'namespace', message: expect.stringContaining('DNS-1123 label') },
      ]);
    }
  });

  it.each([
    ['a VM may have dots and be long', `/api/v1/vms/demo/${LONG}.b`, 404, 'vm-not-found'],
    ['a clone may not have dots', '/api/v1/clones/demo/a.b', 400, 'invalid-request'],
    ['a clone may not be long', `/api/v1/clones/demo/${LONG}`, 400, 'invalid-request'],
    ['a namespace may not have dots', '/api/v1/vms/a.b/web', 400, 'invalid-request'],
  ])('%s', async (_case, path, status, type) => {
    expectProblem(await api.get(path), status, type);
  });

  it('and the name of a planned clone is a blocker, asked of nobody', async () => {
    const { status, body } = await api.get('vms/demo/web/clone-plan?name=..');
    expect(status).toBe(200);
    expect(body.blockers).toEqual([expect.objectContaining({ type: 'InvalidName' })]);
  });
});

describe('a refusal is no larger than what was asked', () => {
  it('names 20 fields, and how many more there are', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`x${n}`, 1]));
    const answer = await api.post('clones', { source, target, ...unknown });
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toHaveLength(20);
    expect(answer.body.detail).toMatch(/^x0 is not a known field\. .* And 4980 more\.$/);
  });

  it('counts none when it names them all', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x${n}`, 1]));
    const answer = await api.post('clones', { source, target, ...unknown });
    expect(answer.body.errors).toHaveLength(20);
    expect(answer.body.detail).not.toContain('more');
  });

  it("shortens a field's name", async () => {
    const answer = await api.post('clones', { source, target, ['x'.repeat(60_000)]: 1 });
    expect(answer.body.errors).toEqual([{ field: `${'x'.repeat(99)}…`, message: 'is not a known field' }]);
    expect(answer.text.length).toBeLessThan(600);
  });
});

it('a failure of ours is logged with its cause, and told without it', async () => {
  const virtualMachines = emptyCache();
  const broken = await api.serve({ caches: { ...api.caches, virtualMachines } as never });
  virtualMachines.list = () => {
    throw new TypeError('secret inner workings');
  };
  const answer = await api.get(`${broken.url}/api/v1/vms`, { 'x-request-id': 'my-request' });
  expectProblem(answer, 500, 'internal');
  expect(answer.text).not.toContain('secret');
  expect(answer.body.requestId).toBe('my-request');
  expect(answer.headers.get('x-request-id')).toBe('my-request');
  const [line] = api.logged.filter(({ level }) => level === 'error');
  expect(line).toMatchObject({ req: { id: 'my-request' }, err: { message: 'secret inner workings' } });
});

it('refusals are not logged as errors', async () => {
  const before = api.logged.length;
  await api.get('nothing');
  expect(api.logged.length).toBe(before);
});
