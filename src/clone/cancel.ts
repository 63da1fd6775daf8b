import type { CloneView } from '../contract';
import type { Action } from './actions';

/** Why a clone that is under way, or was, can't be cancelled. */
export const NOT_CANCELLABLE = {
  cancelling: 'Cloning is already being cancelled.',
  undoing: 'The clone has failed and is being undone.',
  copied: 'The disks are copied and the clone is about to be finished.',
  ended: 'The clone has finished: there is nothing to cancel.',
} as const;

/** Whether a clone can be cancelled: a courtesy, for its outcome says whether the cancel or the clone was first. */
export function cancelAction(
  clone: Pick<CloneView, 'outcome' | 'phase' | 'cancelRequested' | 'failure'>,
): Action {
  const reason = whyNot(clone);
  return reason === undefined ? { enabled: true } : { enabled: false, reason };
}

function whyNot({
  outcome,
  phase,
  cancelRequested,
  failure,
}: Parameters<typeof cancelAction>[0]): string | undefined {
  if (outcome) return NOT_CANCELLABLE.ended;
  if (cancelRequested) return NOT_CANCELLABLE.cancelling;
  if (failure || phase === 'RollingBack') return NOT_CANCELLABLE.undoing;
  if (phase === 'RestartingSource' || phase === 'Finishing') return NOT_CANCELLABLE.copied;
  return undefined;
}
