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
/** A source that takes no patch is tried again by the next sweep. */
const UNLOCK_WITHIN = '2 minutes';
/** No sweep begins while another one waits for copy pods: sources of others would stay off for so long. */
const PODS_MS = 60_000;

/**
 * Cleans up after clones whose workflow is closed but did not come to its end (terminated, say): sources get
 * their power state back, copied targets are finished, the others deleted. Runs on a schedule, one at a time;
 * looks twice before it touches anything.
 */
export async function sweepOrphans(input: SweepInput): Promise<SweepResult> {
  const { installation, confirmAfterSeconds = 60 } = input;
  const steps = stepsOf({ ...input, unlockWithin: UNLOCK_WITHIN });
  const suspects = new Set((await steps.findOrphans({ installation })).map(({ cloneUid }) => cloneUid));
  if (suspects.size === 0) return { settled: [], left: [] };
  await sleep(confirmAfterSeconds * 1000);
  const found = await steps.findOrphans({ installation });
  const confirmed = shuffled(found.filter(({ cloneUid }) => suspects.has(cloneUid))).slice(0, LIMIT);
  const settled = (await Promise.all(confirmed.map(settledUid))).filter((uid) => uid !== undefined);
  return { settled, left: found.map(({ cloneUid }) => cloneUid).filter((uid) => !settled.includes(uid)) };

  async function settledUid(orphan: Orphan): Promise<string | undefined> {
    const { cloneUid, target, workflowId } = orphan;
    const about = { cloneId: `${target.namespace}/${target.name}`, cloneUid, orphanWorkflowId: workflowId };
    try {
      await settle(orphan);
      log.info('An orphan is settled', about);
      return cloneUid;
    } catch (error) {
      log.warn('An orphan could not be settled: the next sweep tries again', { ...about, error });
      return undefined;
    }
  }

  /** In the order of a clone's own end, or of its undo: each step is tried, whatever became of the one before. */
  async function settle(orphan: Orphan): Promise<void> {
    const { cloneUid, target, sources, unfinished, record, loose, sourceNamespace } = orphan;
    const owner = { cloneUid, installation };
    const failures: unknown[] = [];
    const attempt = (step: Promise<unknown>) => step.catch((error) => failures.push(error));
    if ((unfinished && !unfinished.copied) || loose.length > 0) {
      const source = sources[0]?.source ?? { namespace: sourceNamespace, name: '' };
      const names = [...new Set([...(record?.dataVolumes.map(({ name }) => name) ?? []), ...loose])];
      const disks = names.map((dataVolume) => ({ dataVolume }));
      await attempt(steps.deleteTarget({ ...owner, source, target, disks, record, patienceMs: PODS_MS }));
    }
    for (const held of sources) await attempt(steps.unlockSource({ ...owner, ...held, awaitReturn: false }));
    if (unfinished?.copied) await attempt(steps.finishTarget({ ...owner, target, vmUid: unfinished.vmUid }));
    if (failures.length > 0) throw failures[0];
  }
}

/** One that can't be settled keeps no other out, by its place in the list, for ever. */
function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
