import { Context } from '@temporalio/activity';

/** Time that an attempt leaves unused at its end, in milliseconds: its last request has been aborted by then. */
const MARGIN = 10_000;

/**
 * Aborted when the attempt is cancelled, and well before the server gives it up: an abandoned attempt writes
 * nothing late. For short steps; those that wait go on as long as they heartbeat.
 */
export function attemptSignal(): AbortSignal {
  const { cancellationSignal, info } = Context.current();
  const left = info.startToCloseTimeoutMs - MARGIN;
  return left > 0 ? AbortSignal.any([cancellationSignal, AbortSignal.timeout(left)]) : cancellationSignal;
}
