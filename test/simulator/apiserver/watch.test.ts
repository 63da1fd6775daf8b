import { brief, Cluster, VMS, vm } from './support';

let cluster: Cluster;

beforeEach(async () => {
  cluster = await Cluster.start({ bookmarkIntervalMs: 20 });
});
afterEach(() => cluster.stop());

async function now(): Promise<string> {
  return (await cluster.get(VMS)).body.metadata.resourceVersion;
}

describe('the beginning of a watch', () => {
  it.each([
    ['no resourceVersion', {}],
    ['an empty one', { resourceVersion: '' }],
    ['0', { resourceVersion: '0' }],
  ])('with %s is an ADDED event for every object', async (_, query) => {
    await cluster.post(VMS, vm('a'));
    await cluster.post(VMS, vm('b'));
    const watch = await cluster.watch(VMS, query as Record<string, string>);
    expect((await watch.take(2)).map(brief)).toEqual(['ADDED a', 'ADDED b']);
    await cluster.post(VMS, vm('c'));
    expect(brief(await watch.next())).toBe('ADDED c');
  });

  it('with a resourceVersion is what was written after it', async () => {
    await cluster.post(VMS, vm('a'));
    const from = await now();
    await cluster.post(VMS, vm('b'));
    await cluster.delete(`${VMS}/a`);
    const watch = await cluster.watch(VMS, { resourceVersion: from });
    expect((await watch.take(2)).map(brief)).toEqual(['ADDED b', 'DELETED a']);
  });

  it('with a resourceVersion older than the history is HTTP 200 and an ERROR event with 410', async () => {
    const from = await now();
    await cluster.post(VMS, vm('a'));
    cluster.server.compact();
    const watch = await cluster.watch(VMS, { resourceVersion: from });
    expect(watch.response.status).toBe(200);
    const events = await watch.rest();
    expect(events).toMatchObject([
      {
        type: 'ERROR',
        object: { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired' },
      },
    ]);
    expect(events[0]?.object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
  });

  it('reaches back as far as the history limit allows', async () => {
    const small = await Cluster.start({ historyLimit: 2 });
    try {
      const versions: string[] = [];
      for (let index = 0; index < 4; index += 1) {
        versions.push((await small.post(VMS, vm(`v${index}`))).body.metadata.resourceVersion);
      }
      const within = await small.watch(VMS, { resourceVersion: versions[1] as string });
      expect((await within.take(2)).map(brief)).toEqual(['ADDED v2', 'ADDED v3']);
      const beyond = await small.watch(VMS, { resourceVersion: versions[0] as string });
      expect((await beyond.rest()).map(brief)).toEqual(['ERROR 410']);
    } finally {
      await small.stop();
    }
  });

  it('refuses streaming lists with 422, so that clients fall back to a list', async () => {
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    expect(await cluster.get(`${VMS}?${query}`)).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
  });

  it.each(['resourceVersion=x', 'timeoutSeconds=x', 'labelSelector=%3D', 'fieldSelector=spec.x%3D1'])(
    'with %s is 400',
    async (query) => {
      expect((await cluster.get(`${VMS}?watch=true&${query}`)).code).toBe(400);
    },
  );
});

describe('events', () => {
  it('carry the object as it is after the write; a deletion has a resourceVersion of its own', async () => {
    const watch = await cluster.watch(VMS);
    const created = (await cluster.post(VMS, vm('a'))).body;
    const changed = (await cluster.mergePatch(`${VMS}/a`, { spec: { runStrategy: 'Halted' } })).body;
    await cluster.delete(`${VMS}/a`);
    const [added, modified, deleted] = await watch.take(3);
    expect(added).toEqual({ type: 'ADDED', object: created });
    expect(modified).toEqual({ type: 'MODIFIED', object: changed });
    const resourceVersion = deleted?.object.metadata.resourceVersion;
    expect(Number(resourceVersion)).toBeGreaterThan(Number(changed.metadata.resourceVersion));
    expect(deleted?.object).toEqual({ ...changed, metadata: { ...changed.metadata, resourceVersion } });
  });

  it('of one namespace leave others out; without a namespace all come', async () => {
    await cluster.post('/api/v1/namespaces', { metadata: { name: 'demo2' } });
    const inDemo = await cluster.watch(VMS);
    const everywhere = await cluster.watch('/apis/kubevirt.io/v1/virtualmachines');
    await cluster.post('/apis/kubevirt.io/v1/namespaces/demo2/virtualmachines', vm('elsewhere'));
    await cluster.post(VMS, vm('here'));
    expect(brief(await inDemo.next())).toBe('ADDED here');
    expect((await everywhere.take(2)).map(brief)).toEqual(['ADDED elsewhere', 'ADDED here']);
    const replayed = await cluster.watch(VMS, { resourceVersion: '1' });
    expect(brief(await replayed.next())).toBe('ADDED here');
  });

  it('say ADDED to one watcher and MODIFIED to another of the same write', async () => {
    const all = await cluster.watch(VMS);
    const chosen = await cluster.watch(VMS, { labelSelector: 'app=web' });
    const allToo = await cluster.watch(VMS);
    await cluster.post(VMS, vm('a'));
    await cluster.mergePatch(`${VMS}/a`, { metadata: { labels: { app: 'web' } } });
    expect((await all.take(2)).map(brief)).toEqual(['ADDED a', 'MODIFIED a']);
    expect(brief(await chosen.next())).toBe('ADDED a');
    expect((await allToo.take(2)).map(brief)).toEqual(['ADDED a', 'MODIFIED a']);
  });

  it.each([
    ['a field selector', VMS, { fieldSelector: 'metadata.name=b' }],
    [
      'a field selector across namespaces',
      '/apis/kubevirt.io/v1/virtualmachines',
      { fieldSelector: 'metadata.name=b' },
    ],
    ['the path of the object', `${VMS}/b`, {}],
  ])('of one object by %s', async (_, path, query) => {
    const watch = await cluster.watch(path, query as Record<string, string>);
    await cluster.post(VMS, vm('a'));
    await cluster.post(VMS, vm('b'));
    await cluster.delete(`${VMS}/a`);
    await cluster.delete(`${VMS}/b`);
    expect((await watch.take(2)).map(brief)).toEqual(['ADDED b', 'DELETED b']);
  });

  it('of cluster-wide objects by name', async () => {
    const watch = await cluster.watch('/api/v1/namespaces', {
      fieldSelector: 'metadata.name=x',
      resourceVersion: '0',
    });
    await cluster.post('/api/v1/namespaces', { metadata: { name: 'w' } });
    await cluster.post('/api/v1/namespaces', { metadata: { name: 'x' } });
    expect(brief(await watch.next())).toBe('ADDED x');
  });

  it('show an object that comes to fit a selector as ADDED, one that ceases to as DELETED', async () => {
    const watch = await cluster.watch(VMS, { labelSelector: 'app=web' });
    await cluster.post(VMS, vm('a', { metadata: { labels: { app: 'db' } } }));
    const relabel = (app: string) => cluster.mergePatch(`${VMS}/a`, { metadata: { labels: { app } } });
    await relabel('web');
    await cluster.mergePatch(`${VMS}/a`, { spec: { runStrategy: 'Halted' } });
    const left = (await relabel('db')).body;
    await relabel('other');
    await cluster.delete(`${VMS}/a`);
    await cluster.post(VMS, vm('z', { metadata: { labels: { app: 'web' } } }));
    const events = await watch.take(4);
    expect(events.map(brief)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED z']);
    const departed = events[2]?.object;
    expect(departed.metadata.labels).toEqual({ app: 'web' });
    expect(departed.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
  });

  it('replayed from history honour the selector as it would have been then', async () => {
    const from = await now();
    await cluster.post(VMS, vm('a', { metadata: { labels: { app: 'web' } } }));
    await cluster.mergePatch(`${VMS}/a`, { metadata: { labels: { app: 'db' } } });
    await cluster.post(VMS, vm('b', { metadata: { labels: { app: 'web' } } }));
    const watch = await cluster.watch(VMS, { resourceVersion: from, labelSelector: 'app=web' });
    expect((await watch.take(3)).map(brief)).toEqual(['ADDED a', 'DELETED a', 'ADDED b']);
  });
});

describe('an idle watch', () => {
  it('gets bookmarks when it asks for them, with the latest resourceVersion of any kind', async () => {
    const watch = await cluster.watch(VMS, { resourceVersion: await now(), allowWatchBookmarks: 'true' });
    const node = (await cluster.post('/api/v1/nodes', { metadata: { name: 'n' } })).body;
    let bookmark = await watch.next();
    while (bookmark.object.metadata.resourceVersion !== node.metadata.resourceVersion)
      bookmark = await watch.next();
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'VirtualMachine', apiVersion: 'kubevirt.io/v1' },
    });
    expect(bookmark.object).not.toHaveProperty('spec');
  });

  it('gets none when it does not', async () => {
    const watch = await cluster.watch(VMS, { timeoutSeconds: '1' });
    expect(await watch.rest()).toEqual([]);
  });

  it('ends in good order after timeoutSeconds', async () => {
    const began = Date.now();
    const watch = await cluster.watch(VMS, { timeoutSeconds: '1' });
    await watch.rest();
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  });

  it('ends when the server closes', async () => {
    const watch = await cluster.watch(VMS);
    const ended = watch.rest().catch(() => 'cut off');
    await cluster.server.close();
    await ended;
  });
});

it('history that was compacted does not disturb a watch that is open', async () => {
  const watch = await cluster.watch(VMS);
  await cluster.post(VMS, vm('a'));
  cluster.server.compact();
  await cluster.post(VMS, vm('b'));
  expect((await watch.take(2)).map(brief)).toEqual(['ADDED a', 'ADDED b']);
});
