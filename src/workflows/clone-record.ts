import { defineSearchAttributeKey } from '@temporalio/common';
import {
  log,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { currentDetails } from '../clone/details';
import {
  type CancelRequest,
  type CloneInput,
  type CloneState,
  type Failure,
  type FinalDocument,
  MEMO,
  type Outcome,
  type Phase,
  type PlannedDisk,
  SEARCH_ATTRIBUTES,
  type TargetRecord,
  type Timings,
  type Warning,
} from '../contract';

const CLONE_PHASE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');

/**
 * What a clone has come to, kept where each reader looks: the state for the query and the final document, the
 * phase as a search attribute, failure, cancel and the target's uids in the memo (`describe()` shows those with
 * no worker up), and words for whoever opens the workflow in Temporal's UI.
 */
export class CloneRecord {
  readonly state: CloneState;

  constructor({ cloneUid, source, target, requestedBy, startAfterClone }: CloneInput) {
    this.state = {
      cloneUid,
      phase: 'Validating',
      source,
      target,
      requestedBy,
      startAfterClone,
      disks: [],
      timings: { startedAt: workflowInfo().startTime.toISOString() },
      warnings: [],
    };
  }

  enter(phase: Phase): void {
    this.state.phase = phase;
    const known = workflowInfo().typedSearchAttributes.get(CLONE_PHASE);
    if (known !== phase) upsertSearchAttributes([{ key: CLONE_PHASE, value: phase }]);
    setCurrentDetails(currentDetails(this.state));
    const { cloneUid, target } = this.state;
    log.info('clone enters phase', { cloneId: `${target.namespace}/${target.name}`, cloneUid, phase });
  }

  planned(disks: PlannedDisk[]): void {
    this.state.disks = disks.map(({ name, bytes }) => ({ name, bytes, phase: '', percent: null }));
  }

  mark(time: keyof Timings, at: string = new Date().toISOString()): void {
    this.state.timings[time] = at;
  }

  made(target: TargetRecord): void {
    upsertMemo({ [MEMO.target]: target });
  }

  warn(...warnings: (Warning | undefined)[]): void {
    this.state.warnings.push(...warnings.filter((warning) => warning !== undefined));
  }

  cancelAsked(request: CancelRequest): void {
    this.state.cancelRequested = request;
    upsertMemo({ [MEMO.cancel]: request });
    setCurrentDetails(currentDetails(this.state));
  }

  /** Shows at once, while the undo still runs. */
  failed(failure: Failure): void {
    this.state.failure = failure;
    upsertMemo({ [MEMO.failure]: failure });
  }

  /** The last word; the workflow ends in the same task. */
  close(outcome: Outcome): FinalDocument {
    this.mark('endedAt');
    const { sourceStoppedAt, sourceRunningAt } = this.state.timings;
    if (sourceStoppedAt && sourceRunningAt) {
      this.state.sourceDowntimeSeconds =
        Math.round((Date.parse(sourceRunningAt) - Date.parse(sourceStoppedAt)) / 100) / 10;
    }
    this.enter(outcome);
    return { ...this.state, outcome };
  }

  /** For Temporal's own cancel, whose close carries neither a result nor details. */
  closeInMemo(): void {
    upsertMemo({ [MEMO.final]: this.close('Cancelled') });
  }

  get cancelled(): boolean {
    return this.state.cancelRequested !== undefined;
  }
}
