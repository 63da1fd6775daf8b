import type { Duration } from '@temporalio/common';
import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, CopyActivities } from '../activities';
import { copyTaskQueue } from '../contract';

/** Ends by itself: nothing to wait for but answers of the cluster. */
const QUICK = { startToCloseTimeout: '1 minute', retry: { maximumInterval: '10 seconds' } } as const;

export interface StepOptions {
  heartbeatTimeoutSeconds?: number;
  /** Bounds `unlockSource` for those who come again; unbounded for the clone itself. */
  unlockWithin?: Duration;
}

/**
 * The activities of a clone, each with its time-outs and a word for Temporal's UI. No attempt limit anywhere: a
 * worker's shutdown uses up an attempt. What bounds a step is its schedule-to-close; what gives the source back
 * has no bound at all. Every step is awaited when it is cancelled, so that its undo never overtakes it.
 */
export function stepsOf({ heartbeatTimeoutSeconds = 60, unlockWithin }: StepOptions) {
  /** Waits for the cluster, and says with heartbeats that it still does. */
  const waiting = {
    ...QUICK,
    startToCloseTimeout: '7 days',
    heartbeatTimeout: heartbeatTimeoutSeconds * 1000,
  } as const;
  const step = (summary: string, options: ActivityOptions) =>
    proxyActivities<Activities & CopyActivities>({
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      summary,
      ...options,
    });

  const { planClone } = step('Plan the clone; nothing is touched', {
    ...QUICK,
    scheduleToCloseTimeout: '5 minutes',
  });
  const { lockSource } = step('Freeze the plan; lock the source and switch it off, in one patch', {
    ...QUICK,
    scheduleToCloseTimeout: '5 minutes',
  });
  const { shutDownSource } = step('Wait until the source is off', {
    ...waiting,
    scheduleToCloseTimeout: '7 days',
  });
  const { createTarget } = step('Make the clone’s VM and its DataVolumes', {
    ...QUICK,
    scheduleToCloseTimeout: '10 minutes',
  });
  const { copyDisks } = step('Wait until every disk is copied', {
    ...waiting,
    taskQueue: copyTaskQueue(workflowInfo().taskQueue),
    scheduleToCloseTimeout: '7 days',
  });
  const { unlockSource } = step('Give the source its power state back; tried until it succeeds', {
    ...waiting,
    scheduleToCloseTimeout: unlockWithin,
    retry: { maximumInterval: '1 minute' },
  });
  const { finishTarget } = step('Take the last mark off the clone; start it if asked', {
    ...QUICK,
    scheduleToCloseTimeout: '15 minutes',
  });
  const { deleteTarget } = step('Delete the clone, as far as it came', {
    ...waiting,
    scheduleToCloseTimeout: '15 minutes',
  });
  const { proveCleanUp } = step('Prove that nothing of the clone is left', {
    ...waiting,
    scheduleToCloseTimeout: '65 minutes',
  });
  const { findOrphans } = step('Look for what closed clones have left', {
    ...QUICK,
    scheduleToCloseTimeout: '2 minutes',
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
