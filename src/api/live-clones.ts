import type { CloneView, PlannedDisk, VmRef } from '../contract';
import type { Logger } from '../log';
import type { CloneReader } from '../temporal';
import { Lru } from '../temporal/lru';
import type { CloneAnswer } from './answers';
import type { EventJournal } from './events-journal';
import { LiveChecks } from './live-checks';
import type { LiveCopies } from './live-copies';
import type { RunningClones } from './running-clones';

/** How many clones are remembered by what was last told of them. */
const KEPT = 5_000;
/** A copy under way is told at most so often. */
const COPY_MS = 500;

export interface LiveClonesDeps {
  clones: Pick<CloneReader, 'read'>;
  running: RunningClones;
  copies: LiveCopies;
  journal: EventJournal;
  /** The view with its links. */
  answerOf: (view: CloneView) => CloneAnswer;
  /** The row of the clone's VM may show something else now. */
  onMoved: (id: string) => void;
  logger: Logger;
}

/** A clone that is under way, as it was last read. */
interface Known {
  view: CloneView;
  planned: PlannedDisk[];
}

/**
 * Publishes each clone that has become another one, in the order in which it did: one look at a clone at a time. What
 * was last told of it is not told again, and once its outcome was told nothing more of that run is.
 */
export class LiveClones {
  private readonly known = new Map<string, Known>();
  private readonly told = new Lru<{ runId: string; ended: boolean; text: string }>(KEPT);
  /** What the last list said, by run. */
  private listed?: ReadonlyMap<string, string>;
  private readonly copying = new Map<string, { again: boolean; timer: NodeJS.Timeout }>();
  private readonly checks: LiveChecks;

  constructor(private readonly deps: LiveClonesDeps) {
    this.checks = new LiveChecks({
      check: (id) => this.look(id),
      isOver: (id) => !this.known.has(id),
      onError: (error, id) => deps.logger.debug({ err: error, cloneId: id }, 'clone not read, again later'),
    });
  }

  /** Somebody listens, or nobody does any more: then what is touched waits. */
  set listening(anyone: boolean) {
    this.checks.running = anyone;
    if (anyone) return;
    for (const { timer } of this.copying.values()) clearTimeout(timer);
    this.copying.clear();
  }

  /** This clone has begun, got on or ended, or is about to: looks at it at once rather than when lists know. */
  touch(id: string): void {
    this.checks.soon(id);
  }

  /**
   * Looks at those that a new list shows otherwise than the one before, or no longer. What had ended before the first
   * list is no news.
   */
  compare(open: ReadonlyMap<string, CloneView>, ended: readonly CloneView[]): void {
    const listed = new Map<string, string>();
    for (const view of [...open.values(), ...ended]) {
      const { id, runId } = view;
      const shown = signatureOf(view);
      listed.set(runId, shown);
      if (this.listed?.get(runId) === shown || (view.outcome && !this.listed)) continue;
      this.deps.onMoved(id);
      if (!this.isKnown(view)) this.checks.now(id);
    }
    this.listed = listed;
    for (const id of this.known.keys()) if (!open.has(id)) this.checks.now(id);
    this.checks.again();
  }

  /** A disk of this clone has got on. */
  copied(id: string): void {
    if (!this.checks.running || this.known.get(id)?.view.phase !== 'Copying') return;
    const waiting = this.copying.get(id);
    if (waiting) {
      waiting.again = true;
      return;
    }
    const timer = setTimeout(() => {
      const again = this.copying.get(id)?.again;
      this.copying.delete(id);
      if (again) this.copied(id);
    }, COPY_MS).unref();
    this.copying.set(id, { again: false, timer });
    this.publish(id);
  }

  /** Whether what a list says of it is told already. */
  private isKnown(view: CloneView): boolean {
    const { id, runId, outcome } = view;
    const known = this.known.get(id)?.view;
    if (known && signatureOf(known) === signatureOf(view)) return true;
    const told = this.told.get(id);
    return outcome !== undefined && told?.runId === runId && told.ended;
  }

  private async look(id: string): Promise<void> {
    const target = refOf(id);
    const found = await this.deps.clones.read(target);
    const before = this.known.get(id);
    if (before && before.view.runId !== found?.view.runId) await this.lookBack(id, target, before);
    if (!found) return;
    this.deps.running.note(found.view);
    this.known.set(id, found);
    this.publish(id);
    if (!found.open) this.known.delete(id);
    this.deps.onMoved(id);
  }

  /** Another run has followed before the end of the one that is known was seen. */
  private async lookBack(id: string, target: VmRef, { view }: Known): Promise<void> {
    const ended = await this.deps.clones.read(target, view.runId);
    if (ended && !ended.open) {
      this.known.set(id, ended);
      this.publish(id);
    }
    this.known.delete(id);
  }

  private publish(id: string): void {
    const known = this.known.get(id);
    if (!known) return;
    const { copies, journal, answerOf } = this.deps;
    const answer = answerOf(copies.upToDate(known.view, known.planned));
    const { runId } = answer;
    const text = inWhole(answer);
    const told = this.told.get(id);
    const ended = answer.outcome !== undefined;
    if (told?.text === text || (told?.runId === runId && told.ended && !ended)) return;
    this.told.set(id, { runId, ended, text });
    journal.publish('clone', answer);
  }
}

/** All that a list, which knows neither percent nor ending, says of a clone. */
function signatureOf({ runId, phase, failure, cancelRequested }: CloneView): string {
  return JSON.stringify([runId, phase, failure, cancelRequested]);
}

/** Parts of a percent are no news. */
function inWhole(answer: CloneAnswer): string {
  const disks = answer.disks.map(({ percent, ...disk }) => [
    disk,
    percent === null ? null : Math.floor(percent),
  ]);
  return JSON.stringify({ ...answer, disks });
}

function refOf(id: string): VmRef {
  const [namespace = '', name = ''] = id.split('/');
  return { namespace, name };
}
