import { cloneWorkflowId, IN_PROGRESS, MARKS } from '../contract';
import type { PlanFacts } from './plan';
import type { KubernetesResource } from './resources';

/** An unfinished target of an earlier run. Whether that run is past its commit point, Temporal knows. */
export interface Leftover {
  cloneUid: string;
  runId?: string;
  vmUid: string;
}

/**
 * Whose leftover has the target's name: an unfinished target of an earlier run of the same workflow id, made by
 * this installation. The id reserves the name, so nobody works on it any more.
 *
 * A target marked `copied` is none: its disks are whole and the sweep is about to finish it.
 */
export function leftoverOf({ request, targetVm, installation }: PlanFacts): Leftover | undefined {
  const { annotations, labels } = targetVm?.metadata ?? {};
  const cloneUid = labels?.[MARKS.cloneUid];
  const ours =
    installation !== undefined &&
    labels?.[MARKS.installation] === installation &&
    annotations?.[MARKS.workflowId] === cloneWorkflowId(request.target) &&
    annotations[MARKS.inProgress] === IN_PROGRESS.copying;
  if (!ours || !cloneUid) return undefined;
  return { cloneUid, runId: annotations[MARKS.runId], vmUid: targetVm?.metadata.uid as string };
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
