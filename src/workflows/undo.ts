import { workflowInfo } from '@temporalio/workflow';
import type { Failure, Owner, PlannedCopy, PlannedDisk, TargetRecord, VmRef } from '../contract';
import type { CloneRecord } from './clone-record';
import { asFailure } from './failures';
import type { stepsOf } from './steps';

/** What has to be undone: each entry is there before its step begins. */
export interface UndoPlan {
  owner: Owner;
  source: VmRef;
  target: VmRef;
  unlockSource?: { sourceUid: string };
  deleteTarget?: { disks: PlannedDisk[]; copies?: PlannedCopy[]; record?: TargetRecord };
  /** Past the commit point nothing is undone any more. */
  committed?: boolean;
}

const PROOF_MS = 60 * 60_000;

/**
 * Undoes a clone: its target deleted, its source given back whatever became of that, and the proof that
 * nothing is left. Returns what could not be cleaned up.
 */
export async function undoAll(
  { owner, source, target, unlockSource, deleteTarget }: UndoPlan,
  steps: ReturnType<typeof stepsOf>,
  record: CloneRecord,
): Promise<Failure | undefined> {
  const scope = {
    ...owner,
    source,
    target,
    disks: deleteTarget?.disks ?? [],
    copies: deleteTarget?.copies,
    record: deleteTarget?.record,
    runId: workflowInfo().runId,
  };
  let uids: string[] = [];
  if (deleteTarget) {
    try {
      uids = (await steps.deleteTarget(scope)).uids;
    } catch {
      // A stuck target must not hold the source hostage; the proof goes on deleting it.
    }
  }
  if (unlockSource) {
    const awaitReturn = record.state.failure?.type !== 'SourceShutdownFailed';
    const unlocked = await steps.unlockSource({
      ...owner,
      source,
      ...unlockSource,
      awaitReturn,
      awaitStart: true,
    });
    record.warn(unlocked.warning);
    if (unlocked.runningAt) record.mark('sourceRunningAt', unlocked.runningAt);
  }
  try {
    await steps.proveCleanUp({ ...scope, uids, deadline: Date.now() + PROOF_MS });
    return undefined;
  } catch (error) {
    const before = record.state.failure ? ` (The clone failed before: ${record.state.failure.message})` : '';
    const message = `${asFailure(error)?.message ?? 'The clean-up could not be proved.'}${before}`;
    return { type: 'CleanupIncomplete', message };
  }
}
