import { log, workflowInfo } from '@temporalio/workflow';
import type { Orphan } from '../activities/find-orphans';
import { stepsOf } from './steps';

export interface SweepInput {
  /** Whose clones may be touched. */
  installation: string;
  heartbeatTimeoutSeconds?: number;
}

export interface SweepResult {
  /** Clone uids that this sweep found orphaned: only what the next one finds again is touched. */
  suspects: string[];
  settled: string[];
}

/** How many orphans one sweep settles: the next one goes on. */
const LIMIT = 100;

/**
 * Cleans up after clones whose workflow is closed but did not come to its end (terminated, say): sources get
 * their power state back, copied targets are finished, the others deleted. Runs on a schedule, one at a time.
 */
export async function sweepOrphans(input: SweepInput): Promise<SweepResult> {
  const steps = stepsOf(input);
  const before = (workflowInfo().lastResult as SweepResult | undefined)?.suspects ?? [];
  const found = await steps.findOrphans({ installation: input.installation });
  const confirmed = found.filter(({ cloneUid }) => before.includes(cloneUid)).slice(0, LIMIT);
  const settled: string[] = [];
  for (const orphan of confirmed) {
    try {
      await settle(orphan);
      settled.push(orphan.cloneUid);
    } catch (error) {
      log.warn('An orphan could not be settled: the next sweep tries again', {
        cloneUid: orphan.cloneUid,
        error,
      });
    }
  }
  return { suspects: found.map(({ cloneUid }) => cloneUid).filter((uid) => !settled.includes(uid)), settled };

  /** In the order of a clone's own end, or of its undo. */
  async function settle({
    cloneUid,
    installation,
    target,
    sources,
    unfinished,
    ...orphan
  }: Orphan): Promise<void> {
    const owner = { cloneUid, installation };
    if (!unfinished?.copied) {
      const source = sources[0]?.source ?? { namespace: orphan.sourceNamespace, name: '' };
      const disks = (orphan.record?.dataVolumes.map(({ name }) => name) ?? orphan.loose).map(
        (dataVolume) => ({ dataVolume }),
      );
      await steps.deleteTarget({ ...owner, source, target, disks, record: orphan.record });
    }
    for (const held of sources)
      await steps.unlockSource({ ...owner, ...held, undo: true, awaitReturn: false });
    if (unfinished?.copied) await steps.finishTarget({ ...owner, target, vmUid: unfinished.vmUid });
  }
}
