import { type ClonePlan, planClone as plan } from '../clone';
import type { Leftover } from '../clone/leftover';
import {
  type Blocker,
  type CloneInput,
  cloneWorkflowId,
  type FailureType,
  type PlannedDisk,
  type Warning,
} from '../contract';
import { readPlanFacts } from '../kubernetes/plan-facts';
import { attemptSignal } from './attempt';
import type { ActivityDeps } from './deps';
import { failure, finalIfRefused } from './failures';

/** What the workflow must know of a plan: names, sizes, times. The manifest stays in the cluster. */
export interface PlanResult {
  sourceUid: string;
  sourceOn: boolean;
  disks: PlannedDisk[];
  warnings: Warning[];
  shutdownTimeoutSeconds: number;
  /** An earlier run's unfinished target stands under the name: it must be removed first. */
  leftover?: Leftover;
}

/** Step 1: reads, and touches nothing. Blockers are final. */
export function planClone({ client, caches, clones }: ActivityDeps) {
  return (input: CloneInput): Promise<PlanResult> =>
    finalIfRefused(async () => {
      const facts = await readPlanFacts({ client, caches }, input, attemptSignal());
      const { sourceUid, sourceOn, disks, warnings, shutdownTimeoutSeconds, leftover } = unblocked(
        plan(facts),
      );
      if (leftover) await verifyLeftover(clones, input, leftover);
      const named = disks.map(inHistory);
      return { sourceUid, sourceOn, disks: named, warnings, shutdownTimeoutSeconds, leftover };
    });
}

/** The mark alone proves nothing: it may have been put back on a clone that somebody works with. */
async function verifyLeftover(
  clones: ActivityDeps['clones'],
  { target, installation }: CloneInput,
  { cloneUid, runId, vmUid }: Leftover,
): Promise<void> {
  const { stage, record } = await clones.find(cloneWorkflowId(target), { cloneUid, installation }, runId);
  const isUnfinished = stage === 'forward' || stage === 'undoing';
  if (isUnfinished && (!record || record.vmUid === vmUid)) return;
  throw failure(
    'NameTaken',
    `VM ${target.namespace}/${target.name} carries the marks of an unfinished clone, but is none: choose another name.`,
  );
}

/** What of a disk goes into history. */
export function inHistory({ name, sourceClaim, dataVolume, bytes, method }: PlannedDisk): PlannedDisk {
  return { name, sourceClaim, dataVolume, bytes, method };
}

/** The plan, if nothing stands against it. */
export function unblocked(made: ClonePlan): ClonePlan {
  if (made.blockers.length > 0) throw blocked(made.blockers);
  return made;
}

const OWN_TYPE: readonly FailureType[] = ['SourceNotFound', 'NameTaken'];

function blocked(blockers: Blocker[]): Error {
  const type = OWN_TYPE.find((candidate) => blockers[0]?.type === candidate) ?? 'PlanBlocked';
  return failure(type, blockers.map(({ message }) => message).join(' '), { blockers });
}
