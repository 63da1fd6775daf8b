import { Context } from '@temporalio/activity';

/**
 * One timer that heartbeats for every waiting activity of the process. (A timer or `Context.sleep` in each
 * costs memory that grows with their number.)
 */
export class HeartbeatTicker {
  private readonly beats = new Set<() => void>();
  private timer?: NodeJS.Timeout;

  /** `intervalMs`: as often as the worker's heartbeat throttle lets one through. */
  constructor(private readonly intervalMs: number) {}

  /** Heartbeats at once and at every tick with what `details` then says, while `work` runs. */
  async during<R>(details: () => unknown, work: () => Promise<R>): Promise<R> {
    const context = Context.current();
    const beat = () => context.heartbeat(details());
    this.add(beat);
    try {
      return await work();
    } finally {
      this.remove(beat);
    }
  }

  private add(beat: () => void): void {
    beat();
    this.beats.add(beat);
    this.timer ??= setInterval(() => {
      for (const each of this.beats) each();
    }, this.intervalMs);
  }

  private remove(beat: () => void): void {
    this.beats.delete(beat);
    if (this.beats.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
