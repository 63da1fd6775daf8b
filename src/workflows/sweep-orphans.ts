import { log, sleep } from '@temporalio/workflow';
import type { Orphan } from '../activities/find-orphans';
import { stepsOf } from './steps';

export interface SweepInput {
  /** Whose clones may be touched. */
  installation: string;
  heartbeatTimeoutSeconds?: number;
  /** Between the two looks that must find the same orphan. Default 60. */
  confirmAfterSeconds?: number;
}

export interface SweepResult {
  /** Clone uids of orphans that are given back and cleaned up. */
  settled: string[];
  /** Those that could not be settled, or were seen for the first time by the second look. */
  left: string[];
}

/** How many orphans one sweep settles: the next one goes on. */
const LIMIT = 100;

/**
 * Cleans up after clones whose workflow is closed but did not come to its end (terminated, say): sources get
 * their power state back, copied targets are finished, the others deleted. Runs on a schedule, one at a time;
 * looks twice before it touches anything.
 */
export async function sweepOrphans(input: SweepInput): Promise<SweepResult> {
  const { installation, confirmAfterSeconds = 60 } = input;
  const steps = stepsOf(input);
  const suspects = new Set((await steps.findOrphans({ installation })).map(({ cloneUid }) => cloneUid));
  if (suspects.size === 0) return { settled: [], left: [] };
  await sleep(confirmAfterSeconds * 1000);
  const result: SweepResult = { settled: [], left: [] };
  for (const orphan of (await steps.findOrphans({ installation })).slice(0, LIMIT)) {
    const { cloneUid } = orphan;
    const settled = suspects.has(cloneUid) && (await isSettled(orphan));
    (settled ? result.settled : result.left).push(cloneUid);
  }
  return result;

  async function isSettled(orphan: Orphan): Promise<boolean> {
    try {
      await settle(orphan);
      return true;
    } catch (error) {
      log.warn('An orphan could not be settled: the next sweep tries again', {
        cloneUid: orphan.cloneUid,
        error,
      });
      return false;
    }
  }

  /** In the order of a clone's own end, or of its undo. */
  async function settle(orphan: Orphan): Promise<void> {
    const { cloneUid, target, sources, unfinished, record, loose, sourceNamespace } = orphan;
    const owner = { cloneUid, installation };
    if (!unfinished?.copied) {
      const source = sources[0]?.source ?? { namespace: sourceNamespace, name: '' };
      const names = record?.dataVolumes.map(({ name }) => name) ?? loose;
      const disks = names.map((dataVolume) => ({ dataVolume }));
      await steps.deleteTarget({ ...owner, source, target, disks, record });
    }
    for (const held of sources) {
      await steps.unlockSource({ ...owner, ...held, undo: true, awaitReturn: false });
    }
    if (unfinished?.copied) await steps.finishTarget({ ...owner, target, vmUid: unfinished.vmUid });
  }
}
