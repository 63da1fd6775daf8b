import type { QueryClient } from '@tanstack/react-query';
import type { CloneAnswer, ClonePage, VmPage } from '../../../src/api/answers';
import type { VmRow } from '../../../src/clone/status';
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
  private readonly vms: Throttled;
  private readonly clones: Throttled;
  private readonly plans: Throttled;

  constructor(private readonly queries: QueryClient) {
    this.vms = new Throttled(() => queries.invalidateQueries({ queryKey: KEYS.vms }));
    this.clones = new Throttled(() => queries.invalidateQueries({ queryKey: KEYS.clones }));
    // A dialogue that is open checks its name and its source against what there is now.
    this.plans = new Throttled(() => queries.invalidateQueries({ queryKey: KEYS.plans }));
  }

  apply(event: LiveEvent): void {
    switch (event.name) {
      case 'vm':
        this.vmChanged(event.data.row, event.data.moved);
        break;
      case 'vm-gone':
        recentRows.forget(`${event.data.namespace}/${event.data.name}`);
        this.queries.removeQueries({ queryKey: KEYS.vm(event.data), type: 'inactive' });
        void this.queries.invalidateQueries({ queryKey: KEYS.vm(event.data) });
        this.plans.ask();
        this.vms.ask();
        break;
      case 'clone':
        this.cloneChanged(event.data);
        break;
      case 'resync':
        void this.queries.invalidateQueries();
    }
  }

  private vmChanged(row: VmRow, moved: boolean): void {
    recentRows.tell(`${row.namespace}/${row.name}`, row);
    this.queries.setQueriesData<VmPage>({ queryKey: KEYS.vms }, (page) => {
      const at = page?.items.findIndex(
        ({ namespace, name }) => namespace === row.namespace && name === row.name,
      );
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

/** Does a thing at once, and then at most once in a while, however often it is asked for. */
class Throttled {
  private timer?: ReturnType<typeof setTimeout>;
  private again = false;

  constructor(private readonly run: () => unknown) {}

  ask(): void {
    if (this.timer) {
      this.again = true;
      return;
    }
    this.run();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!this.again) return;
      this.again = false;
      this.ask();
    }, REREAD_MS);
  }
}
