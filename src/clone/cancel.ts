import type { CloneView } from '../contract';
import type { Action } from './actions';

/** Why a clone that is under way, or was, can't be cancelled. */
export const NOT_CANCELLABLE = {
  cancelling: 'Cloning is already being cancelled.',
  undoing: 'The clone has failed and is being undone.',
  copied: 'The disks are copied and the clone is about to be finished.',
  ended: 'The clone has finished: there is nothing to cancel.',
} as const;

type Cancellable = Pick<CloneView, 'outcome' | 'phase' | 'cancelRequested' | 'failure'>;

/** Whether a clone can be cancelled: a courtesy, for its outcome says whether the cancel or the clone was first. */
export function cancelAction(clone: Cancellable): Action {
  const obstacle = cancelObstacle(clone);
  return obstacle === undefined ? { enabled: true } : { enabled: false, reason: NOT_CANCELLABLE[obstacle] };
}

/** What stands against a cancel; undefined where nothing does. */
export function cancelObstacle({
  outcome,
  phase,
  cancelRequested,
  failure,
}: Cancellable): keyof typeof NOT_CANCELLABLE | undefined {
  if (outcome) return 'ended';
  if (cancelRequested) return 'cancelling';
  if (failure || phase === 'RollingBack') return 'undoing';
  if (phase === 'RestartingSource' || phase === 'Finishing') return 'copied';
  return undefined;
}
