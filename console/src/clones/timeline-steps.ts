import type { CloneAnswer } from '../../../src/api/answers';
import type { FailureType, Phase } from '../../../src/contract';
import { phaseName } from '../ui/phase-names';

/** `skipped`: it was not needed, or not brought to its end; the note says which. */
export type StepState = 'done' | 'current' | 'pending' | 'failed' | 'skipped';

export interface TimelineStep {
  key: StepPhase | 'Outcome';
  title: string;
  state: StepState;
  /** ISO 8601, as far as is known. */
  startedAt?: string;
  endedAt?: string;
  /** Of the undo: since when the source runs again. */
  sourceBackAt?: string;
  note?: string;
}

type View = Pick<
  CloneAnswer,
  'phase' | 'outcome' | 'timings' | 'startedAt' | 'endedAt' | 'failure' | 'cancelRequested' | 'disks'
>;

const FORWARD = ['Validating', 'ShuttingDown', 'Copying', 'RestartingSource', 'Finishing'] as const;
type ForwardPhase = (typeof FORWARD)[number];
type StepPhase = ForwardPhase | 'RollingBack';

/**
 * A clone's phases in their order, with what became of each, and its outcome. Only the final document has times; without
 * them (under way, terminated) phase and failure tell what they can.
 */
export function timelineOf(clone: View): TimelineStep[] {
  return [...FORWARD.map((phase) => forwardStep(clone, phase)), ...undoStep(clone), outcomeStep(clone)];
}

function forwardStep(clone: View, phase: ForwardPhase): TimelineStep {
  const step = { key: phase, title: phaseName(phase) };
  const state = clone.outcome === undefined ? openState(clone, phase) : closedState(clone, phase);
  return { ...step, ...state, ...timesOf(clone, phase, state.state) };
}

type Judged = Pick<TimelineStep, 'state' | 'note'>;

/** Of a clone under way. */
function openState({ phase: now, failure }: View, phase: ForwardPhase): Judged {
  if (now === 'Queued') return { state: 'pending' };
  const index = FORWARD.indexOf(phase);
  const at = (FORWARD as readonly Phase[]).indexOf(now);
  if (at >= 0) return { state: index < at ? 'done' : index === at ? 'current' : 'pending' };
  // Rolling back, which begins after the check at the earliest and before the source restarts.
  if (index === 0) return { state: 'done' };
  if (index > FORWARD.indexOf('Copying')) return NOT_REACHED;
  const broken = failure && BREAKS[failure.type];
  if (!broken) return { state: 'skipped', note: 'Is being undone' };
  const brokenIndex = FORWARD.indexOf(broken);
  if (index === brokenIndex) return { state: 'failed' };
  return index < brokenIndex ? { state: 'done' } : NOT_REACHED;
}

const NOT_REACHED: Judged = { state: 'skipped', note: 'Not reached' };
const WAS_OFF: Judged = { state: 'skipped', note: 'The source was off' };

/** Of a clone that has ended. */
function closedState(clone: View, phase: ForwardPhase): Judged {
  const { outcome, timings, cancelRequested, failure } = clone;
  if (outcome === 'Completed') return completedState(clone, phase);
  if (!timings) return { state: 'skipped', note: 'Not recorded' };
  const broken = brokenAt(clone);
  const index = FORWARD.indexOf(phase);
  const at = FORWARD.indexOf(broken);
  if (index > at) return NOT_REACHED;
  if (index < at) return phase === 'ShuttingDown' && !timings.sourceStoppedAt ? WAS_OFF : { state: 'done' };
  const isCancelled = outcome === 'Cancelled' || (cancelRequested && failure?.type === 'CleanupIncomplete');
  if (!isCancelled) return { state: 'failed' };
  return broken === 'RestartingSource' ? NOT_REACHED : { state: 'skipped', note: 'Cancelled here' };
}

function completedState({ timings }: View, phase: ForwardPhase): Judged {
  const wasOff = timings !== undefined && !timings.sourceStoppedAt;
  if (wasOff && phase === 'ShuttingDown') return WAS_OFF;
  if (wasOff && phase === 'RestartingSource') return { state: 'skipped', note: 'The source stays off' };
  if (timings && phase === 'RestartingSource' && !timings.sourceRunningAt) {
    return { state: 'done', note: 'The source was not seen running again' };
  }
  return { state: 'done' };
}

