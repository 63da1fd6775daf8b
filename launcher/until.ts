import { setTimeout as sleep } from 'node:timers/promises';

/** Asks four times a second until the answer is true or `signal` ends the wait; an attempt that throws counts as false. */
export async function until(
  attempt: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  while (!(await attempt(signal).catch(() => false))) {
    await sleep(250, undefined, { signal });
  }
}

/** Whether a GET is answered with 2xx within two seconds. */
export async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) });
  await response.body?.cancel();
  return response.ok;
}
