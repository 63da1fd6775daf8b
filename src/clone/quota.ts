import type { Blocker, PlannedCopy } from '../contract';
import type { PlanDisk } from './disks';
import { belongsToLeftover, leftoverOf } from './leftover';
import type { PlanFacts } from './plan';
import { belongsToVm } from './power';
import { parseBytes, parseQuantity } from './quantity';
import type { ResourceQuota } from './resources';

/** Amounts by a quota's name for them, such as `requests.storage`; sizes in bytes. */
type Amounts = Record<string, number>;

/** Pods that copy one disk over the network: one reads, one writes. */
const COPY_PODS = 2;

/**
 * Quotas that the clone would exceed. At its peak a disk stands twice: in the target's namespace, and as a temporary
 * claim in the source's, from which its volume is taken over at the end (CDI pkg/controller/clone: csi-clone,
 * host-clone, snapshot-clone, rebind). A DataVolume that meets a full quota waits for ever, the source off.
 */
export function quotaBlockers(
  facts: PlanFacts,
  disks: readonly PlanDisk[],
  copies: readonly PlannedCopy[],
): Blocker[] {
  const { source, target } = facts.request;
  const needs = new Map<string, Amounts>();
  const need = (namespace: string, amounts: Amounts) =>
    needs.set(namespace, sum(needs.get(namespace) ?? {}, amounts));
  need(target.namespace, { 'count/virtualmachines.kubevirt.io': 1 });
  // The frozen plan.
  need(source.namespace, { 'count/controllerrevisions.apps': 1 });
  for (const copy of copies) need(target.namespace, COUNTED[copy.kind]);
  for (const disk of disks) {
    need(
      target.namespace,
      sum(claimed(disk.bytes, disk.storageClass), { 'count/datavolumes.cdi.kubevirt.io': 1 }),
    );
    need(source.namespace, temporary(disk, facts));
  }
  need(target.namespace, negative(leftoverAmounts(facts)));
  need(source.namespace, negative(stoppedPods(facts)));
  return facts.quotas.flatMap((quota) => {
    const amounts = needs.get(quota.metadata.namespace ?? '');
    return amounts && !isScoped(quota) ? exceeded(quota, amounts) : [];
  });
}

const COUNTED: Readonly<Record<PlannedCopy['kind'], Amounts>> = {
  ControllerRevision: { 'count/controllerrevisions.apps': 1 },
  Secret: { secrets: 1, 'count/secrets': 1 },
  ConfigMap: { configmaps: 1, 'count/configmaps': 1 },
};

function claimed(bytes: number, storageClass: string): Amounts {
  const ofClass = `${storageClass}.storageclass.storage.k8s.io`;
  return {
    persistentvolumeclaims: 1,
    'count/persistentvolumeclaims': 1,
    'requests.storage': bytes,
    [`${ofClass}/persistentvolumeclaims`]: 1,
    [`${ofClass}/requests.storage`]: bytes,
  };
}

/** What CDI makes on the way, beside the source. What the storage clones first has the whole volume's size. */
function temporary({ sourceClaim, bytes, method, storageClass }: PlanDisk, facts: PlanFacts): Amounts {
  const claim = facts.sourceClaims.find(({ metadata }) => metadata.name === sourceClaim);
  const capacity = method === 'copy' ? undefined : parseBytes(claim?.status?.capacity?.storage);
  const amounts = claimed(Math.max(bytes, capacity ?? 0), storageClass);
  if (method === 'copy') return sum(amounts, { pods: COPY_PODS, 'count/pods': COPY_PODS });
  if (method === 'snapshot') return sum(amounts, { 'count/volumesnapshots.snapshot.storage.k8s.io': 1 });
  return amounts;
}

/** An earlier run's leftover is removed before anything is made. */
function leftoverAmounts(facts: PlanFacts): Amounts {
  if (!leftoverOf(facts)) return {};
  const claims = facts.targetClaims
    .filter((claim) => belongsToLeftover(claim, facts))
    .map(({ spec }) =>
      claimed(parseBytes(spec.resources?.requests?.storage) ?? 0, spec.storageClassName ?? ''),
    );
  const dataVolumes = facts.targetDataVolumes.filter((each) => belongsToLeftover(each, facts));
  return [
    ...claims,
    {
      'count/virtualmachines.kubevirt.io': 1,
      'count/datavolumes.cdi.kubevirt.io': dataVolumes.length,
    },
  ].reduce(sum, {});
}

/** The source's own are gone when the copy begins. */
function stoppedPods({ source, pods }: PlanFacts): Amounts {
  const own = source ? pods.filter((pod) => belongsToVm(pod, source, pods)).length : 0;
  return { pods: own, 'count/pods': own };
}

function negative(amounts: Amounts): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([resource, amount]) => [resource, -amount]));
}

function sum(a: Amounts, b: Amounts): Amounts {
  const total = { ...a };
  for (const [resource, amount] of Object.entries(b)) total[resource] = (total[resource] ?? 0) + amount;
  return total;
}

/** A quota with a scope counts pods or priorities, no claims. */
function isScoped({ spec }: ResourceQuota): boolean {
  return (spec?.scopes?.length ?? 0) > 0 || spec?.scopeSelector !== undefined;
}

/** In the words of the API server, which would say no to each object by itself. */
function exceeded({ metadata, spec, status }: ResourceQuota, needed: Amounts): Blocker[] {
  const over = Object.entries(spec?.hard ?? {}).filter(([resource, hard]) => {
    const need = needed[resource] ?? 0;
    const used = parseQuantity(status?.used?.[resource]);
    return need > 0 && used !== undefined && used + need > (parseQuantity(hard) ?? 0);
  });
  if (over.length === 0) return [];
  const listed = (value: (resource: string, hard: string) => string) =>
    over.map(([resource, hard]) => `${resource}=${value(resource, hard)}`).join(',');
  const requested = listed((resource) => quantityOf(needed[resource] ?? 0));
  const used = listed((resource) => status?.used?.[resource] ?? '0');
  const limited = listed((_resource, hard) => hard);
  return [
    {
      type: 'QuotaExceeded',
      message: `The clone would exceed quota ${metadata.name} of namespace ${metadata.namespace}: requested: ${requested}, used: ${used}, limited: ${limited}. Raise the quota or free what it counts; while they are copied, disks count in the source's namespace too.`,
    },
  ];
}

const UNITS = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const;

/** As Kubernetes writes it: the largest unit that leaves a whole number. */
function quantityOf(amount: number): string {
  for (const [index, unit] of UNITS.entries()) {
    const size = 1024 ** (UNITS.length - index);
    if (amount >= size && amount % size === 0) return `${amount / size}${unit}`;
  }
  return String(amount);
}
