import type { DiskProgress, Phase } from '../contract';

const PERCENT = /^(\d+(?:\.\d+)?)%$/;
/** Nothing but the end itself is 100 %. */
const ALMOST = 99;

/**
 * A DataVolume's `status.progress` as 0–100; null for "", "N/A" and all else that says nothing
 * (kubevirt-rules, DataVolumes).
 */
export function parseProgress(text: string | undefined): number | null {
  const match = PERCENT.exec(text ?? '');
  return match ? Math.min(100, Number(match[1])) : null;
}

/**
 * Percent of all disks together, weighted by their bytes and rounded down; null while nothing is known of any.
 * At most 99 until every disk has succeeded: CDI says "100.00%" of a disk that it has still to bind.
 */
export function overallPercent(disks: readonly DiskProgress[]): number | null {
  if (disks.length > 0 && disks.every(({ phase }) => phase === 'Succeeded')) return 100;
  if (disks.every(({ percent }) => percent === null)) return null;
  const total = disks.reduce((sum, disk) => sum + disk.bytes, 0);
  const weigh = ({ bytes }: DiskProgress) => (total > 0 ? bytes / total : 1 / disks.length);
  const percent = disks.reduce((sum, disk) => sum + weigh(disk) * (disk.percent ?? 0), 0);
  return Math.min(ALMOST, Math.floor(percent + 1e-9));
}

/** The percent to show next: it never falls, though CDI's does when a copy pod starts again. */
export function raise(previous: number | null, next: number | null): number | null {
  if (previous === null || next === null) return next ?? previous;
  return Math.max(previous, next);
}

/** Percent of the whole clone in a phase, of which the copy has come to `copied`. 100 only when Completed; null before. */
export function percentForPhase(phase: Phase, copied: number | null): number | null {
  switch (phase) {
    case 'Queued':
    case 'Validating':
    case 'ShuttingDown':
      return null;
    case 'RestartingSource':
    case 'Finishing':
      return ALMOST;
    case 'Completed':
      return 100;
    default:
      return copied === null ? null : Math.min(ALMOST, copied);
  }
}
