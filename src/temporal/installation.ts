import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  type Workflow,
} from '@temporalio/client';
import { SWEEP_SCHEDULE_ID, SWEEP_WORKFLOW } from '../contract';
import { within } from './connection';

export interface InstallationOptions {
  /** How often the sweep runs. */
  intervalSeconds: number;
  taskQueue: string;
  /** Of the sweep's activities. */
  heartbeatTimeoutSeconds: number;
}

/**
 * Makes sure that the sweep's Schedule exists, and answers the installation's UUID, which is kept in its memo:
 * as long as Temporal keeps its data, every start finds the same one, and a Temporal that lost its data never
 * takes the clones of an earlier life for its own. First starts at the same time agree: one creates, all read.
 *
 * A Schedule that was made with other options is brought up to date.
 */
export async function ensureInstallation(client: Client, options: InstallationOptions): Promise<string> {
  const proposed = randomUUID();
  try {
    await within(client, () =>
      client.schedule.create({
        scheduleId: SWEEP_SCHEDULE_ID,
        memo: { installation: proposed },
        ...sweepSchedule(proposed, options),
      }),
    );
    return proposed;
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  const handle = client.schedule.getHandle(SWEEP_SCHEDULE_ID);
  const existing = await within(client, () => handle.describe());
  const installation = existing.memo?.installation;
  if (typeof installation !== 'string') {
    throw new Error(
      `Schedule ${SWEEP_SCHEDULE_ID} in Temporal namespace ${client.options.namespace} is not of this product: its memo has no "installation".`,
    );
  }
  const wanted = sweepSchedule(installation, options);
  if (!isCurrent(existing, wanted)) {
    await within(client, () => handle.update((previous) => ({ ...previous, ...wanted })));
  }
  return installation;
}

function sweepSchedule(
  installation: string,
  { intervalSeconds, taskQueue, heartbeatTimeoutSeconds }: InstallationOptions,
): SweepSchedule {
  return {
    spec: { intervals: [{ every: intervalSeconds * 1000 }] },
    action: {
      type: 'startWorkflow',
      workflowType: SWEEP_WORKFLOW,
      workflowId: 'sweep',
      taskQueue,
      args: [{ installation, heartbeatTimeoutSeconds }],
    },
    // A sweep that takes long is not overrun, and one that was missed is not made up for: the next does it all.
    policies: { overlap: 'SKIP', catchupWindow: '10 seconds' },
  };
}

interface SweepSchedule extends Pick<ScheduleOptions, 'policies'> {
  spec: { intervals: { every: number }[] };
  action: ScheduleOptionsStartWorkflowAction<Workflow>;
}

function isCurrent({ spec, action }: ScheduleDescription, wanted: SweepSchedule): boolean {
  const every = spec.intervals?.map((interval) => interval.every);
  return isDeepStrictEqual(
    [every, action.taskQueue, action.args],
    [wanted.spec.intervals.map((interval) => interval.every), wanted.action.taskQueue, wanted.action.args],
  );
}
