import { RequestLog } from '../../simulator/apiserver';
import { DEFAULT_OPTIONS } from '../../simulator/options';
import { SEED_VMS } from '../../simulator/seed-vms';
import type { DataVolume, PersistentVolumeClaim, VirtualMachine } from '../../src/clone/resources';
import { Kinds } from '../../src/kubernetes';
import { VmCluster, volumesOf } from './vm-cluster';

/** As `npm start` runs it, only quicker: everything is looked at as often as there, so as many requests are made. */
const SCALED = { ...DEFAULT_OPTIONS, timeScale: 0.02, lagMs: 5 };
/** What a copy under way may cost at each look: the pod, the claim, the DataVolume, one more for each by a conflict. */
const REQUESTS_PER_LOOK = 6;

const log = new RequestLog();
let cluster: VmCluster;
beforeAll(async () => {
  cluster = await VmCluster.start({ ...SCALED, seed: true, apiServer: { onRequest: log.record } });
  await Promise.all(SEED_VMS.map(({ vm }) => settled(vm)));
});
afterAll(() => cluster.close());

/** Runs, or is off for good: asks for nothing more by itself. */
function settled({ metadata: { namespace = '', name }, spec }: VirtualMachine): Promise<VirtualMachine> {
  return cluster.untilVm(namespace, name, ({ status }) => {
    if (spec.runStrategy === 'Halted') return Boolean(status?.conditions);
    // its guest shuts itself down, and its VMI stays
    if (spec.runStrategy === 'Once') return status?.printableStatus === 'Stopped' && status.created === true;
    return status?.ready === true;
  });
}

const running = (name: string) => cluster.untilVm('demo', name, ({ status }) => status?.ready === true);
const powered = (name: string, runStrategy: string) =>
  cluster.client.patchMerge(Kinds.VirtualMachine, { namespace: 'demo', name }, { spec: { runStrategy } });

/** What is asked about objects of that name, other than by this test. */
const askedAbout = (name: string) =>
  log.count({ path: new RegExp(`/${name}\\b`), userAgent: /^(?!vm-clone)/ });

async function cloneDisk(owner: VirtualMachine, source: string, annotations = {}): Promise<void> {
  const claim = await cluster.client.get(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: source });
  const { storageClassName, accessModes, volumeMode } = claim?.spec ?? {};
  const { name, uid = '' } = owner.metadata;
  const reference = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name, uid, controller: true };
  await cluster.client.create<DataVolume>(Kinds.DataVolume, {
    metadata: { namespace: 'demo', name: `${name}-${source}`, annotations, ownerReferences: [reference] },
    spec: {
      source: { pvc: { namespace: 'demo', name: source } },
      storage: { storageClassName, accessModes, volumeMode },
    },
  });
}

/** A Halted VM of that name, with clones of these claims for disks; resolves when all are there. */
async function clone(name: string, sources: string[], annotations = {}): Promise<void> {
  const disks = Object.fromEntries(sources.map((source) => [source, { dataVolume: `${name}-${source}` }]));
  const vm = await cluster.makeVm('demo', name, { runStrategy: 'Halted' }, { template: volumesOf(disks) });
  for (const source of sources) await cloneDisk(vm, source, annotations);
  for (const source of sources) {
    const ref = { namespace: 'demo', name: `${name}-${source}` };
    await cluster.until(Kinds.DataVolume, ref, ({ status }) => status?.phase === 'Succeeded');
  }
}

test('the clone of a running VM, 8 GiB by its CSI driver and 4 GiB copied, takes less than 400 requests', async () => {
  log.clear();
  await powered('web-1', 'Halted');
  await cluster.untilGone(Kinds.VirtualMachineInstance, { namespace: 'demo', name: 'web-1' });
  await clone('c', ['web-1-root', 'web-1-data']);
  await powered('web-1', 'Always');
  await powered('c', 'Always');
  await running('web-1');
  await running('c');
  expect(log.count({ userAgent: /^(?!vm-clone)/, verb: NO_WATCHES })).toBeLessThan(400);
});

const NO_WATCHES = ['get', 'list', 'create', 'update', 'patch', 'delete'];

test('a copy that is looked at 25 times costs a few requests a look, and nothing when it is done', async () => {
  await powered('web-1', 'Halted');
  await cluster.untilGone(Kinds.VirtualMachineInstance, { namespace: 'demo', name: 'web-1' });
  log.clear();
  const looks = 25;
  const seconds = looks * SCALED.progressIntervalSeconds;
  await clone('long', ['web-1-data'], { 'simulator.vm-clone.io/copy-seconds': String(seconds) });
  expect(log.count({ userAgent: /^(?!vm-clone)/, verb: NO_WATCHES })).toBeLessThan(
    150 + looks * REQUESTS_PER_LOOK,
  );

  const claim = { namespace: 'demo', name: 'long-web-1-data' };
  const isCleanedUp = ({ metadata }: PersistentVolumeClaim) =>
    !metadata.finalizers?.includes('cdi.kubevirt.io/clonePopulator');
  await cluster.until(Kinds.PersistentVolumeClaim, claim, isCleanedUp);
  await cluster.untilWord('demo', 'long', 'Stopped');
  log.clear();
  await clone('next', ['web-1-data']);
  expect(askedAbout('long')).toBeLessThan(5);
});
