import { Cluster, CONFIG_MAPS, JSON_PATCH, PODS, VMIS, VMS, vm } from './support';

const NAMESPACES = '/api/v1/namespaces';
const PVCS = '/api/v1/namespaces/demo/persistentvolumeclaims';
const REVISIONS = '/apis/apps/v1/namespaces/demo/controllerrevisions';

let cluster: Cluster;
let serial = 0;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

/** A VM of a name of its own, as stored. */
async function stored(more: Record<string, unknown> = {}) {
  serial += 1;
  const { code, body } = await cluster.post(VMS, vm(`vm-${serial}`, more));
  expect(code).toBe(201);
  return { object: body, path: `${VMS}/${body.metadata.name}` };
}

describe('create', () => {
  it('answers 201 with the system fields', async () => {
    const { object } = await stored({ metadata: { uid: 'forged', generation: 7, creationTimestamp: null } });
    expect(object.metadata).toEqual({
      name: expect.any(String),
      namespace: 'demo',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
      generation: 1,
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  it('makes a name of generateName', async () => {
    const metadata = { name: undefined, generateName: 'gen-' };
    const { object } = await stored({ metadata });
    expect(object.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
    const long = await stored({ metadata: { name: undefined, generateName: 'x'.repeat(80) } });
    expect(long.object.metadata.name).toHaveLength(63);
  });

  it('drops a status where there is a status subresource, and keeps it elsewhere', async () => {
    expect((await stored({ status: { ready: true } })).object).not.toHaveProperty('status');
    const vmi = { ...vm('with-status'), kind: 'VirtualMachineInstance', status: { phase: 'Running' } };
    expect((await cluster.post(VMIS, vmi)).body.status).toEqual({ phase: 'Running' });
  });

  it('keeps owner references and finalizers, and drops empty and unknown metadata', async () => {
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }];
    const { object } = await stored({
      metadata: {
        ownerReferences,
        finalizers: ['a.b/c'],
        labels: {},
        annotations: {},
        managedFields: [{}],
        color: 1,
      },
    });
    expect(object.metadata).toMatchObject({ ownerReferences, finalizers: ['a.b/c'] });
    for (const field of ['labels', 'annotations', 'managedFields', 'color']) {
      expect(object.metadata).not.toHaveProperty(field);
    }
  });

  it('of a taken name is 409 AlreadyExists', async () => {
    const { object } = await stored();
    expect(await cluster.post(VMS, vm(object.metadata.name))).toMatchObject({
      code: 409,
      body: {
        reason: 'AlreadyExists',
        message: `virtualmachines.kubevirt.io "${object.metadata.name}" already exists`,
        details: { name: object.metadata.name, group: 'kubevirt.io', kind: 'virtualmachines' },
      },
    });
  });

  it('in an unknown namespace is 404, in one that is being deleted 403', async () => {
    const path = '/apis/kubevirt.io/v1/namespaces/ending/virtualmachines';
    expect(await cluster.post(path, vm('a'))).toMatchObject({
      code: 404,
      body: { message: 'namespaces "ending" not found' },
    });
    await cluster.post(NAMESPACES, { metadata: { name: 'ending' } });
    await cluster.delete(`${NAMESPACES}/ending`);
    expect(await cluster.post(path, vm('a'))).toMatchObject({
      code: 403,
      body: {
        reason: 'Forbidden',
        message:
          'virtualmachines.kubevirt.io "a" is forbidden: unable to create new content in namespace ending because it is being terminated',
        details: { causes: [{ reason: 'NamespaceTerminating' }] },
      },
    });
  });

  it('with dryRun=All checks and answers, and stores nothing', async () => {
    const dry = await cluster.post(`${VMS}?dryRun=All`, vm('dry'));
    expect(dry).toMatchObject({ code: 201, body: { metadata: { name: 'dry', uid: expect.any(String) } } });
    expect((await cluster.get(`${VMS}/dry`)).code).toBe(404);
    expect((await cluster.post(`${VMS}?dryRun=All`, vm('Bad'))).code).toBe(422);
    expect((await cluster.post(`${VMS}?dryRun=Some`, vm('dry'))).code).toBe(422);
  });

  it.each([
    ['no name', { name: undefined }, 'metadata.name: Required value: name or generateName is required'],
    [
      'upper case',
      { name: 'Web' },
      'metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain must',
    ],
    [
      'an underscore',
      { name: 'a_b' },
      'metadata.name: Invalid value: "a_b": a lowercase RFC 1123 subdomain must',
    ],
    ['254 characters', { name: 'x'.repeat(254) }, 'must be no more than 253 bytes'],
    [
      'a bad label value',
      { name: 'l', labels: { a: 'b c' } },
      'metadata.labels: Invalid value: "b c": a valid label',
    ],
    ['a label of 64', { name: 'l', labels: { a: 'x'.repeat(64) } }, 'must be no more than 63 bytes'],
    [
      'a bad label key',
      { name: 'l', labels: { 'a/b/c': '' } },
      'metadata.labels: Invalid value: "a/b/c": name part',
    ],
    [
      'a bad annotation key',
      { name: 'l', annotations: { 'a b': '' } },
      'metadata.annotations: Invalid value: "a b"',
    ],
    [
      'much annotated',
      { name: 'l', annotations: { a: 'x'.repeat(262144) } },
      'may not be more than 262144 bytes',
    ],
    [
      'an owner without uid',
      { name: 'l', ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n' }] },
      'uid',
    ],
    ['a bad finalizer', { name: 'l', finalizers: ['a b'] }, 'metadata.finalizers: Invalid value: "a b"'],
  ])('with %s is 422 Invalid', async (_, metadata, message) => {
    const { code, body } = await cluster.post(VMS, vm('', { metadata }));
    expect([code, body.reason]).toEqual([422, 'Invalid']);
    expect(body.message).toMatch(/^VirtualMachine\.kubevirt\.io ".*" is invalid: /);
    expect(body.message).toContain(message);
    expect(body.details.causes[0].field).toMatch(/^metadata\./);
  });

  it('takes names of 253 characters and dots, but namespaces only as labels', async () => {
    expect((await cluster.post(VMS, vm(`a.${'x'.repeat(251)}`))).code).toBe(201);
    expect((await cluster.post(NAMESPACES, { metadata: { name: 'a.b' } })).code).toBe(422);
    expect((await cluster.post(NAMESPACES, { metadata: { name: 'x'.repeat(64) } })).code).toBe(422);
  });

  it.each([
    ['broken JSON', '{"a":', 400, 'BadRequest'],
    ['no object', '[]', 400, 'BadRequest'],
    ['another kind', { ...vm('k'), kind: 'Pod' }, 400, 'BadRequest'],
    ['another API version', { ...vm('k'), apiVersion: 'kubevirt.io/v2' }, 400, 'BadRequest'],
    ['no kind', { ...vm('k'), kind: undefined }, 400, 'BadRequest'],
    ['another namespace', vm('k', { metadata: { namespace: 'other' } }), 400, 'BadRequest'],
    ['a name that is no text', vm('k', { metadata: { name: 5 } }), 400, 'BadRequest'],
    ['a resourceVersion', vm('k', { metadata: { resourceVersion: '1' } }), 500, undefined],
    ['more than 3 MiB', vm('k', { spec: 'x'.repeat(3 * 1024 * 1024) }), 413, 'RequestEntityTooLarge'],
  ])('with %s is refused', async (_, sent, code, reason) => {
    const answered = await cluster.post(VMS, sent);
    expect([answered.code, answered.body.reason]).toEqual([code, reason]);
    expect((await cluster.get(`${VMS}/k`)).code).toBe(404);
  });

  it('of another content type is 415', async () => {
    const answered = await cluster.send('POST', VMS, 'kind: VirtualMachine', {
      'content-type': 'application/yaml',
    });
    expect(answered).toMatchObject({ code: 415, body: { reason: 'UnsupportedMediaType' } });
  });

  it.each([
    ['POST', '/apis/kubevirt.io/v1/virtualmachines'],
    ['POST', `${VMS}/x`],
    ['PUT', VMS],
    ['PATCH', VMS],
    ['DELETE', '/apis/kubevirt.io/v1/virtualmachines'],
  ])('%s %s is 405', async (method, path) => {
    expect(await cluster.send(method, path, vm('x'))).toMatchObject({
      code: 405,
      body: { reason: 'MethodNotAllowed' },
    });
  });
});

describe('update (PUT)', () => {
  it('replaces spec and metadata under the next resourceVersion', async () => {
    const { object, path } = await stored({ metadata: { labels: { a: '1' } } });
    const { labels: _, ...metadata } = object.metadata;
    const { code, body } = await cluster.put(path, { ...object, metadata, spec: { runStrategy: 'Halted' } });
    expect(code).toBe(200);
    expect(body.spec).toEqual({ runStrategy: 'Halted' });
    expect(body.metadata).toEqual({
      ...metadata,
      generation: 2,
      resourceVersion: body.metadata.resourceVersion,
    });
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(metadata.resourceVersion));
    expect((await cluster.get(path)).body).toEqual(body);
  });

  it('of an unknown object is 404', async () => {
    expect((await cluster.put(`${VMS}/none`, vm('none', { metadata: { resourceVersion: '1' } }))).code).toBe(
      404,
    );
  });

  it('with a stale resourceVersion is 409 Conflict', async () => {
    const { object, path } = await stored();
    await cluster.mergePatch(path, { spec: { runStrategy: 'Halted' } });
    expect(await cluster.put(path, object)).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on virtualmachines.kubevirt.io "${object.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
        details: { name: object.metadata.name, group: 'kubevirt.io', kind: 'virtualmachines' },
      },
    });
  });

  it('without a resourceVersion is 422 for a custom resource, and unconditional for a core kind', async () => {
    const { object, path } = await stored();
    const { resourceVersion: _, ...metadata } = object.metadata;
    const refused = await cluster.put(path, { ...object, metadata });
    expect(refused.code).toBe(422);
    expect(refused.body.message).toBe(
      `virtualmachines.kubevirt.io "${metadata.name}" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update`,
    );
    await cluster.post(CONFIG_MAPS, { metadata: { name: 'free' }, data: { a: '1' } });
    const free = await cluster.put(`${CONFIG_MAPS}/free`, { metadata: { name: 'free' }, data: { a: '2' } });
    expect(free).toMatchObject({ code: 200, body: { data: { a: '2' } } });
  });

  it('with the uid of an earlier object of that name is 409', async () => {
    const { object, path } = await stored();
    const metadata = { ...object.metadata, uid: '00000000-0000-0000-0000-000000000000' };
    expect(await cluster.put(path, { ...object, metadata })).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message: expect.stringContaining('Precondition failed: UID in precondition'),
      },
    });
  });

  it.each([
    ['name', { name: 'other' }, 400],
    ['creationTimestamp', { creationTimestamp: '2020-01-01T00:00:00Z' }, 422],
    ['deletionTimestamp', { deletionTimestamp: '2020-01-01T00:00:00Z' }, 422],
  ])('cannot change the %s', async (_, change, code) => {
    const { object, path } = await stored();
    const answered = await cluster.put(path, { ...object, metadata: { ...object.metadata, ...change } });
    expect(answered.code).toBe(code);
    expect((await cluster.get(path)).body).toEqual(object);
  });

  it('that changes nothing keeps the resourceVersion and sends no event', async () => {
    const { object, path } = await stored();
    const watch = await cluster.watch(VMS, { resourceVersion: object.metadata.resourceVersion });
    const { kind, apiVersion, ...reordered } = object;
    expect((await cluster.put(path, { ...reordered, kind, apiVersion })).body).toEqual(object);
    expect((await cluster.mergePatch(path, { spec: object.spec })).body).toEqual(object);
    expect((await cluster.jsonPatch(path, [])).body).toEqual(object);
    const next = await stored();
    expect((await watch.next()).object).toEqual(next.object);
    expect(Number(next.object.metadata.resourceVersion)).toBe(Number(object.metadata.resourceVersion) + 1);
  });

  it.each(['PUT', 'PATCH'])(
    'with dryRun=All (%s) answers what would be, and stores nothing',
    async (method) => {
      const { object, path } = await stored();
      const spec = { ...object.spec, runStrategy: 'Halted' };
      const dry = await cluster.send(
        method,
        `${path}?dryRun=All`,
        { ...object, spec },
        {
          'content-type': method === 'PUT' ? 'application/json' : 'application/merge-patch+json',
        },
      );
      expect(dry).toMatchObject({
        code: 200,
        body: { spec: { runStrategy: 'Halted' }, metadata: { generation: 2 } },
      });
      expect((await cluster.get(path)).body).toEqual(object);
    },
  );
});

