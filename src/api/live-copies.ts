import { diskOutcome, overallPercent, percentForPhase, raise } from '../clone';
import { type DiskProgress, MARKS, type PlannedDisk } from '../contract';
import type { Caches } from '../kubernetes';
import type { CloneView } from '../temporal';
import { Lru } from '../temporal/lru';

type Told = Pick<CloneView, 'percent' | 'disks'>;

/** How many copies under way are remembered. */
const KEPT = 5_000;

/**
 * Brings the copy of a clone up to what the API's own watches show, between two heartbeats of the worker: the
 * same reading of the same objects. What was once told of a run never falls, neither when CDI's percent does since
 * a copy pod starts again, nor when nothing is known any more since the copy is over or being undone.
 */
export class LiveCopies {
  private readonly told = new Lru<Told>(KEPT);

  constructor(private readonly caches: Pick<Caches, 'dataVolumes' | 'claims'>) {}

  /** Without `planned` only what was told before counts. */
  upToDate(view: CloneView, planned: readonly PlannedDisk[] = []): CloneView {
    const before = this.told.get(view.runId);
    const now =
      view.phase === 'Copying' && planned.length > 0
        ? this.copying(view, planned, before)
        : since(view, before);
    if (now.percent !== null) this.told.set(view.runId, { percent: now.percent, disks: now.disks });
    return now;
  }

  private copying(view: CloneView, planned: readonly PlannedDisk[], before: Told | undefined): CloneView {
    const disks = planned.map((disk) => {
      const known = [before?.disks, view.disks].map((list) => list?.find(({ name }) => name === disk.name));
      return this.progress(
        disk,
        view,
        known.filter((each) => each !== undefined),
      );
    });
    const copied = raise(raise(before?.percent ?? null, view.percent), overallPercent(disks));
    return { ...view, percent: percentForPhase(view.phase, copied), disks };
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

function since(view: CloneView, before: Told | undefined): CloneView {
  if (!before) return view;
  const disks = view.disks.map((disk) => {
    const earlier = before.disks.find(({ name }) => name === disk.name);
    if (!earlier) return disk;
    return { ...disk, phase: disk.phase || earlier.phase, percent: raise(earlier.percent, disk.percent) };
  });
  return { ...view, percent: raise(before.percent, view.percent), disks };
}
