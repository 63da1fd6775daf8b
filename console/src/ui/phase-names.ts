import type { CloneView, Phase } from '../../../src/contract';

const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  Queued: 'Queued',
  Validating: 'Checking',
  ShuttingDown: 'Shutting down',
  Copying: 'Copying',
  RestartingSource: 'Restarting source',
  Finishing: 'Finishing',
  RollingBack: 'Rolling back',
  Completed: 'Completed',
  Cancelled: 'Cancelled',
  Failed: 'Failed',
};

/** A clone's phase in words. */
export function phaseName(phase: Phase): string {
  return PHASE_NAMES[phase];
}

/** What a clone is doing, or how it ended: its phase, unless it was told to stop. */
export function stateName({
  phase,
  outcome,
  cancelRequested,
}: Pick<CloneView, 'phase' | 'outcome' | 'cancelRequested'>): string {
  return cancelRequested && !outcome ? 'Cancelling…' : phaseName(outcome ?? phase);
}

/** Whether a clone gets on towards its completion: of one that is being undone a percent would tell the wrong thing. */
export function isForward({
  phase,
  outcome,
  cancelRequested,
}: Pick<CloneView, 'phase' | 'outcome' | 'cancelRequested'>): boolean {
  return !outcome && !cancelRequested && phase !== 'RollingBack';
}

/** CDI's words for a DataVolume that are not understood by taking them apart. */
const DISK_PHASE_NAMES: Readonly<Record<string, string>> = {
  '': 'Waiting',
  Pending: 'Waiting',
  PVCBound: 'Bound',
  CloneScheduled: 'Scheduled',
  CloneInProgress: 'Copying',
  CloneFromSnapshotSourceInProgress: 'Copying from a snapshot',
  SnapshotForSmartCloneInProgress: 'Taking a snapshot',
  SmartClonePVCInProgress: 'Copying the snapshot',
  CSICloneInProgress: 'Cloning by the storage',
  NamespaceTransferInProgress: 'Moving to its namespace',
  PrepClaimInProgress: 'Preparing',
  RebindInProgress: 'Binding',
  ExpansionInProgress: 'Growing',
  WaitForFirstConsumer: 'Waiting for its first use',
  PendingPopulation: 'Waiting for its first use',
  Succeeded: 'Copied',
};

/** A disk's phase in words. */
export function diskPhaseName(phase: string): string {
  return DISK_PHASE_NAMES[phase] ?? phase.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
}