describe('generation and status', () => {
  it('counts changes of the spec alone, while every write takes a resourceVersion', async () => {
    const { object, path } = await stored();
    const seen: [number, string][] = [[object.metadata.generation, object.metadata.resourceVersion]];
    for (const [target, patch] of [
      [path, { metadata: { annotations: { a: '1' } } }],
      [`${path}/status`, { status: { ready: true } }],
      [path, { spec: { runStrategy: 'Halted' } }],
    ] as const) {
      const { metadata } = (await cluster.mergePatch(target, patch)).body;
      seen.push([metadata.generation, metadata.resourceVersion]);
    }
    expect(seen.map(([generation]) => generation)).toEqual([1, 1, 1, 2]);
    expect(new Set(seen.map(([, version]) => version)).size).toBe(4);
  });

  it('counts a change of anything but metadata for a kind without a status subresource', async () => {
    const path = `${VMIS}/counted`;
    await cluster.post(VMIS, { ...vm('counted'), kind: 'VirtualMachineInstance' });
    const patched = async (patch: unknown) =>
      (await cluster.mergePatch(path, patch)).body.metadata.generation;
    expect(await patched({ metadata: { labels: { a: '1' } } })).toBe(1);
    expect(await patched({ status: { phase: 'Running' } })).toBe(2);
    expect(await patched({ spec: { x: 1 } })).toBe(3);
  });

  it('is none of a client: built-in kinds without one take none', async () => {
    const metadata = { name: 'ungenerated', generation: 7 };
    const created = await cluster.post(CONFIG_MAPS, { metadata });
    const written = await cluster.mergePatch(`${CONFIG_MAPS}/ungenerated`, { metadata, data: { a: 'b' } });
    for (const { body } of [created, written]) expect(body.metadata).not.toHaveProperty('generation');
    const { path } = await stored();
    expect((await cluster.mergePatch(path, { metadata: { generation: 7 } })).body.metadata.generation).toBe(
      1,
    );
  });

  it('of one object share the counter with all others', async () => {
    const { object } = await stored();
    const node = (await cluster.post('/api/v1/nodes', { metadata: { name: 'counter' } })).body;
    expect(Number(node.metadata.resourceVersion)).toBe(Number(object.metadata.resourceVersion) + 1);
  });

  it('PUT of the object leaves the status as it is', async () => {
    const { object, path } = await stored();
    expect((await cluster.put(path, { ...object, status: { ready: false } })).body).toEqual(object);
    await cluster.mergePatch(`${path}/status`, { status: { ready: true } });
    const { body } = await cluster.get(path);
    const written = await cluster.put(path, {
      ...body,
      status: { ready: false },
      spec: { runStrategy: 'Halted' },
    });
    expect(written.body).toMatchObject({ status: { ready: true }, spec: { runStrategy: 'Halted' } });
    expect((await cluster.mergePatch(path, { status: null })).body.status).toEqual({ ready: true });
  });

  it.each(['PUT', 'PATCH'])(
    '%s of /status of a custom resource changes nothing but the status',
    async (method) => {
      const { object, path } = await stored();
      const headers = {
        'content-type': method === 'PUT' ? 'application/json' : 'application/merge-patch+json',
      };
      const sent = {
        ...object,
        metadata: { ...object.metadata, labels: { a: '1' } },
        spec: { runStrategy: 'Halted' },
        status: { ready: true },
      };
      const { code, body } = await cluster.send(method, `${path}/status`, sent, headers);
      expect(code).toBe(200);
      const { resourceVersion } = body.metadata;
      expect(resourceVersion).not.toBe(object.metadata.resourceVersion);
      expect(body).toEqual({
        ...object,
        metadata: { ...object.metadata, resourceVersion },
        status: { ready: true },
      });
    },
  );

  it('PUT of /status with a stale resourceVersion is 409', async () => {
    const { object, path } = await stored();
    await cluster.mergePatch(path, { metadata: { labels: { a: '1' } } });
    expect((await cluster.put(`${path}/status`, { ...object, status: { ready: true } })).code).toBe(409);
  });

  it('/status of a core kind writes metadata too, and GET of it answers the object', async () => {
    await cluster.post(PODS, { metadata: { name: 'p' }, spec: { nodeName: 'n' } });
    const patch = { metadata: { labels: { a: '1' } }, spec: { nodeName: 'm' }, status: { phase: 'Running' } };
    const { body } = await cluster.mergePatch(`${PODS}/p/status`, patch);
    expect(body).toMatchObject({
      metadata: { labels: { a: '1' } },
      spec: { nodeName: 'n' },
      status: { phase: 'Running' },
    });
    expect((await cluster.get(`${PODS}/p/status`)).body).toEqual(body);
  });
});

