import type { CloneAnswer } from '../../../src/api/answers';

/** A clone that this tab has asked for. */
export interface AskedClone {
  clone: CloneAnswer;
  /** Its copy has begun, and that was told. */
  started: boolean;
}

export type News = 'started' | 'failed' | 'completed' | 'cancelled';

/**
 * What is worth a toast, and once: how the clones go that this tab asked for, and every failure from when it was
 * opened on, whoever asked. Failures are told when they happen, while what was begun is still being undone.
 */
export class CloneNews {
  private readonly asked = new Map<string, AskedClone>();
  private readonly failed = new Set<string>();

  /** Runs of this tab that have not ended: after a gap in the feed they are asked for. */
  get open(): CloneAnswer[] {
    return [...this.asked.values()].map(({ clone }) => clone);
  }

  ask(clone: CloneAnswer): void {
    if (!this.asked.has(clone.runId)) this.asked.set(clone.runId, { clone, started: false });
  }

  /** A clone as it stood when the page was opened: its failure is no news. */
  know({ runId, failure }: CloneAnswer): void {
    if (failure && !this.asked.has(runId)) this.failed.add(runId);
  }

  /** What is new in this state of a clone. */
  take(clone: CloneAnswer): News[] {
    const { runId, outcome, phase, failure } = clone;
    const asked = this.asked.get(runId);
    const news: News[] = [];
    if (asked && !asked.started && phase === 'Copying') {
      asked.started = true;
      news.push('started');
    }
    if (failure && !this.failed.has(runId)) {
      this.failed.add(runId);
      news.push('failed');
    }
    if (!outcome) return news;
    this.asked.delete(runId);
    if (!asked) return news;
    if (!asked.started && outcome === 'Completed') news.push('started');
    if (outcome === 'Completed') news.push('completed');
    if (outcome === 'Cancelled') news.push('cancelled');
    return news;
  }
}