/** In which phase a failure can only have come, once there is a plan. Of the others the times tell. */
const BREAKS: Partial<Record<FailureType, ForwardPhase>> = {
  SourceShutdownFailed: 'ShuttingDown',
  NameTaken: 'Copying',
  CopyFailed: 'Copying',
  SourceUsedDuringCopy: 'Copying',
  TargetDeleted: 'Copying',
};

/** The phase that a failed or cancelled clone did not bring to its end. */
function brokenAt({ timings, failure, disks }: View): ForwardPhase {
  if (timings?.copiedAt) return 'RestartingSource';
  if (timings?.copyStartedAt) return 'Copying';
  // The plan names the disks; before there is one nothing has been touched.
  if (!timings?.sourceStoppedAt && disks.length === 0) return 'Validating';
  return (failure && BREAKS[failure.type]) ?? 'ShuttingDown';
}

/** Each phase's times, as far as one is known by where the next begins. */
function timesOf(
  { startedAt, endedAt, timings, outcome }: View,
  phase: ForwardPhase,
  state: StepState,
): Pick<TimelineStep, 'startedAt' | 'endedAt'> {
  if (phase === 'Validating' && state === 'current') return { startedAt };
  if (!timings || state === 'pending' || state === 'skipped') return {};
  const { sourceStoppedAt, copyStartedAt, copiedAt, sourceRunningAt } = timings;
  // What the undo does later ends no step of the way forward.
  const backAt = outcome === 'Completed' ? sourceRunningAt : undefined;
  switch (phase) {
    case 'Validating':
      return given(
        timings.startedAt,
        sourceStoppedAt ?? copyStartedAt ?? (state === 'failed' ? endedAt : undefined),
      );
    case 'ShuttingDown':
      return given(sourceStoppedAt, copyStartedAt);
    case 'Copying':
      return given(copyStartedAt, copiedAt);
    case 'RestartingSource':
      return given(copiedAt, backAt);
    case 'Finishing':
      return given(backAt ?? (sourceStoppedAt ? undefined : copiedAt), endedAt);
  }
}

function given(startedAt: string | undefined, endedAt: string | undefined) {
  return { ...(startedAt && { startedAt }), ...(endedAt && { endedAt }) };
}

/** The undo, where there is or was one: a clone that ends in its check has touched nothing. */
function undoStep(clone: View): TimelineStep[] {
  const { phase, outcome, failure, cancelRequested, timings, endedAt } = clone;
  const step = { key: 'RollingBack', title: phaseName('RollingBack') } as const;
  if (!outcome) {
    if (phase === 'RollingBack') return [{ ...step, state: 'current' }];
    return cancelRequested || failure ? [{ ...step, state: 'pending' }] : [];
  }
  if (outcome === 'Completed' || !timings) return [];
  const broken = brokenAt(clone);
  const { sourceRunningAt } = timings;
  const times = { ...given(undefined, endedAt), ...(sourceRunningAt && { sourceBackAt: sourceRunningAt }) };
  if (failure?.type === 'CleanupIncomplete') return [{ ...step, state: 'failed', ...times }];
  // Past the copy nothing is undone but what was cancelled just then.
  const isUndone = broken !== 'Validating' && (broken !== 'RestartingSource' || outcome === 'Cancelled');
  return isUndone ? [{ ...step, state: 'done', ...times }] : [];
}

const STATES: Readonly<Record<'Completed' | 'Cancelled' | 'Failed', StepState>> = {
  Completed: 'done',
  Cancelled: 'done',
  Failed: 'failed',
};

function outcomeStep({ outcome, failure, cancelRequested, endedAt }: View): TimelineStep {
  const key = 'Outcome';
  if (outcome)
    return { key, title: phaseName(outcome), state: STATES[outcome], ...given(undefined, endedAt) };
  const likely: Phase = failure ? 'Failed' : cancelRequested ? 'Cancelled' : 'Completed';
  return { key, title: phaseName(likely), state: 'pending' };
}