describe('JSON patch', () => {
  it.each([
    ['add', [{ op: 'add', path: '/spec/paused', value: true }], { paused: true }],
    ['add over', [{ op: 'add', path: '/spec/list', value: 1 }], { list: 1 }],
    ['insert', [{ op: 'add', path: '/spec/list/1', value: 9 }], { list: [1, 9, 2] }],
    ['append', [{ op: 'add', path: '/spec/list/-', value: 9 }], { list: [1, 2, 9] }],
    ['replace', [{ op: 'replace', path: '/spec/list/0', value: 9 }], { list: [9, 2] }],
    ['remove', [{ op: 'remove', path: '/spec/list/-1' }], { list: [1] }],
    ['copy', [{ op: 'copy', from: '/spec/list/0', path: '/spec/first' }], { first: 1, list: [1, 2] }],
    ['move', [{ op: 'move', from: '/spec/list', path: '/spec/moved' }], { moved: [1, 2] }],
    ['escapes', [{ op: 'add', path: '/spec/a~1b~0c', value: 1 }], { 'a/b~c': 1 }],
    ['test', [{ op: 'test', path: '/spec/list', value: [1, 2] }], { list: [1, 2] }],
    [
      'test of an object in another order',
      [{ op: 'test', path: '/spec/o', value: { y: 2, x: 1 } }],
      { o: { x: 1, y: 2 } },
    ],
    [
      'test of a missing member against null',
      [{ op: 'test', path: '/spec/none', value: null }],
      { list: [1, 2] },
    ],
  ])('%s', async (_, patch, expected) => {
    const { path } = await stored({ spec: { list: [1, 2], o: { x: 1, y: 2 } } });
    const { code, body } = await cluster.jsonPatch(path, patch);
    expect(code).toBe(200);
    expect(body.spec).toMatchObject(expected);
  });

  it.each([
    ['a failed test', [{ op: 'test', path: '/spec/runStrategy', value: 'Halted' }]],
    ['a test of a missing member against a value', [{ op: 'test', path: '/spec/none', value: 'x' }]],
    ['a test of an existing member against null', [{ op: 'test', path: '/spec/runStrategy', value: null }]],
    ['a test below a missing parent', [{ op: 'test', path: '/metadata/annotations/lock', value: null }]],
    ['an add below a missing parent', [{ op: 'add', path: '/metadata/annotations/lock', value: 'x' }]],
    ['a removal of what is not there', [{ op: 'remove', path: '/spec/none' }]],
    ['a replacement of what is not there', [{ op: 'replace', path: '/spec/none', value: 1 }]],
    ['an index beyond the end', [{ op: 'add', path: '/spec/list/7', value: 1 }]],
    ['an unknown operation', [{ op: 'increase', path: '/spec/list/0' }]],
    ['a path below a text', [{ op: 'add', path: '/spec/runStrategy/x', value: 1 }]],
    ['the whole document removed', [{ op: 'remove', path: '' }]],
    ['a prototype', [{ op: 'add', path: '/spec/__proto__/x', value: 1 }]],
  ])('with %s is 422, and nothing of it is done', async (_, operations) => {
    const { object, path } = await stored({ spec: { runStrategy: 'Always', list: [1] } });
    const patch = [{ op: 'add', path: '/spec/before', value: 1 }, ...operations];
    const { code, body } = await cluster.jsonPatch(path, patch);
    expect(code).toBe(422);
    expect(body).toMatchObject({
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
    });
    expect((await cluster.get(path)).body).toEqual(object);
  });

  it.each([
    ['no list', { op: 'add' }],
    ['a list of other things', [1]],
    ['broken JSON', '[{'],
  ])('that is %s is 400', async (_, patch) => {
    const { path } = await stored();
    expect((await cluster.jsonPatch(path, patch)).code).toBe(400);
  });

  it('after the last annotation has gone finds no annotations to add to', async () => {
    const { path } = await stored({ metadata: { annotations: { a: '1' } } });
    const gone = await cluster.jsonPatch(path, [{ op: 'remove', path: '/metadata/annotations/a' }]);
    expect(gone.body.metadata).not.toHaveProperty('annotations');
    const add = [{ op: 'add', path: '/metadata/annotations/b', value: '1' }];
    expect((await cluster.jsonPatch(path, add)).code).toBe(422);
  });

  it('locks a running VM in one write, and a second one fails', async () => {
    const { path } = await stored({ metadata: { annotations: { other: 'x' } } });
    const lock = [
      { op: 'test', path: '/metadata/annotations/lock', value: null },
      { op: 'test', path: '/spec/runStrategy', value: 'Always' },
      { op: 'add', path: '/metadata/annotations/lock', value: 'mine' },
      { op: 'replace', path: '/spec/runStrategy', value: 'Halted' },
    ];
    const locked = await cluster.jsonPatch(path, lock);
    expect(locked.body).toMatchObject({
      metadata: { annotations: { lock: 'mine' } },
      spec: { runStrategy: 'Halted' },
    });
    expect((await cluster.jsonPatch(path, lock)).code).toBe(422);
  });
});

