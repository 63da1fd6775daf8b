import { Kinds } from '../../../src/kubernetes';
import { CacheIndex } from '../cache-index';
import { claimsOf, hasFinalizer, isDeleting, removeFinalizer, uidOf } from '../objects';
import { type RunningController, type SimContext, startController, update, watching } from '../runtime';

export const PVC_PROTECTION = 'kubernetes.io/pvc-protection';

/** In lags of the caches: it lets a claim go some time after the binder has found it Lost, as recorded. */
const SLOWNESS_LAGS = 5;

/**
 * Keeps a deleted claim until no pod on a node names it. A pod that has ended still holds it until it is deleted;
 * one without a node does not (kube-controller-manager, pvc_protection_controller.go).
 */
export async function startClaimProtection(context: SimContext): Promise<RunningController> {
  const client = context.clientFor('pvc-protection-controller');
  await context.synced(Kinds.Pod);
  const podsByClaim = new CacheIndex(context.cache(Kinds.Pod), (pod) =>
    pod.spec?.nodeName ? claimsOf(pod).map((claim) => `${pod.metadata.namespace}/${claim}`) : [],
  );
  const deletedSince = new Map<string, number>();
  const controller = await startController(context, {
    name: 'pvc-protection',
    watches: [
      watching(Kinds.PersistentVolumeClaim),
      watching(Kinds.Pod, (pod) => claimsOf(pod).map((claim) => `${pod.metadata.namespace}/${claim}`)),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = context.cache(Kinds.PersistentVolumeClaim).get(namespace, name);
      if (!claim || !isDeleting(claim) || !hasFinalizer(claim, PVC_PROTECTION)) return;
      const since = deletedSince.get(uidOf(claim)) ?? Date.now();
      deletedSince.set(uidOf(claim), since);
      const left = since + SLOWNESS_LAGS * context.options.lagMs - Date.now();
      if (left > 0) return { requeueAfterMs: left };
      if (podsByClaim.get(`${namespace}/${name}`).length > 0) return;
      // the cache lags: a pod may have come meanwhile
      const { items } = await client.list(Kinds.Pod, { namespace, signal });
      if (items.some((pod) => pod.spec?.nodeName && claimsOf(pod).includes(name))) return;
      await update(
        client,
        Kinds.PersistentVolumeClaim,
        claim,
        (copy) => removeFinalizer(copy, PVC_PROTECTION),
        { signal },
      );
      deletedSince.delete(uidOf(claim));
    },
  });
  return {
    async stop() {
      await controller.stop();
      podsByClaim.close();
    },
  };
}
