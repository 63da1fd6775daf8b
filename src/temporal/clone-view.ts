import type { WorkflowExecutionInfo } from '@temporalio/client';
import { percentForPhase } from '../clone/progress';
import {
  type CancelRequest,
  type CloneInput,
  type CloneView,
  type CopyHeartbeat,
  type DiskProgress,
  type Failure,
  type FinalDocument,
  MEMO,
  type Outcome,
  type Owner,
  PHASES,
  type Phase,
  type PlannedDisk,
  targetOfWorkflowId,
  type VmRef,
} from '../contract';
import { SearchAttributeKeys } from './search-attributes';

/** What was asked for, as the memo keeps it. */
export type CloneRequest = Omit<CloneInput, keyof Owner>;

/** What is only known of a clone that is under way. */
export interface LiveState {
  copy?: CopyHeartbeat;
  retrying?: CloneView['retrying'];
  /** Temporal's own cancellation was asked for. */
  cancelRequested?: boolean;
}

type Info = Omit<WorkflowExecutionInfo, 'raw'>;

/** Whether a workflow of that status goes on. */
export function isOpen({ status }: Info): boolean {
  return status.name === 'RUNNING' || status.name === 'PAUSED';
}

/**
 * A clone as Temporal's record of the execution tells: status first, then search attribute and memo. Lists show
 * this; the detail of one clone adds the live state or the final document.
 */
export function cloneView(info: Info, live: LiveState = {}): CloneView {
  const memo = info.memo ?? {};
  const target = targetOfWorkflowId(info.workflowId) ?? { namespace: '', name: info.workflowId };
  const request = memo[MEMO.request] as CloneRequest | undefined;
  const phase = phaseOf(info);
  const { copy } = live;
  const percent = percentForPhase(phase, copy?.percent ?? null);
  const failure = (memo[MEMO.failure] as Failure | undefined) ?? failureByStatus(info);
  const cancelRequested =
    (memo[MEMO.cancel] as CancelRequest | undefined) ??
    (live.cancelRequested ? { requestedBy: 'Temporal' } : undefined);
  return {
    id: `${target.namespace}/${target.name}`,
    workflowId: info.workflowId,
    runId: info.runId,
    cloneUid: memo[MEMO.cloneUid] as string | undefined,
    phase,
    percent,
    disks: copy?.disks ?? plannedDisks(memo[MEMO.disks] as PlannedDisk[] | undefined, phase),
    source: request?.source ?? sourceOf(info),
    target,
    description: request?.description,
    startAfterClone: request?.startAfterClone ?? false,
    requestedBy: (memo[MEMO.requestedBy] as string | undefined) ?? '',
    startedAt: info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString(),
    outcome: isOpen(info) ? undefined : (phase as Outcome),
    failure: phase === 'Completed' || phase === 'Cancelled' ? undefined : failure,
    warnings: [],
    cancelRequested,
    stalled: copy?.stalled,
    retrying: live.retrying,
  };
}

/** Adds the last word about a closed clone. Terminated and timed-out ones have none. */
export function withFinalDocument(view: CloneView, document: FinalDocument): CloneView {
  const { outcome, disks, warnings, failure, cancelRequested, timings, sourceDowntimeSeconds } = document;
  return {
    ...view,
    phase: outcome,
    percent: percentForPhase(outcome, null),
    outcome,
    disks,
    warnings,
    failure,
    cancelRequested,
    timings,
    sourceDowntimeSeconds,
  };
}

function phaseOf(info: Info): Phase {
  const value = info.typedSearchAttributes.get(SearchAttributeKeys.phase);
  const phase = PHASES.find((known) => known === value);
  switch (info.status.name) {
    case 'COMPLETED':
      return phase === 'Cancelled' ? 'Cancelled' : 'Completed';
    case 'CANCELLED':
      return 'Cancelled';
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'Failed';
    default:
      return phase ?? 'Queued';
  }
}

/** What Temporal's status alone says of a clone that could not have its own last word. */
function failureByStatus({ status }: Info): Failure | undefined {
  switch (status.name) {
    case 'TERMINATED':
      return { type: 'Terminated', message: `The workflow was terminated. ${SWEPT}` };
    case 'TIMED_OUT':
      return { type: 'TimedOut', message: `The workflow timed out. ${SWEPT}` };
    case 'FAILED':
      return { type: 'Internal', message: 'The workflow failed; see it in Temporal.' };
    default:
      return undefined;
  }
}

const SWEPT = 'The sweep removes what it left behind and gives the source its power state back.';

/** Past the copy every disk is whole; before it nothing is known. */
function plannedDisks(disks: PlannedDisk[] = [], phase: Phase): DiskProgress[] {
  const copied = phase === 'RestartingSource' || phase === 'Finishing' || phase === 'Completed';
  const state = copied ? { phase: 'Succeeded', percent: 100 } : { phase: '', percent: null };
  return disks.map(({ name, bytes }) => ({ name, bytes, ...state }));
}

function sourceOf(info: Info): VmRef {
  const [namespace = '', name = ''] = (
    info.typedSearchAttributes.get(SearchAttributeKeys.source) ?? ''
  ).split('/');
  return { namespace, name };
}
