import type { KubernetesResource } from '../../../src/clone/resources';
import { type Kind, Kinds } from '../../../src/kubernetes';
import { DiskCluster } from '../disks';

const ConfigMaps: Kind = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const ref = (name: string) => ({ namespace: 'demo', name });

let cluster: DiskCluster;
beforeAll(async () => {
  cluster = await DiskCluster.start();
});
afterAll(() => cluster.close());

/** A config map owned by others; with `blocks` it holds their foreground deletion. */
async function make(
  name: string,
  owners: KubernetesResource[] = [],
  { finalizers, blocks = true }: { finalizers?: string[]; blocks?: boolean } = {},
): Promise<KubernetesResource> {
  return cluster.client.create(ConfigMaps, {
    metadata: {
      ...ref(name),
      finalizers,
      ownerReferences: owners.map(({ metadata }) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: metadata.name,
        uid: metadata.uid ?? '',
        blockOwnerDeletion: blocks,
      })),
    },
  });
}

const isDeleting = ({ metadata }: KubernetesResource) => metadata.deletionTimestamp !== undefined;

async function release(name: string): Promise<void> {
  await cluster.client.patchMerge(ConfigMaps, ref(name), { metadata: { finalizers: null } });
}

test('background: the owner goes at once, its dependents and theirs after it', async () => {
  const owner = await make('a-owner');
  const child = await make('a-child', [owner]);
  await make('a-grandchild', [child]);
  await cluster.client.delete(ConfigMaps, ref('a-owner'));
  expect(await cluster.client.get(ConfigMaps, ref('a-owner'))).toBeUndefined();
  await cluster.untilGone(ConfigMaps, ref('a-child'));
  await cluster.untilGone(ConfigMaps, ref('a-grandchild'));
});

test('foreground: the owner waits for the dependents that hold it, and not for the others', async () => {
  const owner = await make('f-owner');
  await make('f-holding', [owner], { finalizers: ['test/hold'] });
  await make('f-idle', [owner], { finalizers: ['test/hold'], blocks: false });
  await cluster.client.delete(ConfigMaps, ref('f-owner'), { propagationPolicy: 'Foreground' });
  await cluster.until(ConfigMaps, ref('f-holding'), isDeleting);
  await cluster.until(ConfigMaps, ref('f-idle'), isDeleting);
  const waiting = await cluster.client.get(ConfigMaps, ref('f-owner'));
  expect(waiting?.metadata.finalizers).toEqual(['foregroundDeletion']);
  await release('f-holding');
  await cluster.untilGone(ConfigMaps, ref('f-owner'));
  expect(await cluster.client.get(ConfigMaps, ref('f-idle'))).toBeDefined();
  await release('f-idle');
});

test('foreground reaches grandchildren before their parents', async () => {
  const owner = await make('d-owner');
  const child = await make('d-child', [owner]);
  await make('d-grandchild', [child], { finalizers: ['test/hold'] });
  await cluster.client.delete(ConfigMaps, ref('d-owner'), { propagationPolicy: 'Foreground' });
  await cluster.until(ConfigMaps, ref('d-grandchild'), isDeleting);
  expect(await cluster.client.get(ConfigMaps, ref('d-child'))).toBeDefined();
  expect(await cluster.client.get(ConfigMaps, ref('d-owner'))).toBeDefined();
  await release('d-grandchild');
  await cluster.untilGone(ConfigMaps, ref('d-owner'));
});

test('orphan: the dependents stay, without their owner', async () => {
  const owner = await make('o-owner');
  await make('o-child', [owner]);
  await cluster.client.delete(ConfigMaps, ref('o-owner'), { propagationPolicy: 'Orphan' });
  await cluster.untilGone(ConfigMaps, ref('o-owner'));
  const child = await cluster.client.get(ConfigMaps, ref('o-child'));
  expect(child?.metadata.ownerReferences).toBeUndefined();
  expect(child && isDeleting(child)).toBe(false);
});

test('one of two owners gone: its reference goes, the dependent stays', async () => {
  const [first, second] = [await make('t-first'), await make('t-second')];
  await make('t-child', [first, second]);
  await cluster.client.delete(ConfigMaps, ref('t-first'));
  const child = await cluster.until(
    ConfigMaps,
    ref('t-child'),
    ({ metadata }) => metadata.ownerReferences?.length === 1,
  );
  expect(child.metadata.ownerReferences?.[0]?.uid).toBe(second.metadata.uid);
});

test('an owner of the right name with another uid counts as gone', async () => {
  const owner = await make('n-owner');
  await make('n-child', [{ ...owner, metadata: { ...owner.metadata, uid: 'no-such-uid' } }]);
  await cluster.untilGone(ConfigMaps, ref('n-child'));
  expect(await cluster.client.get(ConfigMaps, ref('n-owner'))).toBeDefined();
});

test('an owner in another namespace counts as gone', async () => {
  await cluster.makeNamespace('elsewhere');
  const owner = await cluster.client.create(ConfigMaps, {
    metadata: { namespace: 'elsewhere', name: 'x-owner' },
  });
  await make('x-child', [owner]);
  await cluster.untilGone(ConfigMaps, ref('x-child'));
});

test('an owner that waits on a finalizer of its own still owns', async () => {
  const owner = await make('h-owner', [], { finalizers: ['test/hold'] });
  await make('h-child', [owner]);
  const later = await make('h-later');
  await make('h-witness', [later]);
  await cluster.client.delete(ConfigMaps, ref('h-owner'));
  await cluster.client.delete(ConfigMaps, ref('h-later'));
  await cluster.untilGone(ConfigMaps, ref('h-witness'));
  expect(isDeleting((await cluster.client.get(ConfigMaps, ref('h-child'))) as KubernetesResource)).toBe(
    false,
  );
  await release('h-owner');
  await cluster.untilGone(ConfigMaps, ref('h-child'));
});

test('collects nothing while it is stopped, and what was left when it is back', async () => {
  const owner = await make('s-owner');
  await make('s-child', [owner]);
  await cluster.stopPart('core');
  await cluster.client.delete(ConfigMaps, ref('s-owner'));
  expect(await cluster.client.get(ConfigMaps, ref('s-child'))).toBeDefined();
  await cluster.startPart('core');
  await cluster.untilGone(ConfigMaps, ref('s-child'));
});

test('a namespace takes everything in it, and waits for what is held', async () => {
  await cluster.makeNamespace('doomed');
  await cluster.client.create(ConfigMaps, {
    metadata: { namespace: 'doomed', name: 'held', finalizers: ['test/hold'] },
  });
  await cluster.client.create(ConfigMaps, { metadata: { namespace: 'doomed', name: 'free' } });
  await cluster.client.delete(Kinds.Namespace, { name: 'doomed' });
  await cluster.untilGone(ConfigMaps, { namespace: 'doomed', name: 'free' });
  await cluster.until(ConfigMaps, { namespace: 'doomed', name: 'held' }, isDeleting);
  expect(await cluster.client.get(Kinds.Namespace, { name: 'doomed' })).toMatchObject({
    status: { phase: 'Terminating' },
  });
  await cluster.client.patchMerge(
    ConfigMaps,
    { namespace: 'doomed', name: 'held' },
    { metadata: { finalizers: null } },
  );
  await cluster.untilGone(Kinds.Namespace, { name: 'doomed' });
});
