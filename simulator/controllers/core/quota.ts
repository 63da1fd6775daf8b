import type { KubernetesResource, PersistentVolumeClaim } from '../../../src/clone/resources';
import { type Kind, Kinds } from '../../../src/kubernetes';
import { type AdmissionFunction, forbidden, KINDS } from '../../apiserver';
import { bytesOf, requestOf } from '../objects';
import type { SimContext } from '../runtime';

interface ResourceQuota extends KubernetesResource {
  spec?: { hard?: Record<string, string> };
}

const ResourceQuotas = KINDS.find(({ kind }) => kind === 'ResourceQuota') as Kind as Kind<ResourceQuota>;
const CLAIMS = { group: '', plural: 'persistentvolumeclaims' };

/**
 * The admission plugin ResourceQuota of kube-apiserver, for claims: how many there are and how much they ask for, in
 * all and by storage class. What is used is counted anew each time: a quota's status is not kept.
 */
export function claimQuota(context: SimContext): AdmissionFunction {
  const client = context.clientFor('kube-apiserver');
  return async ({ kind, operation, subresource, namespace, object }) => {
    if (kind.kind !== 'PersistentVolumeClaim' || operation !== 'CREATE' || subresource || !object) return;
    const quotas = (await client.list(ResourceQuotas, { namespace })).items;
    if (quotas.length === 0) return;
    const { items: claims } = await client.list(Kinds.PersistentVolumeClaim, { namespace });
    const claim = object as unknown as PersistentVolumeClaim;
    const requested = usageOf(claim);
    for (const { metadata, spec } of quotas) {
      const exceeded = Object.entries(spec?.hard ?? {})
        .map(([resource, hard]) => ({
          resource,
          hard,
          requested: requested[resource] ?? 0,
          used: claims.reduce((sum, other) => sum + (usageOf(other)[resource] ?? 0), 0),
        }))
        .filter((entry) => entry.requested > 0 && entry.used + entry.requested > bytesOf(entry.hard));
      if (exceeded.length === 0) continue;
      const listed = (value: 'requested' | 'used' | 'hard') =>
        exceeded.map((entry) => `${entry.resource}=${quantityOf(entry[value])}`).join(',');
      const why = `requested: ${listed('requested')}, used: ${listed('used')}, limited: ${listed('hard')}`;
      throw forbidden(CLAIMS, claim.metadata.name, `exceeded quota: ${metadata.name}, ${why}`);
    }
  };
}

function usageOf(claim: PersistentVolumeClaim): Record<string, number> {
  const own = {
    persistentvolumeclaims: 1,
    'requests.storage': bytesOf(requestOf({ spec: claim.spec ?? {} })),
  };
  const prefix = `${claim.spec?.storageClassName}.storageclass.storage.k8s.io/`;
  return {
    ...own,
    ...Object.fromEntries(Object.entries(own).map(([resource, value]) => [prefix + resource, value])),
  };
}

function quantityOf(value: string | number): string {
  for (const [unit, size] of [
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
  ] as const) {
    if (typeof value === 'number' && value > 0 && value % size === 0) return `${value / size}${unit}`;
  }
  return String(value);
}
