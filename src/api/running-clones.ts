import type { Client } from '@temporalio/client';
import type { CloneView } from '../contract';
import { listClones } from '../temporal';
import { Lru } from '../temporal/lru';

const PAGE = 1000;
const MAX_PAGES = 10;
/** It is no more than a courtesy: nobody waits long for it. */
const TIMEOUT_MS = 2_000;
/** How long a clone is told to have ended: as long as a list may lag, and clocks differ. */
const ENDED_MS = 60_000;
/** How many clones that were asked to cancel, and how many that ended, are remembered. */
const KEPT = 5_000;

/**
 * The clones under way, by id, from one visibility query that all requests and the live feed share: asked at most
 * every `maxAgeMs`, however many ask here. It may lag; while Temporal is down it stays as it was.
 */
export class RunningClones {
  private clones = new Map<string, CloneView>();
  private ended: readonly CloneView[] = [];
  /** By the clone's uid. A request to cancel is never taken back, though a list that lags may not know of it yet. */
  private readonly cancelling = new Lru<true>(KEPT);
  /** Runs that are known to have ended, which a list that lags may still show as open. */
  private readonly over = new Lru<true>(KEPT);
  private readAt = Number.NEGATIVE_INFINITY;
  private reading?: Promise<void>;

  constructor(
    private readonly client: Client,
    private readonly now: () => number,
    private readonly maxAgeMs = 2_000,
  ) {}

  async get(): Promise<ReadonlyMap<string, CloneView>> {
    if (this.now() - this.readAt >= this.maxAgeMs) {
      // Names and "Cancelling…" may be behind; `/readyz` tells that Temporal is down.
      await this.refresh().catch(() => undefined);
    }
    return this.clones;
  }

  /**
   * Asks now, or joins who is asking: those under way and, so that none can begin and end unseen between two lists,
   * the runs that ended within the last minute. Rejects when Temporal does not answer.
   */
  async refresh(): Promise<{ open: ReadonlyMap<string, CloneView>; ended: readonly CloneView[] }> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
      this.readAt = this.now();
    });
    await this.reading;
    return { open: this.clones, ended: this.ended };
  }

  /** Whether the clone of that uid is known to have been asked to cancel. */
  isCancelling(cloneUid: string | undefined): boolean {
    return cloneUid !== undefined && this.cancelling.get(cloneUid) === true;
  }

  /** Notes what a newer look at one clone has shown: that it is being cancelled, that its name is free again. */
  note({ id, runId, cloneUid, cancelRequested, outcome }: CloneView): void {
    if (cloneUid !== undefined && cancelRequested) this.cancelling.set(cloneUid, true);
    if (!outcome) return;
    this.over.set(runId, true);
    if (this.clones.get(id)?.runId === runId) this.clones.delete(id);
  }

  private async read(): Promise<void> {
    const clones = new Map<string, CloneView>();
    const ended: CloneView[] = [];
    const openSince = new Date(this.now() - ENDED_MS);
    let pageToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await listClones(this.client, {
        filters: { openSince },
        limit: PAGE,
        pageToken,
        timeoutMs: TIMEOUT_MS,
      });
      for (const clone of answer.items) {
        if (clone.outcome) ended.push(clone);
        else clones.set(clone.id, clone);
      }
      pageToken = answer.nextPageToken;
      if (!pageToken) break;
    }
    this.clones = clones;
    this.ended = ended;
    for (const [id, clone] of clones) {
      if (this.over.get(clone.runId)) clones.delete(id);
      else this.note(clone);
    }
  }
}
