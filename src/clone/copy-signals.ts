import type { DataVolume, PersistentVolumeClaim } from './resources';

/** Annotation on a claim: why the populator can't go on; goes when it can. */
const CLONE_ERROR = 'cdi.kubevirt.io/cloneError';
/** Annotation on a claim: the populator's own phase. */
export const CLONE_PHASE = 'cdi.kubevirt.io/clonePhase';

/**
 * A copy pod that crashes so often is given up. The kubelet waits 10, 20, 40, 80, 160 s between restarts, so five
 * take about five minutes: enough to ride out a node's trouble, and not 99 restarts with the source off (CDI #2694).
 */
export const MAX_RESTARTS = 5;

/** Time for a controller's cache to catch up with what it complains of. */
const LAG_SECONDS = 60;
/** Time for somebody to heal what only a person can. The source stays off so long, so it is bounded. */
const HEALING_SECONDS = 600;

export interface Signal {
  reason: string;
  message: string;
  /** The copy has failed when the same reason has stood so long; absent where it is only a diagnosis. */
  finalAfterSeconds?: number;
}

/**
 * CDI's reasons for not getting on. It never says Failed for any of them, and keeps retrying for ever.
 *
 * | Reason | From | Final |
 * |---|---|---|
 * | CloneWithoutSource, CloneValidationFailed, ErrIncompatiblePVC | conditions Bound, Ready | after the lag: a DataVolume's spec can't be changed, nothing heals it |
 * | ErrClaimNotValid, ErrExceededQuota, Error, cloneError | conditions Bound, Running; claim | after the healing time: goes on by itself when class, quota or storage is back |
 * | CloneSourceInUse | event | no: `copyDisks` finds the user of the source itself |
 * | NoVolumeSnapshotClass, IncompatibleVolumeModes, IncompatibleProvisioners, NoVolumeExpansion | event | no: CDI copies over the network instead |
 *
 * Phase Failed, a lost claim and `MAX_RESTARTS` are final at once (`diskOutcome`).
 */
const FINAL_AFTER_SECONDS: Readonly<Record<string, number>> = {
  CloneWithoutSource: LAG_SECONDS,
  CloneValidationFailed: LAG_SECONDS,
  ErrIncompatiblePVC: LAG_SECONDS,
  ErrClaimNotValid: HEALING_SECONDS,
  ErrExceededQuota: HEALING_SECONDS,
  Error: HEALING_SECONDS,
};

/** What CDI says stands against the copy, or undefined. */
export function signalOf(
  dataVolume: DataVolume | undefined,
  claim: PersistentVolumeClaim | undefined,
): Signal | undefined {
  const cloneError = claim?.metadata.annotations?.[CLONE_ERROR];
  if (cloneError) return { reason: 'Error', message: cloneError, finalAfterSeconds: HEALING_SECONDS };
  for (const type of ['Running', 'Bound', 'Ready']) {
    const condition = dataVolume?.status?.conditions?.find((candidate) => candidate.type === type);
    const finalAfterSeconds =
      condition && condition.status !== 'True' && FINAL_AFTER_SECONDS[condition.reason ?? ''];
    if (!condition || !finalAfterSeconds) continue;
    return { reason: condition.reason as string, message: condition.message ?? '', finalAfterSeconds };
  }
  return undefined;
}

/** The condition that changed last, in CDI's words. */
export function lastWord(dataVolume: DataVolume | undefined): string | undefined {
  const telling = (dataVolume?.status?.conditions ?? []).filter(({ reason, message }) => reason || message);
  telling.sort((a, b) => (b.lastTransitionTime ?? '').localeCompare(a.lastTransitionTime ?? ''));
  const [last] = telling;
  return last && [`${last.type}=${last.status}`, last.reason, last.message].filter(Boolean).join(': ');
}
