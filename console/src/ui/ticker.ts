import { useSyncExternalStore } from 'react';

const TICK_MS = 1_000;

/** One clock for all that shows how time goes by; it stands still while nothing does. */
class Ticker {
  private readonly listeners = new Set<() => void>();
  private timer?: ReturnType<typeof setInterval>;
  private now = Date.now();

  readonly snapshot = (): number => this.now;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.timer) {
      this.now = Date.now();
      this.timer = setInterval(() => this.tick(), TICK_MS);
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  };

  private tick(): void {
    this.now = Date.now();
    for (const listener of this.listeners) listener();
  }
}

const ticker = new Ticker();

/** The time in milliseconds, once a second. */
export function useNow(): number {
  return useSyncExternalStore(ticker.subscribe, ticker.snapshot);
}
