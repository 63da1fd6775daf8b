import type { PlannedDisk } from '../contract';
import { CLONE_PHASE, MAX_RESTARTS, signalOf } from './copy-signals';
import { CREATED_FOR } from './ownership';
import { parseProgress } from './progress';
import type { DataVolume, PersistentVolumeClaim } from './resources';

export interface DiskObservation {
  planned: PlannedDisk;
  dataVolume?: DataVolume;
  /** Of the DataVolume that this clone made; absent before it has. */
  expectedUid?: string;
  /** The claim of the DataVolume's name. */
  claim?: PersistentVolumeClaim;
}

/**
 * What has become of one disk. `failed` and `lost` are final; when they were seen in a cache that may lag, read
 * both objects anew before acting on them. (`lost`: the DataVolume or claim is gone or is not ours.)
 */
export interface DiskOutcome {
  state: 'copying' | 'succeeded' | 'failed' | 'lost';
  /** CDI's phase, "Pending" while it is empty. An unknown one means in progress. */
  phase: string;
  percent: number | null;
  reason?: string;
  message?: string;
  /** While copying: it has failed when `reason` has stood unchanged so long. */
  finalAfterSeconds?: number;
  /** Changes whenever anything gets on: by it a stall is told. */
  lastMove: string;
}

/** Judges one disk by its DataVolume and claim alone: pure, and the same for worker, API and sweep. */
export function diskOutcome(observation: DiskObservation): DiskOutcome {
  const { planned, dataVolume, claim } = observation;
  const phase = dataVolume?.status?.phase || 'Pending';
  const percent = phase === 'Succeeded' ? 100 : parseProgress(dataVolume?.status?.progress);
  const live = { phase, percent, lastMove: fingerprint(observation) };
  const expectedUid = observation.expectedUid ?? dataVolume?.metadata.uid;
  if (!expectedUid) return { state: 'copying', ...live };
  const uid = dataVolume?.metadata.uid;
  if (uid !== undefined && uid !== expectedUid) {
    const message = `Another DataVolume ${planned.dataVolume} has taken the place of ours.`;
    return { state: 'lost', ...live, reason: 'DataVolumeReplaced', message };
  }
  if (!dataVolume || dataVolume.metadata.deletionTimestamp) {
    return { ...live, ...withoutDataVolume(planned, expectedUid, claim) };
  }
  return { ...live, ...withDataVolume(planned, dataVolume, expectedUid, claim) };
}

type Verdict = Pick<DiskOutcome, 'state' | 'reason' | 'message' | 'finalAfterSeconds'> & Partial<DiskOutcome>;

function withDataVolume(
  planned: PlannedDisk,
  dataVolume: DataVolume,
  uid: string,
  claim: PersistentVolumeClaim | undefined,
): Verdict {
  const { phase, restartCount = 0 } = dataVolume.status ?? {};
  const ours = claim && createdFor(claim) === uid;
  if (claim && !ours && !claim.metadata.deletionTimestamp) {
    const message = `Claim ${planned.dataVolume} was not made for our DataVolume: it is another's disk, and nothing was copied.`;
    return { state: 'lost', reason: 'ForeignClaim', message };
  }
  if (phase === 'Failed' || (ours && claim.status?.phase === 'Lost')) {
    const message =
      signalOf(dataVolume, claim)?.message || `Claim ${planned.dataVolume} has lost its volume.`;
    return { state: 'failed', reason: 'ClaimLost', message };
  }
  if (phase === 'Succeeded') {
    // Succeeded can come a moment before the claim is bound, and before a cache has seen the claim at all.
    return { state: ours && claim.status?.phase === 'Bound' ? 'succeeded' : 'copying' };
  }
  const signal = signalOf(dataVolume, claim);
  if (restartCount >= MAX_RESTARTS) {
    const detail = signal?.message ? ` Last: ${signal.message}` : '';
    const message = `The copy pod has crashed ${restartCount} times: see its log.${detail}`;
    return { state: 'failed', reason: 'CopyPodCrashes', message };
  }
  return { state: 'copying', ...signal };
}

/**
 * CDI removes a DataVolume that it is done with, and then its claim is no longer owned by it. The claim of one
 * that a person deletes still is, and goes with it.
 */
function withoutDataVolume(
  { dataVolume }: PlannedDisk,
  uid: string,
  claim: PersistentVolumeClaim | undefined,
): Verdict {
  const { annotations, ownerReferences, deletionTimestamp } = claim?.metadata ?? {};
  const populated = (annotations?.[CLONE_PHASE] ?? 'Succeeded') === 'Succeeded';
  const kept = !deletionTimestamp && !ownerReferences?.some((owner) => owner.uid === uid);
  if (claim && createdFor(claim) === uid && claim.status?.phase === 'Bound' && populated && kept) {
    return { state: 'succeeded', phase: 'Succeeded', percent: 100 };
  }
  const message = `DataVolume ${dataVolume} was deleted before it had been copied.`;
  return { state: 'lost', reason: 'DataVolumeDeleted', message };
}

function createdFor({ metadata }: PersistentVolumeClaim): string | undefined {
  return metadata.annotations?.[CREATED_FOR];
}

/** Conditions and restarts are left out: a crash loop flips them for ever without getting on. */
function fingerprint({ dataVolume, claim }: DiskObservation): string {
  const { phase, progress } = dataVolume?.status ?? {};
  return [
    dataVolume?.metadata.uid,
    phase,
    progress,
    claim?.metadata.uid,
    claim?.status?.phase,
    claim?.spec.volumeName,
    claim?.metadata.annotations?.[CLONE_PHASE],
  ]
    .map((part) => part ?? '')
    .join('|');
}
