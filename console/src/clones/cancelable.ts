import type { CloneAnswer } from '../../../src/api/answers';

/** Why a clone that is under way can't be cancelled; undefined when it can. The API has the last word. */
export function whyNotCancel({ phase, cancelRequested, failure }: CloneAnswer): string | undefined {
  if (cancelRequested) return 'Cloning is already being cancelled.';
  if (failure || phase === 'RollingBack') return 'The clone has failed and is being undone.';
  if (phase === 'RestartingSource' || phase === 'Finishing') {
    return 'The disks are copied and the clone is about to be finished.';
  }
  return undefined;
}
