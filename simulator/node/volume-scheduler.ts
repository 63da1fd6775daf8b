import type { Pod } from '../../src/clone/resources';
import { Kinds } from '../../src/kubernetes';
import { Ann } from '../controllers/cdi/names';
import { annotate, annotationOf, claimsOf, isBound, isDeleting, isTerminated } from '../controllers/objects';
import { type ControllerDefinition, keyOf, type SimContext, update, watching } from '../controllers/runtime';
import { nodeFor } from './placement';

/** True when every claim of a pod is bound and stays: only then can the pod be put on a node. */
export function claimsBound(context: SimContext, pod: Pod): boolean {
  return claimsOf(pod).every((name) => {
    const claim = context.cache(Kinds.PersistentVolumeClaim).get(pod.metadata.namespace, name);
    return claim !== undefined && isBound(claim) && !isDeleting(claim);
  });
}

/**
 * The scheduler's part in binding: claims of a class that waits for its first consumer get the node of the pod that
 * wants them, and storage or a populator goes on from there.
 */
export function volumeScheduler(context: SimContext): ControllerDefinition {
  const client = context.clientFor('kube-scheduler');
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const classes = context.cache(Kinds.StorageClass);
  const pods = context.cache(Kinds.Pod);
  return {
    name: 'volume-scheduler',
    watches: [
      watching(Kinds.Pod),
      watching(Kinds.PersistentVolumeClaim, ({ metadata }) =>
        pods
          .list(metadata.namespace)
          .flatMap((pod) => (claimsOf(pod).includes(metadata.name) ? [keyOf(pod)] : [])),
      ),
      watching(Kinds.StorageClass, () => []),
    ],
    async reconcile({ namespace, name }, signal) {
      const pod = pods.get(namespace, name);
      if (!pod || isDeleting(pod) || isTerminated(pod) || pod.spec?.nodeName) return;
      const wanted = claimsOf(pod).map((claim) => claims.get(namespace, claim));
      if (wanted.some((claim) => !claim || isDeleting(claim))) return; // can't be scheduled
      const node = nodeFor(context, pod);
      if (!node) return;
      for (const claim of wanted) {
        if (!claim || isBound(claim) || annotationOf(claim, Ann.selectedNode)) continue;
        const storageClass = classes.get(undefined, claim.spec.storageClassName ?? '');
        if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') continue;
        const choose = (copy: typeof claim) => annotate(copy, { [Ann.selectedNode]: node });
        await update(client, Kinds.PersistentVolumeClaim, claim, choose, { signal });
      }
    },
  };
}
