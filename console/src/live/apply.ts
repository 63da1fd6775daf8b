import type { QueryClient } from '@tanstack/react-query';
import type { CloneAnswer, ClonePage, VmPage } from '../../../src/api/answers';
import type { VmRow } from '../../../src/clone/status';
import { isSameVm } from '../../../src/contract';
import { KEYS } from '../api/queries';
import { recentClones, recentRows } from '../api/recent';
import type { LiveEvent } from './feed';

/** Lists that are to be read anew are read at most so often. */
const REREAD_MS = 500;

/**
 * Brings what is shown up to date by the live feed: rows are changed in place; what filters, counts or the order may
 * show elsewhere is asked of the API, which knows all rows.
 */
export class LiveCache {
  private readonly vms: Rereads;
  private readonly clones: Rereads;
  private readonly plans: Rereads;
  private readonly all: Rereads;

  constructor(private readonly queries: QueryClient) {
    this.vms = new Rereads(queries, KEYS.vms);
    this.clones = new Rereads(queries, KEYS.clones);
    // A dialogue that is open checks its name and its source against what there is now.
    this.plans = new Rereads(queries, KEYS.plans);
    // Who has missed something has nothing to gain from what is on its way.
    this.all = new Rereads(queries, [], true);
  }

  apply(event: LiveEvent): void {
    switch (event.name) {
      case 'vm':
        this.vmChanged(event.data.row, event.data.moved);
        break;
      case 'vm-gone':
        recentRows.forget(`${event.data.namespace}/${event.data.name}`);
        this.queries.removeQueries({ queryKey: KEYS.vm(event.data), type: 'inactive' });
        void this.rereadGone(KEYS.vm(event.data));
        this.plans.ask();
        this.vms.ask();
        break;
      case 'clone':
        this.cloneChanged(event.data);
        break;
      case 'resync':
        this.all.ask();
    }
  }

  /** What is still on its way of a VM that has gone may show it. */
  private async rereadGone(queryKey: readonly string[]): Promise<void> {
    await this.queries.cancelQueries({ queryKey });
    await this.queries.invalidateQueries({ queryKey });
  }

  private vmChanged(row: VmRow, moved: boolean): void {
    recentRows.tell(`${row.namespace}/${row.name}`, row);
    this.queries.setQueriesData<VmPage>({ queryKey: KEYS.vms }, (page) => {
      const at = page?.items.findIndex((each) => isSameVm(each, row));
      if (!page || at === undefined || at < 0) return page;
      return { ...page, items: page.items.with(at, row) };
    });
    if (!moved) return;
    this.plans.ask();
    this.vms.ask();
  }

  private cloneChanged(clone: CloneAnswer): void {
    recentClones.tell(clone.runId, clone);
    for (const runId of [undefined, clone.runId]) {
      this.queries.setQueryData<CloneAnswer>(KEYS.clone(clone.id, runId), (known) =>
        known && known.startedAt <= clone.startedAt ? clone : known,
      );
    }
    let listed = false;
    let phaseChanged = false;
    this.queries.setQueriesData<ClonePage>({ queryKey: KEYS.clones }, (page) => {
      const at = page?.items.findIndex(({ runId }) => runId === clone.runId);
      if (!page || at === undefined || at < 0) return page;
      listed = true;
      phaseChanged ||= page.items[at]?.phase !== clone.phase;
      return { ...page, items: page.items.with(at, clone) };
    });
    if (!listed || phaseChanged) this.clones.ask();
  }
}

/**
 * Reads queries anew: at once, and then at most once in a while, however often it is asked for. An answer that is on
 * its way is waited for, or none would come where changes are quicker than the network; as it may be older than the
 * change, the query is read once more after it.
 */
class Rereads {
  private busy = false;
  private again = false;

  constructor(
    private readonly queries: QueryClient,
    private readonly queryKey: readonly string[],
    private readonly cancelRefetch = false,
  ) {}

  ask(): void {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const { queries, queryKey, cancelRefetch } = this;
    this.again = queries.isFetching({ queryKey }) > 0;
    const read = queries.invalidateQueries({ queryKey }, { cancelRefetch });
    const pause = new Promise((resolve) => setTimeout(resolve, REREAD_MS));
    void Promise.all([read, pause]).then(() => {
      this.busy = false;
      if (this.again) this.ask();
    });
  }
}
