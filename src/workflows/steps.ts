import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities, CopyActivities } from '../activities';
import { copyTaskQueue } from '../contract';

/**
 * The activities of a clone, each with its time-outs. No attempt limit anywhere: a worker's shutdown uses up
 * an attempt. What bounds a step is its schedule-to-close; what gives the source back has no bound at all.
 * Every step is awaited when it is cancelled, so that its undo never overtakes it.
 */
export function stepsOf({ heartbeatTimeoutSeconds = 60 }: { heartbeatTimeoutSeconds?: number } = {}) {
  const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  const heartbeatTimeout = heartbeatTimeoutSeconds * 1000;
  const quick = {
    cancellationType,
    startToCloseTimeout: '1 minute',
    retry: { maximumInterval: '10 seconds' },
  } as const;
  /** Waits for the cluster, and says with heartbeats that it still does. */
  const waiting = { ...quick, startToCloseTimeout: '7 days', heartbeatTimeout } as const;

  const { planClone, lockSource, createTarget, finishTarget } = proxyActivities<Activities>({
    ...quick,
    scheduleToCloseTimeout: '5 minutes',
  });
  const { deleteTarget } = proxyActivities<Activities>({ ...waiting, scheduleToCloseTimeout: '15 minutes' });
  const { proveCleanUp } = proxyActivities<Activities>({ ...waiting, scheduleToCloseTimeout: '65 minutes' });
  const { shutDownSource } = proxyActivities<Activities>({ ...waiting, scheduleToCloseTimeout: '7 days' });
  const { unlockSource } = proxyActivities<Activities>({
    ...waiting,
    retry: { maximumInterval: '1 minute' },
  });
  const { findOrphans } = proxyActivities<Activities>({ ...quick, scheduleToCloseTimeout: '2 minutes' });
  const { copyDisks } = proxyActivities<CopyActivities>({
    ...waiting,
    taskQueue: copyTaskQueue(workflowInfo().taskQueue),
    scheduleToCloseTimeout: '7 days',
  });
  return {
    planClone,
    lockSource,
    shutDownSource,
    createTarget,
    copyDisks,
    unlockSource,
    finishTarget,
    deleteTarget,
    proveCleanUp,
    findOrphans,
  };
}
