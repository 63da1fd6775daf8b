import { cancelAction } from '../../src/clone/cancel';
import type { CloneView, Failure } from '../../src/contract';

const failure: Failure = { type: 'CopyFailed', message: 'no' };
const cancelRequested = { requestedBy: 'ops' };

test.each<[Partial<CloneView>, string | undefined]>([
  [{ phase: 'Queued' }, undefined],
  [{ phase: 'ShuttingDown' }, undefined],
  [{ phase: 'Copying' }, undefined],
  [{ phase: 'Copying', cancelRequested }, 'already being cancelled'],
  [{ phase: 'Copying', failure }, 'failed and is being undone'],
  [{ phase: 'RollingBack' }, 'failed and is being undone'],
  [{ phase: 'RollingBack', cancelRequested }, 'already being cancelled'],
  [{ phase: 'RestartingSource' }, 'disks are copied'],
  [{ phase: 'Finishing' }, 'disks are copied'],
  [{ phase: 'Completed', outcome: 'Completed' }, 'has finished'],
  [{ phase: 'Cancelled', outcome: 'Cancelled', cancelRequested }, 'has finished'],
])('whether %j can be cancelled, or why not: %s', (clone, reason) => {
  const action = cancelAction({ phase: 'Copying', ...clone });
  expect(action.enabled).toBe(reason === undefined);
  if (reason) expect(action.reason).toContain(reason);
});
