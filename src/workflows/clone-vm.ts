import { CancellationScope, CancelledFailure, setHandler, workflowInfo } from '@temporalio/workflow';
import type { CancelRequest, CloneInput, FinalDocument, PlannedDisk, TargetRecord } from '../contract';
import { CloneRecord } from './clone-record';
import { asFailure, failedWith } from './failures';
import { cancelClone, getCloneState } from './messages';
import { stepsOf } from './steps';
import { type UndoPlan, undoAll } from './undo';

/** How long the remains of an earlier run may take to go. */
const LEFTOVER_MS = 10 * 60_000;

/**
 * Clones a VM: off with its source, lock, copy, on with its source, start the clone.
 *
 * Until the commit point any failure or cancel (signal or Temporal's own) is undone: the source is as it was
 * and nothing of the clone is left. After it the clone stays: a later cancel changes nothing.
 *
 * Ends: `Completed`, or `Cancelled` by signal, as result; by Temporal's cancel as CANCELED; `Failed` as a typed
 * failure. Each carries the final document.
 */
export async function cloneVm(input: CloneInput): Promise<FinalDocument> {
  const { source, target, cloneUid, installation } = input;
  const owner = { cloneUid, installation };
  const record = new CloneRecord(input);
  const steps = stepsOf(input);
  const forward = new CancellationScope();
  const undo: UndoPlan = { owner, source, target };

  setHandler(getCloneState, () => record.state);
  setHandler(cancelClone, (request?: Partial<CancelRequest>) => {
    if (record.cancelled || undo.committed) return;
    record.cancelAsked({ requestedBy: 'unknown', ...request });
    forward.cancel();
  });

  try {
    const { sourceUid, made } = await forward.run(async () => {
      record.enter('Validating');
      const plan = await steps.planClone(input);
      record.planned(plan.disks);
      record.warn(...plan.warnings);
      if (plan.leftover) await removeLeftover(plan.leftover.cloneUid, plan.disks);

      record.enter('ShuttingDown');
      undo.unlockSource = { sourceUid: plan.sourceUid };
      const locked = await steps.lockSource({
        ...input,
        sourceUid: plan.sourceUid,
        runId: workflowInfo().runId,
      });
      record.planned(locked.disks);
      if (locked.stopped) record.mark('sourceStoppedAt');
      const { sourceUid } = plan;
      const { standstill } = await steps.shutDownSource({
        ...owner,
        source,
        sourceUid,
        claims: locked.disks.map(({ sourceClaim }) => sourceClaim),
        deadline: Date.now() + (locked.shutdownTimeoutSeconds ?? plan.shutdownTimeoutSeconds) * 1000,
        force: input.options.forceShutdown ?? false,
        stopped: locked.stopped,
      });

      record.enter('Copying');
      const { disks, copies } = locked;
      undo.deleteTarget = { disks, copies };
      const made = await steps.createTarget({ ...owner, source, target, disks, copies });
      undo.deleteTarget.record = made;
      record.made(made);
      record.mark('copyStartedAt');
      const copied = await steps.copyDisks({
        ...owner,
        source,
        sourceUid,
        standstill,
        target,
        disks,
        record: made,
      });
      record.state.disks = copied.disks;
      record.mark('copiedAt', copied.copiedAt);
      return { sourceUid, made };
    });
    if (record.cancelled || CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('Cancelled');

    undo.committed = true;
    await CancellationScope.nonCancellable(() => giveBackAndFinish(sourceUid, made));
    return record.close('Completed');
  } catch (error) {
    const failure = asFailure(error);
    if (failure) record.failed(failure);
    if (undo.unlockSource && !undo.committed) {
      record.enter('RollingBack');
      const incomplete = await CancellationScope.nonCancellable(() => undoAll(undo, steps, record));
      if (incomplete) throw failedWith(incomplete, record);
    }
    if (failure) throw failedWith(failure, record);
    if (record.cancelled) return record.close('Cancelled');
    record.closeInMemo();
    throw error;
  }

  /** A retry adopts nothing of an earlier run: what that left under the name goes first. */
  async function removeLeftover(cloneUid: string, disks: PlannedDisk[]): Promise<void> {
    const deadline = Date.now() + LEFTOVER_MS;
    await steps.proveCleanUp({ cloneUid, installation, source, target, disks, deadline });
  }

  async function giveBackAndFinish(sourceUid: string, made: TargetRecord): Promise<void> {
    record.enter('RestartingSource');
    const unlocked = await steps.unlockSource({
      ...owner,
      source,
      sourceUid,
      awaitReturn: true,
    });
    record.warn(unlocked.warning);
    if (unlocked.runningAt) record.mark('sourceRunningAt', unlocked.runningAt);
    record.enter('Finishing');
    try {
      record.warn((await steps.finishTarget({ ...owner, target, vmUid: made.vmUid })).warning);
    } catch (error) {
      record.warn({
        type: 'StartFailed',
        message: `${asFailure(error)?.message} The sweep finishes the clone.`,
      });
    }
  }
}
