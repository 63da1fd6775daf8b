import { ApplicationFailure } from '@temporalio/common';
import { LockUnreadable } from '../clone/lock';
import type { FailureType } from '../contract';
import { ApiError } from '../kubernetes';

/** A final, typed failure: ends the clone with that type and that sentence. */
export function failure(type: FailureType, message: string, ...details: unknown[]): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details });
}

/** What the cluster refuses for good, by HTTP status. Anything else is tried again. */
const FINAL: Readonly<Record<number, FailureType>> = {
  400: 'Refused',
  403: 'Forbidden',
  405: 'Refused',
  413: 'Refused',
  415: 'Refused',
  422: 'Refused',
};

/** Runs a forward step, so that answers which no repetition changes end it at once. */
export async function finalIfRefused<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LockUnreadable) throw failure('LockUnreadable', error.message);
    const type = error instanceof ApiError ? FINAL[error.code] : undefined;
    if (type) throw failure(type, `The cluster refused: ${(error as ApiError).message}`);
    throw error;
  }
}
