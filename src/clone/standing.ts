import type { PlannedDisk } from '../contract';
import type { DiskOutcome } from './copy-outcome';

/** By disk: what CDI complains of, and since when it has without a break, in milliseconds. */
export type Standing = Readonly<Record<string, { reason: string; since: number }>>;

/** What stands now: a complaint that was there before keeps its time, one that has gone is forgotten. */
export function stillStanding(
  before: Standing,
  disks: readonly PlannedDisk[],
  outcomes: readonly DiskOutcome[],
  now: number,
): Standing {
  return Object.fromEntries(
    disks.flatMap(({ name }, index) => {
      const { state, reason } = outcomes[index] ?? {};
      if (state !== 'copying' || !reason) return [];
      const known = before[name];
      return [[name, known?.reason === reason ? known : { reason, since: now }]];
    }),
  );
}

/** Index of the first disk whose complaint has stood too long to hope (`finalAfterSeconds`), or undefined. */
export function givenUp(
  standing: Standing,
  disks: readonly PlannedDisk[],
  outcomes: readonly DiskOutcome[],
  now: number,
): number | undefined {
  const index = disks.findIndex(({ name }, position) => {
    const limit = outcomes[position]?.finalAfterSeconds;
    const since = standing[name]?.since;
    return limit !== undefined && since !== undefined && now - since >= limit * 1000;
  });
  return index < 0 ? undefined : index;
}
