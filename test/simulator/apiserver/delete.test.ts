import { brief, Cluster, PODS, VMS, vm } from './support';

const NAMESPACES = '/api/v1/namespaces';

let cluster: Cluster;
let serial = 0;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.stop());

async function stored(metadata: Record<string, unknown> = {}) {
  serial += 1;
  const { body } = await cluster.post(VMS, vm(`vm-${serial}`, { metadata }));
  return { object: body, path: `${VMS}/${body.metadata.name}` };
}

describe('delete', () => {
  it('removes at once and answers a Status with the uid', async () => {
    const { object, path } = await stored();
    expect(await cluster.delete(path)).toEqual({
      code: 200,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
          name: object.metadata.name,
          group: 'kubevirt.io',
          kind: 'virtualmachines',
          uid: object.metadata.uid,
        },
        code: 200,
      },
    });
    expect((await cluster.get(path)).code).toBe(404);
    expect((await cluster.delete(path)).code).toBe(404);
  });

  it.each([
    ['uid', { uid: 'other' }, 'the UID in the precondition (other) does not match the UID in record'],
    [
      'resourceVersion',
      { resourceVersion: '1' },
      'the ResourceVersion in the precondition (1) does not match',
    ],
  ])('with another %s in its preconditions is 409', async (_, preconditions, message) => {
    const { object, path } = await stored();
    const refused = await cluster.delete(path, { preconditions });
    expect(refused).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    expect(refused.body.message).toContain(message);
    expect((await cluster.get(path)).code).toBe(200);
    const { uid, resourceVersion } = object.metadata;
    expect((await cluster.delete(path, { preconditions: { uid, resourceVersion } })).code).toBe(200);
  });

  it('with dryRun=All, in query or body, removes nothing', async () => {
    const { object, path } = await stored();
    expect((await cluster.delete(`${path}?dryRun=All`)).code).toBe(200);
    expect((await cluster.delete(path, { dryRun: ['All'], propagationPolicy: 'Foreground' })).code).toBe(202);
    expect((await cluster.get(path)).body).toEqual(object);
  });

  it('waits for finalizers: marks the object, bumps its generation, and answers with it', async () => {
    const { object, path } = await stored({ finalizers: ['a.io/x', 'a.io/y'] });
    const { code, body } = await cluster.delete(path);
    expect(code).toBe(200);
    expect(body).toEqual({
      ...object,
      metadata: {
        ...object.metadata,
        resourceVersion: body.metadata.resourceVersion,
        generation: 2,
        deletionTimestamp: expect.any(String),
        deletionGracePeriodSeconds: 0,
      },
    });
    expect((await cluster.delete(path)).body).toEqual(body);

    const watch = await cluster.watch(VMS, { resourceVersion: body.metadata.resourceVersion });
    expect((await cluster.mergePatch(path, { metadata: { finalizers: ['a.io/y'] } })).code).toBe(200);
    const last = await cluster.jsonPatch(path, [{ op: 'remove', path: '/metadata/finalizers' }]);
    expect(last).toMatchObject({ code: 200, body: { kind: 'VirtualMachine' } });
    expect((await cluster.get(path)).code).toBe(404);
    expect((await watch.take(2)).map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
  });

  it('allows no new finalizer from then on', async () => {
    const { path } = await stored({ finalizers: ['a.io/x'] });
    await cluster.delete(path);
    const refused = await cluster.mergePatch(path, { metadata: { finalizers: ['a.io/x', 'a.io/z'] } });
    expect(refused.code).toBe(422);
    expect(refused.body.message).toContain(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.io/z"}',
    );
    expect(
      (await cluster.mergePatch(path, { metadata: { deletionTimestamp: null } })).body.metadata,
    ).toHaveProperty('deletionTimestamp');
  });

  it.each([
    ['Foreground', 202, ['foregroundDeletion']],
    ['Orphan', 200, ['orphan']],
  ])(
    'with policy %s adds the finalizer of the garbage collector',
    async (propagationPolicy, code, finalizers) => {
      const { path } = await stored();
      const answered = await cluster.delete(path, {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy,
      });
      expect(answered).toMatchObject({
        code,
        body: { metadata: { finalizers, deletionTimestamp: expect.any(String) } },
      });
      const byQuery = await stored();
      const again = await cluster.delete(`${byQuery.path}?propagationPolicy=${propagationPolicy}`);
      expect(again.body.metadata.finalizers).toEqual(finalizers);
    },
  );

  it('with policy Background takes it away again; other finalizers stay', async () => {
    const bare = await stored();
    await cluster.delete(bare.path, { propagationPolicy: 'Foreground' });
    expect((await cluster.delete(bare.path, { propagationPolicy: 'Background' })).body.status).toBe(
      'Success',
    );
    const held = await stored({ finalizers: ['a.io/x'] });
    await cluster.delete(held.path, { propagationPolicy: 'Orphan' });
    const { body } = await cluster.delete(held.path, { propagationPolicy: 'Background' });
    expect(body.metadata.finalizers).toEqual(['a.io/x']);
  });

  it('understands orphanDependents, and refuses it beside a policy', async () => {
    const { path } = await stored();
    expect((await cluster.delete(path, { orphanDependents: true, propagationPolicy: 'Orphan' })).code).toBe(
      422,
    );
    expect((await cluster.delete(path, { orphanDependents: true })).body.metadata.finalizers).toEqual([
      'orphan',
    ]);
  });

  it.each([
    ['an unknown policy', { propagationPolicy: 'Sideways' }, 422],
    ['a grace period that is no number', { gracePeriodSeconds: 'x' }, 400],
    ['an unknown dryRun', { dryRun: ['Some'] }, 422],
  ])('with %s is refused', async (_, options, code) => {
    const { path } = await stored();
    expect((await cluster.delete(path, options)).code).toBe(code);
    expect((await cluster.get(path)).code).toBe(200);
  });
});

