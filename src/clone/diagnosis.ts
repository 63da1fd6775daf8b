import type { DiskOutcome } from './copy-outcome';
import { lastWord } from './copy-signals';
import type { DataVolume, KubernetesEvent } from './resources';

export interface StalledDisk {
  name: string;
  outcome: Pick<DiskOutcome, 'phase' | 'percent' | 'reason' | 'message'>;
  /** When anything last got on, ISO 8601. */
  since: string;
  dataVolume?: DataVolume;
  /** Of the DataVolume and its claim. */
  events?: readonly KubernetesEvent[];
}

/** What to look at in each phase that can last for ever (kubevirt-observed, The clone's VM and disks). */
const HINTS: Readonly<Record<string, string>> = {
  Pending: 'CDI has not taken it up: see whether cdi-deployment runs.',
  CloneScheduled: 'CDI has not begun: a pod may still use the source disk, or the storage does not answer.',
  PendingPopulation: 'It waits for a consumer: the storage class binds late.',
  WaitForFirstConsumer: 'It waits for a consumer: the storage class binds late.',
  CSICloneInProgress: 'The storage driver clones the volume: see its provisioner.',
  SnapshotForSmartCloneInProgress: 'The storage driver takes a snapshot: see the snapshot controller.',
  CloneFromSnapshotSourceInProgress: 'The storage driver restores a snapshot: see its provisioner.',
  CloneInProgress: 'The copy pods run in the namespace of the source: see whether they are scheduled.',
};

/**
 * Why a disk does not get on, in a sentence or two: which, in what phase, since when, CDI's last word (an error,
 * else the last warning event, else the last condition) and where to look.
 */
export function diagnose({ name, outcome, since, dataVolume, events = [] }: StalledDisk): string {
  const { phase, percent, reason, message } = outcome;
  const at = percent === null ? '' : ` at ${Math.floor(percent)}%`;
  const word = reason ? joined(reason, message) : (lastWarning(events) ?? lastWord(dataVolume));
  return [
    `Disk ${name}: ${phase}${at} without a move since ${since}.`,
    word && `CDI says: ${word.replace(/\.?$/, '.')}`,
    !reason && HINTS[phase],
  ]
    .filter(Boolean)
    .join(' ');
}

/** The latest, but rather any other than CDI's word that the copy is pending, which is known. */
function lastWarning(events: readonly KubernetesEvent[]): string | undefined {
  const warnings = events.filter(({ type }) => type === 'Warning');
  warnings.sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
  const latest = warnings.find(({ reason }) => reason !== 'Pending') ?? warnings[0];
  return latest && joined(latest.reason, latest.message);
}

function joined(...parts: (string | undefined)[]): string {
  return parts.filter(Boolean).join(': ');
}

function timeOf({ lastTimestamp, eventTime }: KubernetesEvent): string {
  return lastTimestamp ?? eventTime ?? '';
}
