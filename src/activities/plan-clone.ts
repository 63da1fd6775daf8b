import { Context } from '@temporalio/activity';
import { type ClonePlan, planClone as plan } from '../clone';
import type { Blocker, CloneInput, FailureType, PlannedDisk, Warning } from '../contract';
import { readPlanFacts } from '../kubernetes/plan-facts';
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
  leftover?: { cloneUid: string };
}

/** Step 1: reads, and touches nothing. Blockers are final. */
export function planClone({ client, caches }: ActivityDeps) {
  return (input: CloneInput): Promise<PlanResult> =>
    finalIfRefused(async () => {
      const facts = await readPlanFacts({ client, caches }, input, Context.current().cancellationSignal);
      const { sourceUid, sourceOn, disks, warnings, shutdownTimeoutSeconds, leftover } = unblocked(
        plan(facts),
      );
      const named = disks.map(inHistory);
      return { sourceUid, sourceOn, disks: named, warnings, shutdownTimeoutSeconds, leftover };
    });
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