describe('delete of a pod', () => {
  async function pod(name: string, more: Record<string, unknown> = { nodeName: 'n' }) {
    await cluster.post(PODS, { metadata: { name }, spec: more });
    return `${PODS}/${name}`;
  }

  it('on a node waits for the kubelet, which deletes again with no grace', async () => {
    const path = await pod('graceful');
    const before = Date.now();
    const { code, body } = await cluster.delete(path, { gracePeriodSeconds: 7 });
    expect(code).toBe(200);
    expect(body.metadata.deletionGracePeriodSeconds).toBe(7);
    expect(Date.parse(body.metadata.deletionTimestamp) - before).toBeGreaterThan(5_000);
    const ending = await cluster.mergePatch(`${path}/status`, { status: { phase: 'Failed' } });
    expect(ending.body).toMatchObject({
      metadata: { deletionGracePeriodSeconds: 7 },
      status: { phase: 'Failed' },
    });
    expect((await cluster.get(path)).code).toBe(200);
    expect(await cluster.delete(path, { gracePeriodSeconds: 0 })).toMatchObject({
      code: 200,
      body: { kind: 'Pod' },
    });
    expect((await cluster.get(path)).code).toBe(404);
  });

  it('takes the grace of its spec by default; a later delete can only shorten it', async () => {
    const path = await pod('own-grace', { nodeName: 'n', terminationGracePeriodSeconds: 20 });
    const grace = async (options?: unknown) =>
      (await cluster.delete(path, options)).body.metadata.deletionGracePeriodSeconds;
    expect(await grace()).toBe(20);
    expect(await grace()).toBe(20);
    expect(await grace({ gracePeriodSeconds: 30 })).toBe(20);
    expect(await grace({ gracePeriodSeconds: 5 })).toBe(5);
  });

  it.each([
    ['without a node', {}, undefined],
    ['that has ended', { nodeName: 'n' }, { phase: 'Succeeded' }],
  ])('%s removes it at once', async (name, spec, status) => {
    const path = await pod(name.replaceAll(' ', '-'), spec);
    if (status) await cluster.mergePatch(`${path}/status`, { status });
    expect((await cluster.delete(path)).code).toBe(200);
    expect((await cluster.get(path)).code).toBe(404);
  });

  it('with a finalizer stays after the kubelet has let it go', async () => {
    const path = await pod('finalized');
    await cluster.mergePatch(path, { metadata: { finalizers: ['a.io/x'] } });
    await cluster.delete(path);
    await cluster.delete(path, { gracePeriodSeconds: 0 });
    expect((await cluster.get(path)).body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0 });
    await cluster.mergePatch(path, { metadata: { finalizers: null } });
    expect((await cluster.get(path)).code).toBe(404);
  });
});

describe('delete of a namespace', () => {
  it('waits for /finalize', async () => {
    await cluster.post(NAMESPACES, { metadata: { name: 'short-lived' } });
    const path = `${NAMESPACES}/short-lived`;
    const { body } = await cluster.delete(path);
    expect(body).toMatchObject({
      metadata: { deletionTimestamp: expect.any(String) },
      status: { phase: 'Terminating' },
    });
    const direct = await cluster.mergePatch(path, { spec: { finalizers: [] } });
    expect(direct.body.spec.finalizers).toEqual(['kubernetes']);
    expect((await cluster.put(`${path}/finalize`, { ...body, spec: { finalizers: [] } })).code).toBe(200);
    expect((await cluster.get(path)).code).toBe(404);
  });

  it('that the cluster needs is 403', async () => {
    expect(await cluster.delete(`${NAMESPACES}/kube-system`)).toMatchObject({
      code: 403,
      body: { message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted' },
    });
  });
});

describe('delete of a collection', () => {
  it('removes what the selector selects, in one namespace, honouring finalizers', async () => {
    await cluster.post(NAMESPACES, { metadata: { name: 'many' } });
    const path = '/apis/kubevirt.io/v1/namespaces/many/virtualmachines';
    await cluster.post(path, vm('a', { metadata: { labels: { app: 'x' } } }));
    await cluster.post(path, vm('b', { metadata: { labels: { app: 'x' }, finalizers: ['a.io/x'] } }));
    await cluster.post(path, vm('c'));
    const watch = await cluster.watch(path, { resourceVersion: '' });
    await watch.take(3);
    const { code, body } = await cluster.delete(`${path}?labelSelector=app%3Dx`);
    expect([code, body.kind, body.items.length]).toEqual([200, 'VirtualMachineList', 2]);
    expect((await watch.take(2)).map(brief)).toEqual(['DELETED a', 'MODIFIED b']);
    expect((await cluster.get(path)).body.items).toHaveLength(2);
  });
});