describe('merge patch', () => {
  it.each([
    ['sets', { spec: { a: 1 } }, { a: 1, deep: { x: 1, y: 2 }, list: [1, 2] }],
    ['removes by null', { spec: { deep: null } }, { list: [1, 2] }],
    ['removes deep down', { spec: { deep: { x: null } } }, { deep: { y: 2 }, list: [1, 2] }],
    ['replaces lists whole', { spec: { list: [3] } }, { deep: { x: 1, y: 2 }, list: [3] }],
    [
      'leaves nulls out of new objects',
      { spec: { n: { a: null, b: 1 } } },
      { n: { b: 1 }, deep: { x: 1, y: 2 }, list: [1, 2] },
    ],
  ])('%s', async (_, patch, spec) => {
    const { path } = await stored({ spec: { deep: { x: 1, y: 2 }, list: [1, 2] } });
    expect((await cluster.mergePatch(path, patch)).body.spec).toEqual(spec);
  });

  it('with a stale resourceVersion is 409, with the present one it is done', async () => {
    const { object, path } = await stored();
    const { resourceVersion } = object.metadata;
    const fresh = await cluster.mergePatch(path, { metadata: { resourceVersion }, spec: { a: 1 } });
    expect(fresh.code).toBe(200);
    const stale = await cluster.mergePatch(path, { metadata: { resourceVersion }, spec: { a: 2 } });
    expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
  });

  it.each([
    ['no object', '[]', 400],
    ['broken JSON', '{', 400],
    ['another uid', { metadata: { uid: 'x' } }, 422],
    ['another name', { metadata: { name: 'x' } }, 400],
  ])('with %s is refused', async (_, patch, code) => {
    const { path } = await stored();
    expect((await cluster.mergePatch(path, patch)).code).toBe(code);
  });
});

