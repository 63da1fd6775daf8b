/** Subscribes `wake` to something that changes; returns the function that ends it. */
export type ChangeSource = (wake: () => void) => () => void;

export interface AwaitOptions {
  signal: AbortSignal;
  /** Evaluates again after so many milliseconds without a change: heals what a stale read decided. */
  recheckMs?: number;
  /** Epoch milliseconds at which to give up. */
  deadline?: number;
}

/**
 * Evaluates now and after each change, until the answer is not undefined. Resolves undefined at the deadline;
 * rejects with the signal's reason, or with what `evaluate` throws. Changes in mid-evaluation coalesce.
 */
export function awaitChange<R>(
  sources: readonly ChangeSource[],
  evaluate: () => R | undefined | Promise<R | undefined>,
  { signal, recheckMs, deadline }: AwaitOptions,
): Promise<R | undefined> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let evaluating = false;
    let changed = false;
    let hasDeadline = false;
    const timers: NodeJS.Timeout[] = [];
    const subscriptions = sources.map((subscribe) => subscribe(wake));
    const abort = () => settle(() => reject(signal.reason));

    function settle(finish: () => void): void {
      if (settled) return;
      settled = true;
      for (const end of subscriptions) end();
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      finish();
    }

    async function wake(): Promise<void> {
      changed = true;
      if (evaluating || settled) return;
      evaluating = true;
      try {
        while (changed && !settled) {
          changed = false;
          const answer = await evaluate();
          if (answer !== undefined) settle(() => resolve(answer));
          startDeadline();
        }
      } catch (error) {
        settle(() => reject(error));
      } finally {
        evaluating = false;
      }
    }

    signal.addEventListener('abort', abort, { once: true });
    if (recheckMs) timers.push(setInterval(wake, recheckMs));
    if (signal.aborted) abort();
    else void wake();

    /** Only after the first look: a state that is already reached counts, however late we came. */
    function startDeadline(): void {
      if (deadline === undefined || settled || hasDeadline) return;
      hasDeadline = true;
      timers.push(setTimeout(() => settle(() => resolve(undefined)), Math.max(0, deadline - Date.now())));
    }
  });
}
