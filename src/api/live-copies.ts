import { diskOutcome, overallPercent, percentForPhase, raise } from '../clone';
import { type DiskProgress, MARKS, type PlannedDisk } from '../contract';
import type { Caches } from '../kubernetes';
import type { CloneView } from '../temporal';
import { Lru } from '../temporal/lru';

/** How many copies under way are remembered. */
const KEPT = 5_000;

/**
 * Brings the copy of a clone up to what the API's own watches show, between two heartbeats of the worker: the
 * same reading of the same objects. What was once told never falls, though CDI's percent does when a copy pod
 * starts again.
 */
export class LiveCopies {
  private readonly told = new Lru<Pick<CloneView, 'percent' | 'disks'>>(KEPT);

  constructor(private readonly caches: Pick<Caches, 'dataVolumes' | 'claims'>) {}

  upToDate(view: CloneView, planned: readonly PlannedDisk[]): CloneView {
    if (view.phase !== 'Copying' || planned.length === 0) return view;
    const before = this.told.get(view.runId);
    const disks = planned.map((disk) => {
      const known = [before?.disks, view.disks].map((list) => list?.find(({ name }) => name === disk.name));
      return this.progress(
        disk,
        view,
        known.filter((each) => each !== undefined),
      );
    });
    const copied = raise(raise(before?.percent ?? null, view.percent), overallPercent(disks));
    const now = { percent: percentForPhase(view.phase, copied), disks };
    this.told.set(view.runId, now);
    return { ...view, ...now };
  }

  /** `known`: what was told of the disk before, and what the worker's heartbeat says. */
  private progress(
    planned: PlannedDisk,
    { target, cloneUid }: CloneView,
    known: DiskProgress[],
  ): DiskProgress {
    const { name, bytes } = planned;
    const floor = known.map(({ percent }) => percent).reduce(raise, null);
    const dataVolume = this.caches.dataVolumes.get(target.namespace, planned.dataVolume);
    if (!dataVolume || dataVolume.metadata.labels?.[MARKS.cloneUid] !== cloneUid) {
      return { name, bytes, phase: known.at(-1)?.phase ?? '', percent: floor };
    }
    const claim = this.caches.claims.get(target.namespace, planned.dataVolume);
    const { phase, percent } = diskOutcome({
      planned,
      dataVolume,
      claim,
      expectedUid: dataVolume.metadata.uid,
    });
    return { name, bytes, phase, percent: raise(floor, percent) };
  }
}
