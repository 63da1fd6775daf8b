import { cloneWorkflowId, IN_PROGRESS, MARKS } from '../contract';
import type { PlanFacts } from './plan';
import type { KubernetesResource } from './resources';

/**
 * Whose leftover has the target's name: an unfinished target of an earlier run of the same workflow id, made by
 * this installation. The id reserves the name, so nobody works on it any more.
 *
 * A target marked `copied` is none: its disks are whole and the sweep is about to finish it.
 */
export function leftoverOf({ request, targetVm, installation }: PlanFacts): { cloneUid: string } | undefined {
  const { annotations, labels } = targetVm?.metadata ?? {};
  const cloneUid = labels?.[MARKS.cloneUid];
  const ours =
    installation !== undefined &&
    labels?.[MARKS.installation] === installation &&
    annotations?.[MARKS.workflowId] === cloneWorkflowId(request.target) &&
    annotations[MARKS.inProgress] === IN_PROGRESS.copying;
  return ours && cloneUid ? { cloneUid } : undefined;
}

/** Whether a claim or DataVolume was made along with the leftover target, and so goes with it. */
export function belongsToLeftover(object: KubernetesResource, facts: PlanFacts): boolean {
  const leftover = leftoverOf(facts);
  const { labels } = object.metadata;
  return (
    leftover !== undefined &&
    labels?.[MARKS.cloneUid] === leftover.cloneUid &&
    labels[MARKS.installation] === facts.installation
  );
}
