import type { EventEmitter } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The reason with which a start is aborted when the user has asked for it. */
export class StopRequested extends Error {
  override name = 'StopRequested';
}

/** Aborts at the first Ctrl-C, SIGTERM or closed terminal; calls `onSecond` at the next. */
export function stopSignals(onSecond: () => void, source: EventEmitter = process): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    source.on(name, () => {
      if (controller.signal.aborted) onSecond();
      else controller.abort(new StopRequested(name));
    });
  }
  return controller.signal;
}
