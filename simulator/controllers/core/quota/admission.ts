import type { KubernetesResource } from '../../../../src/clone/resources';
import { isCode, type Kind } from '../../../../src/kubernetes';
import { type AdmissionFunction, forbidden } from '../../../apiserver';
import { type ResourceQuota, SimKinds } from '../../kinds';
import { uidOf } from '../../objects';
import type { SimContext } from '../../runtime';
import { countUsage } from './count';
import { addUsage, isInScope, readUsage, type Usage, usageOf, writeUsage } from './usage';

/** As often a charge is tried again when something else has written to the quota. */
const TRIES = 10;
/** Kinds whose objects may come to use more than when they were made. */
const GROWING = ['persistentvolumeclaims', 'services'];

interface Charge {
  kind: Kind;
  name: string;
  namespace: string;
  object: KubernetesResource;
  /** What is used more than before: amounts above 0. */
  requested: Usage;
  dryRun: boolean;
}

/**
 * The admission plugin ResourceQuota of kube-apiserver: what would exceed a quota of the namespace is refused, and
 * what is let through is added to the quota's status at once (apiserver pkg/admission/plugin/resourcequota).
 */
export function quotaAdmission(context: SimContext): AdmissionFunction {
  const client = context.clientFor('kube-apiserver');
  const cache = context.cache(SimKinds.ResourceQuota);
  /** Namespaces that had a quota made for them: the cache lags. */
  const limited = new Set<string>();
  /** The last charge of a namespace: one after the other. */
  const charges = new Map<string, Promise<void>>();

  async function charge(of: Charge): Promise<void> {
    const charged = new Set<string>();
    for (let tries = 1; ; tries += 1) {
      const { items } = await client.list(SimKinds.ResourceQuota, { namespace: of.namespace });
      const open = items.filter(
        (quota) => !charged.has(uidOf(quota)) && isInScope(quota, of.kind, of.object),
      );
      const next = await Promise.all(open.map(async (quota) => ({ quota, used: await usedWith(quota, of) })));
      if (of.dryRun) return;
      try {
        for (const { quota, used } of next) {
          if (used) {
            const hard = quota.status?.hard ?? writeUsage(readUsage(quota.spec?.hard));
            const status = { hard, used: writeUsage(used) };
            await client.replace(SimKinds.ResourceQuota, { ...quota, status }, { subresource: 'status' });
          }
          charged.add(uidOf(quota));
        }
        return;
      } catch (error) {
        if (!isCode(error, 404, 409) || tries === TRIES) throw error;
      }
    }
  }

  /** What is used when the charge is added; undefined when the quota has nothing to do with it. Throws 403. */
  async function usedWith(quota: ResourceQuota, of: Charge): Promise<Usage | undefined> {
    // stricter than kube-apiserver, which enforces nothing before the quota has a status
    const hard = readUsage(quota.status?.hard ?? quota.spec?.hard);
    const names = Object.keys(of.requested).filter((name) => hard[name] !== undefined);
    if (names.length === 0) return undefined;
    const used = quota.status?.used ? readUsage(quota.status.used) : await countUsage(client, quota);
    const requested = Object.fromEntries(names.map((name) => [name, of.requested[name]])) as Usage;
    const sum = addUsage(used, requested);
    const exceeded = names
      .filter((name) => (sum[name]?.value ?? 0) > (hard[name]?.value ?? 0))
      .sort((left, right) => (left < right ? -1 : 1));
    if (exceeded.length === 0) return sum;
    const listed = (usage: Usage) => {
      const written = writeUsage(usage);
      return exceeded.map((name) => `${name}=${written[name] ?? '0'}`).join(',');
    };
    const amounts = `requested: ${listed(requested)}, used: ${listed(used)}, limited: ${listed(hard)}`;
    throw forbidden(of.kind, of.name, `exceeded quota: ${quota.metadata.name}, ${amounts}`);
  }

  return async ({ kind, operation, subresource, namespace, name, object, oldObject, dryRun }) => {
    if (namespace === undefined || subresource || !object || kind.kind === 'Event') return;
    const isGrowth = operation === 'UPDATE' && !kind.group && GROWING.includes(kind.plural);
    if (operation !== 'CREATE' && !isGrowth) return;
    const isLimited = limited.has(namespace) || !cache.synced || cache.list(namespace).length > 0;
    if (kind.kind === 'ResourceQuota' && !dryRun) limited.add(namespace);
    if (!isLimited) return;
    const requested = growth(usageOf(kind, object), oldObject && usageOf(kind, oldObject));
    if (Object.keys(requested).length === 0) return;
    const of = { kind, namespace, name: name || object.metadata.name, object, requested, dryRun };
    const before = charges.get(namespace) ?? Promise.resolve();
    const mine = before.then(() => charge(of));
    const settled = mine
      .catch(() => {})
      .finally(() => {
        if (charges.get(namespace) === settled) charges.delete(namespace);
      });
    charges.set(namespace, settled);
    await mine;
  };
}

function growth(next: Usage, before: Usage = {}): Usage {
  const grown = Object.entries(next).map(([name, amount]) => {
    const value = amount.value - (before[name]?.value ?? 0);
    return [name, { ...amount, value }] as const;
  });
  return Object.fromEntries(grown.filter(([, { value }]) => value > 0));
}
