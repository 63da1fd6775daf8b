import type { Pod } from '../../src/clone/resources';
import { Kinds } from '../../src/kubernetes';
import { isTerminated } from '../controllers/objects';
import type { SimContext } from '../controllers/runtime';

/** Of a pod's anti-affinity what is looked at: terms by labels, within its namespace, each node a host of its own. */
interface Affinity {
  podAntiAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: {
      labelSelector?: { matchLabels?: Record<string, string> };
    }[];
  };
}

/**
 * The scheduler's choice among the nodes that the pod's anti-affinity leaves: the same one however often it is asked
 * for. Undefined when it leaves none: then the pod stays Pending.
 */
export function nodeFor(context: SimContext, pod: Pod): string | undefined {
  const { name, namespace } = pod.metadata;
  const avoided = context
    .cache(Kinds.Pod)
    .list(namespace)
    .filter((other) => !isTerminated(other) && keepsAwayFrom(pod, other))
    .map(({ spec }) => spec?.nodeName);
  const left = context.options.nodes.filter((node) => !avoided.includes(node));
  const sum = [...name].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return left[sum % left.length];
}

/** True when the pod may not be put where the other one is. */
export function keepsAwayFrom({ metadata, spec }: Pod, other: Pod): boolean {
  if (metadata.uid === other.metadata.uid) return false;
  const { podAntiAffinity } = (spec?.affinity ?? {}) as Affinity;
  const terms = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.some(({ labelSelector }) => {
    const wanted = Object.entries(labelSelector?.matchLabels ?? {});
    return wanted.every(([label, value]) => other.metadata.labels?.[label] === value);
  });
}
