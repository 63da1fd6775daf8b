/** So many at a time. */
const AT_ONCE = 8;
/** How many wait while nobody listens; of more, those that came first are forgotten. */
const MOST_WAITING = 1_000;
/** A mark is set a moment before, or after, the workflow says so: then it is looked at again. */
const AGAIN_MS = [250, 1_000];

export interface LiveChecksDeps {
  /** Looks at one clone. */
  check: (id: string) => Promise<void>;
  /** There is nothing more to come from that clone. */
  isOver: (id: string) => boolean;
  onError: (error: unknown, id: string) => void;
}

/** Who is looked at next: each clone once at a time and few at once. A look that failed is due again when asked. */
export class LiveChecks {
  private readonly waiting = new Set<string>();
  private readonly underWay = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private isRunning = false;

  constructor(private readonly deps: LiveChecksDeps) {}

  get running(): boolean {
    return this.isRunning;
  }

  set running(running: boolean) {
    this.isRunning = running;
    if (running) {
      this.proceed();
      return;
    }
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  /** Once it is its turn. A look that has begun may be too old: then there will be another. */
  now(id: string): void {
    this.waiting.add(id);
    this.proceed();
    const [oldest] = this.waiting;
    const isTooMany = !this.isRunning && this.waiting.size > MOST_WAITING;
    if (isTooMany && oldest !== undefined) this.waiting.delete(oldest);
  }

  /** Now and, unless it is over, twice again within a second or so. */
  soon(id: string, times: readonly number[] = AGAIN_MS): void {
    this.now(id);
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    const [delay, ...later] = times;
    if (!this.isRunning || delay === undefined) return;
    const timer = setTimeout(() => {
      this.timers.delete(id);
      if (!this.deps.isOver(id)) this.soon(id, later);
    }, delay).unref();
    this.timers.set(id, timer);
  }

  /** Those of which the last look has failed. */
  again(): void {
    for (const id of this.failed) this.now(id);
    this.failed.clear();
  }

  private proceed(): void {
    if (!this.isRunning) return;
    for (const id of this.waiting) {
      if (this.underWay.size >= AT_ONCE) return;
      if (this.underWay.has(id)) continue;
      this.waiting.delete(id);
      this.underWay.add(id);
      void this.run(id);
    }
  }

  private async run(id: string): Promise<void> {
    try {
      await this.deps.check(id);
    } catch (error) {
      this.failed.add(id);
      this.deps.onError(error, id);
    }
    this.underWay.delete(id);
    this.proceed();
  }
}
