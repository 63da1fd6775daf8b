import { type AdmissionRequest, RequestLog } from '../../../simulator/apiserver';
import { addUsage, usageOf, writeUsage } from '../../../simulator/controllers/core/quota/usage';
import { type ResourceQuota, SimKinds } from '../../../simulator/controllers/kinds';
import { formatQuantity, quantityFrom } from '../../../simulator/controllers/quantity';
import type { KubernetesResource } from '../../../src/clone/resources';
import { type Kind, Kinds, WatchCache } from '../../../src/kubernetes';
import { DiskCluster, isBound, storage } from '../disks';

test.each([
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['10Gi', '10Gi'],
  ['4096', '4096'],
  ['5000000000', '5G'],
  ['5e9', '5G'],
  ['512', '512'],
  ['0', '0'],
  ['0Gi', '0'],
  ['0.5Ki', '512'],
  ['12000', '12k'],
  ['1Ei', '1Ei'],
])('the quantity %s is written %s', (text, canonical) => {
  const quantity = quantityFrom(text);
  expect(quantity && formatQuantity(quantity)).toBe(canonical);
});

const named = (kind: Kind, object: object = {}): KubernetesResource & { kind: string } =>
  ({ kind: kind.kind, metadata: { name: 'x' }, ...object }) as never;
const Secret = { ...Kinds.Pod, plural: 'secrets', kind: 'Secret' } as Kind;
const Service = { ...Kinds.Pod, plural: 'services', kind: 'Service' } as Kind;

test.each<[string, Kind, object, Record<string, string>]>([
  [
    'a claim',
    Kinds.PersistentVolumeClaim,
    { spec: storage('10Gi', 'fast') },
    {
      'count/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '10Gi',
      persistentvolumeclaims: '1',
      'requests.storage': '10Gi',
    },
  ],
  ['a running pod', Kinds.Pod, { status: { phase: 'Running' } }, { 'count/pods': '1', pods: '1' }],
  ['a pod that has ended', Kinds.Pod, { status: { phase: 'Succeeded' } }, { 'count/pods': '1' }],
  ['a secret', Secret, {}, { 'count/secrets': '1', secrets: '1' }],
  [
    'a service with two node ports',
    Service,
    { spec: { type: 'NodePort', ports: [{}, {}] } },
    {
      'count/services': '1',
      services: '1',
      'services.loadbalancers': '0',
      'services.nodeports': '2',
    },
  ],
  ['a VM', Kinds.VirtualMachine, {}, { 'count/virtualmachines.kubevirt.io': '1' }],
])('%s uses', (_what, kind, object, expected) => {
  expect(writeUsage(addUsage({}, usageOf(kind, named(kind, object))))).toEqual(expected);
});

