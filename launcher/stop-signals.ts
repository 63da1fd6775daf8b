import type { EventEmitter } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The reason with which a start is aborted when the user has asked for it. */
export class StopRequested extends Error {
  override name = 'StopRequested';
}

const PARENT_CHECK_MS = 1_000;

/**
 * Aborts at the first Ctrl-C, SIGTERM or closed terminal; calls `onSecond` at the next. Also when npm has been ended:
 * it hands a SIGTERM to the shell between it and us, which ends without passing it on.
 */
export function stopSignals(onSecond: () => void, source: EventEmitter = process): AbortSignal {
  const controller = new AbortController();
  if (process.env.npm_lifecycle_event !== undefined) {
    const { ppid } = process;
    const timer = setInterval(() => {
      if (process.ppid === ppid) return;
      clearInterval(timer);
      controller.abort(new StopRequested('npm has ended'));
    }, PARENT_CHECK_MS).unref();
  }
  for (const name of SIGNALS) {
    source.on(name, () => {
      if (controller.signal.aborted) onSecond();
      else controller.abort(new StopRequested(name));
    });
  }
  return controller.signal;
}
