export interface BackOffOptions {
  /** Ends it: the promise then rejects with the signal's reason. */
  signal: AbortSignal;
  onFailure?: (error: unknown, nextTryInMs: number) => void;
  minMs?: number;
  maxMs?: number;
}

/** Tries until it succeeds or the signal ends it, waiting twice as long after each failure, jittered by ±20 %. */
export async function withBackOff<R>(
  work: () => Promise<R>,
  { signal, onFailure, minMs = 250, maxMs = 15_000 }: BackOffOptions,
): Promise<R> {
  for (let delay = minMs; ; delay = Math.min(maxMs, delay * 2)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const pause = Math.round(delay * (0.8 + 0.4 * Math.random()));
      onFailure?.(error, pause);
      await wait(pause, signal);
    }
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
