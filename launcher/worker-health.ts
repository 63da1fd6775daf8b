import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import { COPY_TASK_QUEUE, TASK_QUEUE } from '../src/contract';
import { connectTemporal, within } from '../src/temporal/connection';

/** A poller asks anew at least once a minute. */
const SEEN_WITHIN_MS = 150_000;

/** `temporal.api.enums.v1.TaskQueueType` */
const WORKFLOW = 1;
const ACTIVITY = 2;
const POLLED = [
  [TASK_QUEUE, WORKFLOW],
  [TASK_QUEUE, ACTIVITY],
  [COPY_TASK_QUEUE, ACTIVITY],
] as const;

/** Whether a worker of this machine, which is its container, polls a task queue. */
async function isPolled(client: Client, name: string, taskQueueType: number): Promise<boolean> {
  const { namespace } = client.options;
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType,
  });
  return (pollers ?? []).some(({ identity, lastAccessTime }) => {
    const seen = Number(lastAccessTime?.seconds ?? 0) * 1000;
    return identity?.endsWith(`@${hostname()}`) && Date.now() - seen < SEEN_WITHIN_MS;
  });
}

/** Exit code 0 when this machine's worker polls all its queues: the container's health check. */
async function check(): Promise<void> {
  const { client, close } = connectTemporal({
    address: process.env.TEMPORAL_ADDRESS || '127.0.0.1:7233',
    namespace: process.env.TEMPORAL_NAMESPACE || 'default',
  });
  try {
    for (const [name, type] of POLLED) {
      if (await within(client, () => isPolled(client, name, type), 4_000)) continue;
      throw new Error(`No worker of this machine polls the task queue ${name}.`);
    }
  } finally {
    await close();
  }
}

check().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