describe('other patches', () => {
  const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };

  it('of a custom resource by strategic merge is 415', async () => {
    const { path } = await stored();
    const answered = await cluster.send('PATCH', path, {}, STRATEGIC);
    expect(answered).toMatchObject({ code: 415, body: { reason: 'UnsupportedMediaType' } });
    expect(answered.body.message).toContain('application/merge-patch+json');
  });

  it('of a core kind by strategic merge are merge patches', async () => {
    await cluster.post(CONFIG_MAPS, { metadata: { name: 'strategic' } });
    const path = `${CONFIG_MAPS}/strategic`;
    const answered = await cluster.send('PATCH', path, { metadata: { labels: { a: '1' } } }, STRATEGIC);
    expect(answered).toMatchObject({ code: 200, body: { metadata: { labels: { a: '1' } } } });
  });

  it.each(['application/apply-patch+yaml', 'application/json', 'text/plain'])(
    'of type %s are 415',
    async (type) => {
      const { path } = await stored();
      expect((await cluster.send('PATCH', path, 'kind: VirtualMachine', { 'content-type': type })).code).toBe(
        415,
      );
    },
  );

  it('of an unknown object are 404', async () => {
    expect((await cluster.send('PATCH', `${VMS}/none`, [], JSON_PATCH)).code).toBe(404);
  });
});

