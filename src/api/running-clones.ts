import type { Client } from '@temporalio/client';
import type { CloneView } from '../contract';
import { listClones } from '../temporal';

const PAGE = 1000;
const MAX_PAGES = 10;
/** It is no more than a courtesy: nobody waits long for it. */
const TIMEOUT_MS = 2_000;

/**
 * The clones under way, by id, from one visibility query that all requests share: asked at most every
 * `maxAgeMs`, however many ask here. It may lag; while Temporal is down it stays as it was.
 */
export class RunningClones {
  private clones: ReadonlyMap<string, CloneView> = new Map();
  private readAt = Number.NEGATIVE_INFINITY;
  private reading?: Promise<void>;

  constructor(
    private readonly client: Client,
    private readonly now: () => number,
    private readonly maxAgeMs = 2_000,
  ) {}

  async get(): Promise<ReadonlyMap<string, CloneView>> {
    if (this.now() - this.readAt >= this.maxAgeMs) {
      this.reading ??= this.read().finally(() => {
        this.reading = undefined;
      });
      await this.reading;
    }
    return this.clones;
  }

  private async read(): Promise<void> {
    try {
      const clones = new Map<string, CloneView>();
      let pageToken: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await listClones(this.client, {
          filters: { open: true },
          limit: PAGE,
          pageToken,
          timeoutMs: TIMEOUT_MS,
        });
        for (const clone of answer.items) clones.set(clone.id, clone);
        pageToken = answer.nextPageToken;
        if (!pageToken) break;
      }
      this.clones = clones;
    } catch {
      // Names and "Cancelling…" may be behind; `/readyz` tells that Temporal is down.
    }
    this.readAt = this.now();
  }
}
