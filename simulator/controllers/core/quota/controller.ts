import { type ResourceQuota, SimKinds } from '../../kinds';
import {
  keyOf,
  type RunningController,
  type SimContext,
  startController,
  update,
  watching,
} from '../../runtime';
import { COUNTED, countUsage, isCounted } from './count';
import { readUsage, writeUsage } from './usage';

/**
 * In lags of the caches: so long a quota is left alone after it was written to. What was charged to it a moment ago
 * may not be stored yet, and would be missing from the count.
 */
const QUIET_LAGS = 10;

/**
 * Keeps the status of each ResourceQuota: what it allows, and what is used of that, counted anew when an object that
 * it counts comes, changes or goes (kube-controller-manager, pkg/controller/resourcequota).
 */
export async function startQuotas(context: SimContext): Promise<RunningController> {
  const client = context.clientFor('resourcequota-controller');
  const quotas = context.cache(SimKinds.ResourceQuota);
  /** Since when a quota is as it is. */
  const unchanged = new Map<string, { version: string | undefined; since: number }>();

  /** Milliseconds until the quota may be counted anew; at once when it doesn't say yet what it allows. */
  function untilQuiet(quota: ResourceQuota, hard: Record<string, string>): number {
    const version = quota.metadata.resourceVersion;
    const known = unchanged.get(keyOf(quota));
    const since = known && known.version === version ? known.since : Date.now();
    unchanged.set(keyOf(quota), { version, since });
    const isNew = JSON.stringify(quota.status?.hard) !== JSON.stringify(hard);
    return isNew ? 0 : since + QUIET_LAGS * context.options.lagMs - Date.now();
  }

  await context.synced(SimKinds.ResourceQuota);
  return startController(context, {
    name: 'resource-quota',
    watches: COUNTED.map((kind) =>
      kind.kind === 'ResourceQuota'
        ? watching(SimKinds.ResourceQuota, ({ metadata }) => quotas.list(metadata.namespace).map(keyOf))
        : watching(kind, ({ metadata }) =>
            quotas
              .list(metadata.namespace)
              .filter((quota) => isCounted(quota, kind))
              .map(keyOf),
          ),
    ),
    async reconcile({ namespace, name }, signal) {
      const quota = quotas.get(namespace, name);
      if (!quota) {
        unchanged.delete(`${namespace}/${name}`);
        return undefined;
      }
      const hard = writeUsage(readUsage(quota.spec?.hard));
      const wait = untilQuiet(quota, hard);
      if (wait > 0) return { requeueAfterMs: wait };
      const used = writeUsage(await countUsage(client, quota, signal));
      const change = (copy: ResourceQuota) => {
        copy.status = { hard, used };
      };
      await update(client, SimKinds.ResourceQuota, quota, change, { subresource: 'status', signal });
      return undefined;
    },
  });
}