describe('what single kinds do', () => {
  it('the data of a ControllerRevision cannot change', async () => {
    const path = `${REVISIONS}/r`;
    await cluster.post(REVISIONS, { metadata: { name: 'r' }, data: { a: 1 }, revision: 1 });
    const refused = await cluster.mergePatch(path, { data: { a: 2 } });
    expect(refused).toMatchObject({
      code: 422,
      body: { reason: 'Invalid', details: { causes: [{ field: 'data' }] } },
    });
    expect((await cluster.mergePatch(path, { revision: 2 })).code).toBe(200);
  });

  it('the spec of a PersistentVolumeClaim can be bound and grown, no more', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const path = `${PVCS}/c`;
    const created = await cluster.post(PVCS, { metadata: { name: 'c' }, spec, status: { phase: 'Bound' } });
    expect(created.body).toMatchObject({ spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } });
    const codes: number[] = [];
    for (const change of [
      { storageClassName: 'fast' },
      { storageClassName: 'slow' },
      { volumeName: 'pv-1' },
      { volumeName: 'pv-2' },
      { resources: { requests: { storage: '2Gi' } } },
      { accessModes: ['ReadWriteMany'] },
    ]) {
      codes.push((await cluster.mergePatch(path, { spec: change })).code);
    }
    expect(codes).toEqual([200, 422, 200, 422, 200, 422]);
  });

  it('a Pod begins Pending with the defaults, a Namespace Active with its label', async () => {
    const pod = (await cluster.post(PODS, { metadata: { name: 'fresh' }, status: { phase: 'Running' } }))
      .body;
    expect(pod).toMatchObject({ status: { phase: 'Pending' }, spec: { terminationGracePeriodSeconds: 30 } });
    expect((await cluster.get(`${NAMESPACES}/demo`)).body).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'demo' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it("a Secret's stringData is encoded into data", async () => {
    const path = '/api/v1/namespaces/demo/secrets';
    const { body } = await cluster.post(path, {
      metadata: { name: 's' },
      stringData: { password: 'geheim' },
    });
    expect(body).toMatchObject({ type: 'Opaque', data: { password: 'Z2VoZWlt' } });
    expect(body).not.toHaveProperty('stringData');
  });
});
