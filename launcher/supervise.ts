import { Child, type ChildOptions } from './child';

/** The processes of one start, each begun when the one before is ready, stopped in the reverse order. */
export class Supervisor {
  private readonly children: Child[] = [];
  private stopping = false;
  private reportFailure: (error: Error) => void = () => {};
  /** Rejects when a child dies that nobody stopped. */
  readonly failed: Promise<never> = new Promise((_, reject) => {
    this.reportFailure = reject;
  });

  constructor() {
    // Whoever awaits it gets the rejection; nobody may, if the start itself has failed first.
    this.failed.catch(() => {});
  }

  /** Starts a child and waits until it is ready. @throws LaunchError; the reason of `signal`. */
  async start(options: ChildOptions, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const child = new Child(options);
    this.children.push(child);
    void child.exited.then((how) => {
      if (!this.stopping) this.reportFailure(child.failure(how));
    });
    await Promise.race([child.untilReady(signal), this.failed]);
  }

  /** Stops all, the last one started first. */
  async stop(onProgress: (line: string) => void = () => {}): Promise<void> {
    this.stopping = true;
    for (const child of [...this.children].reverse()) {
      if (child.isRunning) onProgress(`Stopping the ${child.name} …`);
      await child.stop();
    }
  }

  /** SIGKILL to all at once, for whoever can't wait. */
  kill(): void {
    this.stopping = true;
    for (const child of this.children) child.kill();
  }
}