describe('a quota', () => {
  const log = new RequestLog();
  let cluster: DiskCluster;
  let namespace: string;
  let number = 0;
  beforeAll(async () => {
    cluster = await DiskCluster.start({}, { onRequest: log.record });
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    number += 1;
    namespace = `quota-${number}`;
    await cluster.makeNamespace(namespace);
  });

  const limit = (hard: Record<string, string>, more: object = {}, name = 'limits') =>
    cluster.client.create(SimKinds.ResourceQuota, {
      metadata: { namespace, name },
      spec: { hard, ...more },
    } as ResourceQuota);
  const claim = (name: string, size = '1Gi', storageClass = 'copy') =>
    cluster.client.create(Kinds.PersistentVolumeClaim, {
      metadata: { namespace, name },
      spec: storage(size, storageClass),
    });
  const untilUsed = (used: Record<string, string>) =>
    cluster.until(
      SimKinds.ResourceQuota,
      { namespace, name: 'limits' },
      ({ status }) => JSON.stringify(status?.used) === JSON.stringify(used),
    );

  test('says what it allows and what is used, and counts anew when something goes', async () => {
    await claim('before', '1024Mi');
    await limit({ 'requests.storage': '12Gi', persistentvolumeclaims: '5', 'requests.cpu': '4' });
    const { status } = await untilUsed({ persistentvolumeclaims: '1', 'requests.storage': '1Gi' });
    expect(status?.hard).toEqual({
      persistentvolumeclaims: '5',
      'requests.cpu': '4',
      'requests.storage': '12Gi',
    });
    await claim('after', '3Gi');
    await untilUsed({ persistentvolumeclaims: '2', 'requests.storage': '4Gi' });
    await cluster.client.delete(Kinds.PersistentVolumeClaim, { namespace, name: 'before' });
    await untilUsed({ persistentvolumeclaims: '1', 'requests.storage': '3Gi' });
  });

  test('refuses in the words of the real one what is too much, and takes what fits', async () => {
    await limit({ 'requests.storage': '12Gi' });
    await claim('fits', '4Gi');
    await expect(claim('too-much', '10Gi')).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'persistentvolumeclaims "too-much" is forbidden: exceeded quota: limits, ' +
        'requested: requests.storage=10Gi, used: requests.storage=4Gi, limited: requests.storage=12Gi',
    });
    await claim('fits-too', '8Gi');
  });

  test('names every resource that is exceeded, and no other', async () => {
    const ofClass = 'copy.storageclass.storage.k8s.io/requests.storage';
    await limit({ persistentvolumeclaims: '0', [ofClass]: '1Gi', 'requests.storage': '100Gi' });
    await expect(claim('too-much', '2Gi')).rejects.toThrow(
      `exceeded quota: limits, requested: ${ofClass}=2Gi,persistentvolumeclaims=1, ` +
        `used: ${ofClass}=0,persistentvolumeclaims=0, limited: ${ofClass}=1Gi,persistentvolumeclaims=0`,
    );
  });

  test('of a class leaves the other classes alone', async () => {
    await limit({ 'copy.storageclass.storage.k8s.io/persistentvolumeclaims': '0' });
    await expect(claim('limited')).rejects.toMatchObject({ code: 403 });
    await claim('free', '1Gi', 'csi');
  });

  test.each<[string, Kind, object]>([
    ['pods', Kinds.Pod, { spec: { containers: [] } }],
    ['secrets', Secret, {}],
    ['services', Service, { spec: { ports: [] } }],
    ['count/datavolumes.cdi.kubevirt.io', Kinds.DataVolume, { spec: blank() }],
    ['count/virtualmachines.kubevirt.io', Kinds.VirtualMachine, { spec: {} }],
    [
      'count/volumesnapshots.snapshot.storage.k8s.io',
      SimKinds.VolumeSnapshot,
      { spec: { source: { persistentVolumeClaimName: 'src' } } },
    ],
  ])('of %s takes one and refuses the next', async (resource, kind, object) => {
    await limit({ [resource]: '1' });
    const create = (name: string) =>
      cluster.client.create(kind, { ...object, metadata: { namespace, name } } as KubernetesResource);
    await create('one');
    await expect(create('two')).rejects.toThrow(
      `"two" is forbidden: exceeded quota: limits, requested: ${resource}=1, used: ${resource}=1, limited: ${resource}=1`,
    );
    await cluster.client.delete(kind, { namespace, name: 'one' }, { gracePeriodSeconds: 0 });
    await untilUsed({ [resource]: '0' });
    await create('two');
  });

  test('with scopes does not concern claims, and concerns pods within them', async () => {
    await limit({ 'requests.storage': '1Gi', pods: '0' }, { scopes: ['NotTerminating'] });
    await claim('free', '5Gi');
    const pod = (name: string, spec: object) =>
      cluster.client.create(Kinds.Pod, { metadata: { namespace, name }, spec: { containers: [], ...spec } });
    await expect(pod('lasting', {})).rejects.toMatchObject({ code: 403 });
    await pod('passing', { activeDeadlineSeconds: 10 });
  });

  test('counts what many ask for at once one after the other', async () => {
    await limit({ persistentvolumeclaims: '3' });
    const made = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => claim(`c-${index}`)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await untilUsed({ persistentvolumeclaims: '3' });
  });

  test('keeps what is charged for a claim that is not stored yet, whatever is counted meanwhile', async () => {
    const lagMs = 50;
    const slow = await DiskCluster.start({ lagMs });
    const present = new WatchCache(slow.client, SimKinds.ResourceQuota);
    const late = new WatchCache(slow.client, SimKinds.ResourceQuota, { lagMs: 2 * lagMs });
    const used = ({ status }: ResourceQuota) => status?.used?.persistentvolumeclaims;
    const untilLate = (count: string) =>
      new Promise<void>((resolve) => {
        const look = () => late.list().some((quota) => used(quota) === count) && resolve();
        late.onChange({}, look);
        look();
      });
    const create = (name: string) =>
      slow.client.create(Kinds.PersistentVolumeClaim, {
        metadata: { namespace: 'demo', name },
        spec: storage('1Gi', 'copy'),
      });
    const history: (string | undefined)[] = [];
    try {
      await Promise.all([present.start(), late.start()]);
      present.onChange({}, (_type, quota) => history.push(used(quota)));
      await slow.client.create(SimKinds.ResourceQuota, {
        metadata: { namespace: 'demo', name: 'limits' },
        spec: { hard: { persistentvolumeclaims: '1' } },
      } as ResourceQuota);
      await untilLate('0');
      // stored only when the controller, which sees the charge a lag earlier than this, could have counted
      const hold = ({ kind, name }: AdmissionRequest) =>
        kind.kind === 'PersistentVolumeClaim' && name === 'held' ? untilLate('1') : undefined;
      slow.server.addAdmission({ validating: [hold] });
      await create('held');
      await expect(create('too-many')).rejects.toMatchObject({ code: 403 });
      expect(history).toEqual([undefined, '0', '1']);
    } finally {
      await Promise.all([present.stop(), late.stop()]);
      await slow.close();
    }
  });

  test('refuses a claim that grows too far', async () => {
    await limit({ 'requests.storage': '3Gi' });
    await claim('grows', '2Gi', 'csi');
    await cluster.until(Kinds.PersistentVolumeClaim, { namespace, name: 'grows' }, isBound);
    const grow = (size: string) =>
      cluster.client.patchMerge(
        Kinds.PersistentVolumeClaim,
        { namespace, name: 'grows' },
        { spec: { resources: { requests: { storage: size } } } },
      );
    await expect(grow('5Gi')).rejects.toThrow(
      'requested: requests.storage=3Gi, used: requests.storage=2Gi, limited: requests.storage=3Gi',
    );
    await grow('3Gi');
    await untilUsed({ 'requests.storage': '3Gi' });
  });

  test('all of them have to agree', async () => {
    await limit({ persistentvolumeclaims: '5' });
    await limit({ 'requests.storage': '1Gi' }, {}, 'second');
    await expect(claim('too-large', '2Gi')).rejects.toThrow('exceeded quota: second,');
    await untilUsed({ persistentvolumeclaims: '0' });
  });

  test('a dry run is refused as well, and charges nothing', async () => {
    await limit({ persistentvolumeclaims: '1' });
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims?dryRun=All`;
    const dryRun = () =>
      fetch(cluster.server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ metadata: { name: 'dry' }, spec: storage('1Gi', 'copy') }),
      });
    expect((await dryRun()).status).toBe(201);
    await claim('real');
    expect((await dryRun()).status).toBe(403);
  });

  test('a namespace without one costs no request', async () => {
    log.clear();
    await cluster.client.create(Secret, { metadata: { namespace, name: 'cheap' } });
    expect(log.count({ path: /resourcequotas/, verb: ['get', 'list', 'update'] })).toBe(0);
  });
});

function blank() {
  return { source: { blank: {} }, storage: storage('1Gi', 'copy') };
}
