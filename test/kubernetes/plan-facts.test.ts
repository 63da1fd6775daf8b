import { type ApiServer, kubeconfigFor, RequestLog, startApiServer } from '../../simulator/apiserver';
import { type PlanRequest, planClone } from '../../src/clone/plan';
import type { KubernetesResource } from '../../src/clone/resources';
import { IN_PROGRESS } from '../../src/contract';
import { ClusterClient, type Kind, Kinds, PooledKubeConfig, WatchCache } from '../../src/kubernetes';
import { readPlanFacts } from '../../src/kubernetes/plan-facts';
import type { PlanCaches } from '../../src/kubernetes/plan-reader';
import { claim, facts, INSTALLATION, launcher, type Patch, pod, target, vm, vmi } from '../clone/objects';

const log = new RequestLog();
const reader = { userAgent: 'reader' };
let server: ApiServer;
let setUp: ClusterClient;
let client: ClusterClient;
let caches: PlanCaches;
let all: WatchCache<KubernetesResource>[] = [];

/** Kinds whose status is written apart; the others' comes with the object. */
const HAVE_STATUS: readonly Kind[] = [
  Kinds.VirtualMachine,
  Kinds.PersistentVolumeClaim,
  Kinds.Pod,
  Kinds.StorageProfile,
];

beforeAll(async () => {
  server = await startApiServer({ onRequest: log.record });
  const config = new PooledKubeConfig();
  config.loadFromString(kubeconfigFor(server.url));
  setUp = new ClusterClient(config, { userAgent: 'set-up' });
  client = new ClusterClient(config, reader);
  const { source, sourceClaims, storageProfiles, storageClasses } = facts();
  for (const name of ['shop', 'lab']) await create(Kinds.Namespace, { metadata: { name } });
  await create(Kinds.VirtualMachine, source);
  await create(Kinds.VirtualMachineInstance, vmi());
  for (const each of [...sourceClaims, claim('others-claim')])
    await create(Kinds.PersistentVolumeClaim, each);
  for (const each of storageProfiles) await create(Kinds.StorageProfile, each);
  for (const each of storageClasses) await create(Kinds.StorageClass, each);
  await create(Kinds.Pod, launcher());
  await create(Kinds.Pod, pod('elsewhere', 'db-root', { metadata: { namespace: 'lab' } }));
  caches = {
    virtualMachines: new WatchCache(setUp, Kinds.VirtualMachine),
    instances: new WatchCache(setUp, Kinds.VirtualMachineInstance),
    dataVolumes: new WatchCache(setUp, Kinds.DataVolume),
    claims: new WatchCache(setUp, Kinds.PersistentVolumeClaim),
    pods: new WatchCache(setUp, Kinds.Pod),
    storageProfiles: new WatchCache(setUp, Kinds.StorageProfile),
    storageClasses: new WatchCache(setUp, Kinds.StorageClass),
    migrations: new WatchCache(setUp, Kinds.Migration),
    services: new WatchCache(setUp, Kinds.Service),
    quotas: new WatchCache(setUp, Kinds.ResourceQuota),
  };
  all = Object.values(caches);
  await Promise.all(all.map((cache) => cache.start()));
});

afterAll(async () => {
  await Promise.all(all.map((cache) => cache.stop()));
  await server.close();
});

beforeEach(() => log.clear());

async function create<T extends KubernetesResource>(kind: Kind<T>, object: T | undefined): Promise<void> {
  if (!object) throw new Error('nothing to create');
  const { uid, resourceVersion, creationTimestamp, generation, ...metadata } = object.metadata;
  const made = await setUp.create(kind, { ...object, metadata } as T);
  const { status } = object as { status?: unknown };
  if (status && HAVE_STATUS.includes(kind)) {
    await setUp.patchMerge(kind, metadata, { status }, { subresource: 'status' });
  }
  await seen(kind, made.metadata);
}

/** Waits until the caches, once they run, show the object. */
async function seen(kind: Kind, { namespace, name }: { namespace?: string; name: string }): Promise<void> {
  const cache = all.find((each) => each.kind.plural === kind.plural);
  if (!cache || cache.get(namespace, name)) return;
  await new Promise<void>((resolve) => {
    const stop = cache.onChange({ namespace, name }, () => {
      stop();
      resolve();
    });
    if (cache.get(namespace, name)) {
      stop();
      resolve();
    }
  });
}

