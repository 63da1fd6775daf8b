import { isDeepStrictEqual } from 'node:util';
import type { VmRow } from '../clone/status';
import type { Caches } from '../kubernetes';
import type { Logger } from '../log';
import type { EventJournal } from './events-journal';
import { cloneUidOf, keyOf } from './live-index';
import { SORT_KEYS } from './schemas';
import type { VmRows } from './vm-rows';

/** A controller writes several times in a row: that is told as one change. */
const GATHER_MS = 50;
/** Rows that are computed before others get their turn. */
const PORTION = 500;

export interface LiveVmsDeps {
  caches: Pick<Caches, 'virtualMachines' | 'instances' | 'dataVolumes'>;
  rows: VmRows;
  journal: EventJournal;
  logger: Logger;
}

/**
 * Publishes each row of the list of VMs that has become another one. It works whether or not anyone listens, so that
 * whoever comes back can be told what happened; only rows whose objects have changed are computed.
 */
export class LiveVms {
  /** The rows as last told, by `<namespace>/<name>`; undefined: it is there, but was not looked at in time. */
  private told?: Map<string, VmRow | undefined>;
  private readonly changed = new Set<string>();
  private timer?: NodeJS.Timeout;
  /** Somebody listens who could not read the list yet. */
  private owesList = false;

  constructor(private readonly deps: LiveVmsDeps) {
    const { virtualMachines, instances, dataVolumes } = deps.caches;
    virtualMachines.onChange({}, (_type, vm) => this.touch(keyOf(vm)));
    instances.onChange({}, (_type, vmi) => this.touch(keyOf(vmi)));
    dataVolumes.onChange({}, (_type, dataVolume) => {
      for (const vm of deps.rows.targetsOf(cloneUidOf(dataVolume))) this.touch(keyOf(vm));
    });
  }

  /** Something that the row of that VM shows may have changed. */
  touch(key: string): void {
    if (!this.begin(key)) return;
    this.changed.add(key);
    this.timer ??= setTimeout(() => this.publish(), GATHER_MS).unref();
  }

  /** Says that somebody listens from now on; again from time to time, until the cluster has been read. */
  listen(): void {
    const begun = this.begin();
    if (begun && this.owesList) this.deps.journal.publish('resync', {});
    this.owesList = !begun;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /**
   * Takes what is there as told, once it has all been read: a first list is no news. `changing` has just become
   * another one, so that what it was can't be seen any more.
   */
  private begin(changing?: string): boolean {
    if (this.told) return true;
    const { rows } = this.deps;
    if (!rows.synced) return false;
    this.told = new Map(
      rows.current().map((row) => {
        const key = `${row.namespace}/${row.name}`;
        return [key, key === changing ? undefined : row];
      }),
    );
    // A VM that is gone by now was there when the list was read.
    if (changing !== undefined && !this.told.has(changing)) this.told.set(changing, undefined);
    return true;
  }

  private publish(): void {
    this.timer = undefined;
    let left = PORTION;
    for (const key of this.changed) {
      if (left === 0) break;
      left -= 1;
      this.changed.delete(key);
      this.publishSafely(key);
    }
    if (this.changed.size > 0) this.timer = setTimeout(() => this.publish(), 0).unref();
  }

  /** Nobody is there to catch what a timer throws: it would end the process. */
  private publishSafely(key: string): void {
    try {
      this.publishOne(key);
    } catch (error) {
      this.deps.logger.error({ err: error, vm: key }, 'VM not told');
    }
  }

  private publishOne(key: string): void {
    const { rows, journal } = this.deps;
    const [namespace = '', name = ''] = key.split('/');
    const row = rows.currentOf(namespace, name);
    const before = this.told?.get(key);
    if (row) {
      if (isDeepStrictEqual(row, before)) return;
      this.told?.set(key, row);
      journal.publish('vm', { row, moved: !before || placeOf(row) !== placeOf(before) });
    } else if (this.told?.delete(key)) {
      journal.publish('vm-gone', { namespace, name });
    }
  }
}

/** All by which filters, counts and sorting place a row; a status counts without its percent. */
function placeOf(row: VmRow): string {
  const status = row.percent === null ? row.status : row.status.replace(`${row.percent}%`, '');
  return JSON.stringify([row.filterGroup, ...SORT_KEYS.map((key) => (key === 'status' ? status : row[key]))]);
}
