import { diskOutcome, overallPercent, percentForPhase, raise } from '../clone';
import { type CloneView, type DiskProgress, MARKS, type PlannedDisk } from '../contract';
import type { Caches } from '../kubernetes';
import { Lru } from '../temporal/lru';

type Told = Pick<CloneView, 'percent' | 'disks'>;

/** How many copies under way are remembered. */
const KEPT = 5_000;

/**
 * Brings a clone up to what the API's own watches show of its copy, between two heartbeats of the worker: the same
 * reading of the same objects. What was once told of a run never falls while it is under way: neither when CDI's
 * percent does since a copy pod starts again, nor when it is being undone and nobody says a percent any more. Of a
 * clone that has ended, Temporal has the last word.
 */
export class LiveCopies {
  private readonly told = new Lru<Told>(KEPT);

  constructor(private readonly caches: Pick<Caches, 'dataVolumes' | 'claims'>) {}

  /** Without `planned`, which lists don't know, only what was told before counts. */
  upToDate(view: CloneView, planned: readonly PlannedDisk[] = []): CloneView {
    if (view.outcome) return view;
    const before = this.told.get(view.runId);
    const isShown = view.phase === 'Copying' && planned.length > 0;
    const known = isShown ? planned.map((disk) => this.read(disk, view)) : view.disks;
    const disks = known.map((disk) =>
      notBelow(
        disk,
        before?.disks.find(({ name }) => name === disk.name),
      ),
    );
    const copied = [view.percent, overallPercent(disks)].reduce(raise, before?.percent ?? null);
    const now = { percent: percentForPhase(view.phase, copied), disks };
    if (now.percent !== null) this.told.set(view.runId, now);
    return { ...view, ...now };
  }

  /** One disk as its DataVolume shows it; as the worker's heartbeat does where there is none of this clone. */
  private read(planned: PlannedDisk, { target, cloneUid, disks }: CloneView): DiskProgress {
    const { name, bytes } = planned;
    const heartbeat = disks.find((disk) => disk.name === name) ?? { name, bytes, phase: '', percent: null };
    const dataVolume = this.caches.dataVolumes.get(target.namespace, planned.dataVolume);
    if (!dataVolume || dataVolume.metadata.labels?.[MARKS.cloneUid] !== cloneUid) return heartbeat;
    const claim = this.caches.claims.get(target.namespace, planned.dataVolume);
    const { phase, percent } = diskOutcome({ planned, dataVolume, claim });
    return { name, bytes, phase, percent: raise(heartbeat.percent, percent) };
  }
}

function notBelow(disk: DiskProgress, before: DiskProgress | undefined): DiskProgress {
  if (!before) return disk;
  return { ...disk, phase: disk.phase || before.phase, percent: raise(before.percent, disk.percent) };
}