function request(patch: Partial<PlanRequest> = {}): PlanRequest & { installation: string } {
  return { ...facts().request, installation: INSTALLATION, ...patch };
}

const elsewhere = request({ target: { namespace: 'lab', name: 'db-clone' } });

describe.each([
  ['from the caches', () => ({ client, caches })],
  ['without caches', () => ({ client })],
])('facts %s', (_how, dependencies) => {
  test('of a source that can be cloned', async () => {
    const read = await readPlanFacts(dependencies(), request());
    expect(read.source?.metadata.name).toBe('db');
    expect(read.vmi?.status?.phase).toBe('Running');
    expect(read.sourceClaims.map(({ metadata }) => metadata.name).sort()).toEqual(['db-logs', 'db-root']);
    expect(read.pods.map(({ metadata }) => metadata.name)).toEqual(['virt-launcher-db-x']);
    expect(read).toMatchObject({
      targetNamespaceExists: true,
      targetVm: undefined,
      targetClaims: [],
      targetDataVolumes: [],
      installation: INSTALLATION,
    });
    const plan = planClone(read);
    expect(plan.blockers).toEqual([]);
    expect(plan.sourceOn).toBe(true);
    expect(plan.disks.map(({ method }) => method)).toEqual(['csi-clone', 'csi-clone']);
  });

  test('of a source that is not there', async () => {
    const read = await readPlanFacts(
      dependencies(),
      request({ source: { namespace: 'shop', name: 'nobody' } }),
    );
    expect(planClone(read).blockers.map(({ type }) => type)).toEqual(['SourceNotFound']);
  });

  test.each<[string, boolean]>([
    ['lab', true],
    ['nowhere', false],
  ])('of a target in namespace %s: %p', async (namespace, exists) => {
    const read = await readPlanFacts(dependencies(), request({ target: { namespace, name: 'db-clone' } }));
    expect(read.targetNamespaceExists).toBe(exists);
  });

  test('of names that are taken', async () => {
    const name = `taken-${_how === 'without caches' ? 1 : 2}`;
    const in_ = (metadata: Patch) => ({ metadata: { namespace: 'shop', ...metadata } });
    await create(Kinds.VirtualMachine, target(IN_PROGRESS.copying, in_({ name })));
    await create(Kinds.PersistentVolumeClaim, claim(`${name}-root`));
    await create(Kinds.DataVolume, { metadata: { namespace: 'shop', name: `${name}-logs` }, spec: {} });
    const read = await readPlanFacts(dependencies(), request({ target: { namespace: 'shop', name } }));
    expect(read.targetVm?.metadata.name).toBe(name);
    expect(read.targetClaims.map(({ metadata }) => metadata.name)).toEqual([`${name}-root`]);
    expect(read.targetDataVolumes.map(({ metadata }) => metadata.name)).toEqual([`${name}-logs`]);
  });

  test('an aborted reading ends with its reason', async () => {
    const reason = new Error('cancelled');
    const signal = AbortSignal.abort(reason);
    await expect(readPlanFacts(dependencies(), request(), { signal })).rejects.toBe(reason);
  });
});

test.each([
  ['in the same namespace', request(), ['/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/db']],
  [
    'in another one',
    elsewhere,
    ['/api/v1/namespaces/lab', '/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/db'],
  ],
])('with caches a plan costs at most two requests: %s', async (_where, asked, expected) => {
  await readPlanFacts({ client, caches }, asked);
  expect(
    log
      .matching(reader)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(expected);
});

test('the source is read anew, whatever the cache says', async () => {
  const lagging = new WatchCache(setUp, Kinds.VirtualMachine);
  const read = await readPlanFacts({ client, caches: { ...caches, virtualMachines: lagging } }, request());
  expect(read.source?.spec.template).toEqual(vm().spec.template);
});

test('a name is not taken because a cache still shows who had it', async () => {
  const stale = new WatchCache(setUp, Kinds.VirtualMachine);
  await create(Kinds.VirtualMachine, target(undefined, { metadata: { name: 'gone' } }));
  await stale.start();
  await stale.stop();
  await setUp.delete(Kinds.VirtualMachine, { namespace: 'shop', name: 'gone' });
  expect(stale.get('shop', 'gone')).toBeDefined();
  const asked = request({ target: { namespace: 'shop', name: 'gone' } });
  const read = await readPlanFacts({ client, caches: { ...caches, virtualMachines: stale } }, asked);
  expect(read.targetVm).toBeUndefined();
});
