import { type PlanFacts, planClone } from '../../src/clone/plan';
import type { ResourceQuota } from '../../src/clone/resources';
import * as objects from './objects';
import { acrossNamespaces, claim, leftoverDisk, merged, type Patch, target, vm } from './objects';

/** In `shop` with 10Gi and 2Gi to be cloned by the driver, and what is used and allowed. */
function quota(hard: Record<string, string>, used: Record<string, string>, patch: Patch = {}): ResourceQuota {
  return merged<ResourceQuota>(
    { metadata: { namespace: 'shop', name: 'limits' }, spec: { hard }, status: { hard, used } },
    patch,
  );
}

/** Volumes as large as they were asked for. */
const sized = (name: string, storage: string) =>
  claim(name, { spec: { resources: { requests: { storage } } }, status: { capacity: { storage } } });
const facts = (patch: Partial<PlanFacts>) =>
  objects.facts({ sourceClaims: [sized('db-root', '10Gi'), sized('db-logs', '2Gi')], ...patch });

const message = (...quotas: ResourceQuota[]) =>
  planClone(facts({ quotas })).blockers.map((blocker) => `${blocker.type}: ${blocker.message}`);

describe('in one namespace a disk counts twice: the temporary claim stands beside it', () => {
  test.each<[string, string, string, string, boolean]>([
    ['just enough', 'requests.storage', '44Gi', '20Gi', true],
    ['a byte too little', 'requests.storage', '44Gi', '21474836481', false],
    ['claims', 'persistentvolumeclaims', '6', '2', true],
    ['a claim too few', 'persistentvolumeclaims', '6', '3', false],
    ['claims by count', 'count/persistentvolumeclaims', '5', '2', false],
    ['of the class', 'fast.storageclass.storage.k8s.io/requests.storage', '30Gi', '7Gi', false],
    ['of another class', 'slow.storageclass.storage.k8s.io/requests.storage', '30Gi', '30Gi', true],
    ['DataVolumes', 'count/datavolumes.cdi.kubevirt.io', '3', '2', false],
    ['VMs', 'count/virtualmachines.kubevirt.io', '3', '3', false],
    ['the frozen plan', 'count/controllerrevisions.apps', '3', '3', false],
    ['what a clone does not need', 'requests.memory', '1Gi', '1Gi', true],
  ])('%s', (_what, resource, hard, used, fits) => {
    expect(message(quota({ [resource]: hard }, { [resource]: used })).length === 0).toBe(fits);
  });
});

test('the sentence has the numbers that the API server would name', () => {
  const hard = { 'requests.storage': '30Gi', persistentvolumeclaims: '6', pods: '10' };
  const used = { 'requests.storage': '12Gi', persistentvolumeclaims: '2', pods: '10' };
  expect(message(quota(hard, used))).toEqual([
    expect.stringMatching(
      /^QuotaExceeded: The clone would exceed quota limits of namespace shop: requested: requests.storage=24Gi, used: requests.storage=12Gi, limited: requests.storage=30Gi\. /,
    ),
  ]);
});

test.each<[string, Patch]>([
  ['that nobody has counted yet', { status: { used: null } }],
  ['of another namespace', { metadata: { namespace: 'lab' } }],
  ['for a scope, which claims are not in', { spec: { scopes: ['BestEffort'] } }],
])('a quota %s stands against nothing', (_what, patch) => {
  expect(message(quota({ persistentvolumeclaims: '1' }, { persistentvolumeclaims: '1' }, patch))).toEqual([]);
});

test.each<[string, string[]]>([
  ['shop', ['shop']],
  ['lab', ['lab']],
])('in two namespaces each holds a disk once: %s', (namespace, named) => {
  const of = (claims: string) =>
    quota({ persistentvolumeclaims: '4' }, { persistentvolumeclaims: claims }, { metadata: { namespace } });
  const blockers = (claims: string) =>
    planClone({ ...acrossNamespaces(vm()), quotas: [of(claims)] }).blockers.map(
      (blocker) => /namespace (\w+)/.exec(blocker.message)?.[1],
    );
  expect(blockers('2')).toEqual([]);
  expect(blockers('3')).toEqual(named);
});

describe('by method', () => {
  const given = (cloneStrategy: string) => ({
    storageProfiles: [{ metadata: { name: 'fast' }, status: { cloneStrategy, snapshotClass: 's' } }],
  });
  const full = (resource: string) => quota({ [resource]: '1' }, { [resource]: '1' });
  test.each([
    ['copy', 'count/pods', true],
    ['csi-clone', 'count/pods', false],
    ['snapshot', 'count/volumesnapshots.snapshot.storage.k8s.io', true],
    ['csi-clone', 'count/volumesnapshots.snapshot.storage.k8s.io', false],
  ])('%s needs %s: %p', (strategy, resource, needs) => {
    const plan = planClone(facts({ ...given(strategy), quotas: [full(resource)] }));
    expect(plan.blockers.length > 0).toBe(needs);
  });

  test('a clone by the driver begins with the size that its source volume really has', () => {
    const root = merged(sized('db-root', '10Gi'), { status: { capacity: { storage: '15Gi' } } });
    const sourceClaims = [root, sized('db-logs', '2Gi')];
    // 12 for the clone, and 17 or 12 on the way
    const quotas = [quota({ 'requests.storage': '100Gi' }, { 'requests.storage': '74Gi' })];
    const blockers = (strategy: string) =>
      planClone(facts({ ...given(strategy), sourceClaims, quotas })).blockers;
    expect(blockers('csi-clone')).toHaveLength(1);
    expect(blockers('copy')).toEqual([]);
  });
});

test("an earlier run's leftover is gone by then", () => {
  const left = merged(leftoverDisk('db-clone-root'), {
    spec: { storageClassName: 'fast', resources: { requests: { storage: '10Gi' } } },
  });
  const quotas = [quota({ 'requests.storage': '54Gi' }, { 'requests.storage': '40Gi' })];
  const given = { targetVm: target('copying'), quotas };
  expect(planClone(facts({ ...given, targetClaims: [left] })).blockers).toEqual([]);
  expect(planClone(facts(given)).blockers.map(({ type }) => type)).toEqual(['QuotaExceeded']);
});
