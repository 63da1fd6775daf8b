import type { KubernetesResource } from '../../src/clone/resources';
import { annotationOf } from '../controllers/objects';

const PREFIX = 'simulator.vm-clone.io/';

/** What is on a volume: a word that a test writes on a PersistentVolume and that every copy carries along. */
export const CONTENT = `${PREFIX}content`;

/**
 * What a user of the simulator asks of one copy, by annotations `simulator.vm-clone.io/…` on the DataVolume (CDI
 * carries them to its claims), on the claim, or on the source's claim; the first that has one decides.
 */
export interface Steering {
  /** `copy-seconds`: however many bytes there are. */
  seconds?: number;
  /** `copy-bytes-per-second` */
  bytesPerSecond?: number;
  /** `copy: fail` (Infinity) or `copy: crash:<n>`: so many times the copying container ends with an error. */
  crashes: number;
  /** `copy: stall:<percent>`: there it stops moving, and never ends. */
  stallPercent?: number;
  /** `provision: never` */
  neverProvisioned: boolean;
}

export function steeringOf(...objects: (KubernetesResource | undefined)[]): Steering {
  const read = (name: string) =>
    objects.map((object) => annotationOf(object, PREFIX + name)).find((value) => value !== undefined);
  const number = (name: string) => {
    const value = Number(read(name) ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const [fault, argument] = (read('copy') ?? '').split(':');
  return {
    seconds: number('copy-seconds'),
    bytesPerSecond: number('copy-bytes-per-second'),
    crashes: fault === 'fail' ? Number.POSITIVE_INFINITY : fault === 'crash' ? Number(argument) || 1 : 0,
    stallPercent: fault === 'stall' ? Number(argument) || 0 : undefined,
    neverProvisioned: read('provision') === 'never',
  };
}

/** How long copying so many bytes takes, in simulated seconds. */
export function copySeconds(steering: Steering, bytes: number, bytesPerSecond: number): number {
  return steering.seconds ?? bytes / Math.max(1, steering.bytesPerSecond ?? bytesPerSecond);
}

/** Where a crashing copy ends. */
const CRASH_PERCENT = 20;

/** After the last byte was sent it is still written out: for this share of its time a copy has 100 % and isn't done. */
const FLUSH_SHARE = 0.05;

export interface CopyState {
  percent: number;
  state: 'copying' | 'sent' | 'done' | 'crashed';
  /** Simulated seconds until the state changes; Infinity when it never will. */
  remainingSeconds: number;
}

/** What a copy has come to, `elapsedSeconds` after its container started for the `restarts`-th time again. */
export function copyState(
  steering: Steering,
  seconds: number,
  elapsedSeconds: number,
  restarts: number,
): CopyState {
  const crashes = restarts < steering.crashes;
  const end = crashes ? (seconds * CRASH_PERCENT) / 100 : seconds;
  const percent = seconds > 0 ? Math.min(100, (elapsedSeconds / seconds) * 100) : 100;
  const stall = steering.stallPercent;
  if (stall !== undefined && percent >= stall) {
    return { percent: stall, state: 'copying', remainingSeconds: Number.POSITIVE_INFINITY };
  }
  if (elapsedSeconds < end) return { percent, state: 'copying', remainingSeconds: end - elapsedSeconds };
  if (crashes) return { percent: CRASH_PERCENT, state: 'crashed', remainingSeconds: 0 };
  const flushed = seconds * (1 + FLUSH_SHARE);
  return elapsedSeconds < flushed
    ? { percent: 100, state: 'sent', remainingSeconds: flushed - elapsedSeconds }
    : { percent: 100, state: 'done', remainingSeconds: 0 };
}
