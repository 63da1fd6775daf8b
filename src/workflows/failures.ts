import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { FAILURES, type Failure, type FailureType } from '../contract';
import type { CloneRecord } from './clone-record';

/** Why a step failed, in our own types; undefined for a cancellation. */
export function asFailure(error: unknown): Failure | undefined {
  if (isCancellation(error)) return undefined;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && isFailureType(cause.type)) {
    return { type: cause.type, message: cause.message };
  }
  const step = error instanceof ActivityFailure ? error.activityType : 'The workflow';
  if (cause instanceof TimeoutFailure || cause instanceof ApplicationFailure) {
    const last = cause instanceof TimeoutFailure ? cause.cause : cause;
    const why = last?.message ? `: ${last.message}` : '';
    return { type: 'ClusterUnreachable', message: `${step} did not succeed in its time${why}.` };
  }
  return { type: 'Internal', message: `${step}: ${error instanceof Error ? error.message : String(error)}` };
}

/** The workflow's end: the failure with the final document. */
export function failedWith(failure: Failure, record: CloneRecord): ApplicationFailure {
  record.state.failure = failure;
  const { type, message } = failure;
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [record.close('Failed')] });
}

function isFailureType(type: string | null | undefined): type is FailureType {
  return FAILURES.some((known) => known === type);
}
