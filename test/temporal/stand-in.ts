import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { type CloneInput, type CopyHeartbeat, TASK_QUEUE } from '../../src/contract';
import { type CloneDescription, type CloneReader, startClone } from '../../src/temporal';
import type { TestTemporal } from '../support/temporal';
import type { Script } from './stand-in-workflows';

export const HEARTBEAT: CopyHeartbeat = {
  percent: 37,
  disks: [{ name: 'root', bytes: 1024, phase: 'CloneInProgress', percent: 37.5 }],
  stalled: { since: '2026-01-01T00:00:00.000Z', diagnosis: 'Pod cdi-upload is not scheduled.' },
};

// Clones that fail are what is tested: they need no warning.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

/** A worker that runs the stand-in clones. */
export async function startStandIn({ address, namespace }: TestTemporal): Promise<{ stop(): Promise<void> }> {
  const logger = new DefaultLogger('ERROR');
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = require.resolve('./stand-in-workflows');
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: {
      copyDisks: async () => {
        const context = Context.current();
        const ticker = setInterval(() => context.heartbeat(HEARTBEAT), 50);
        await context.cancelled.finally(() => clearInterval(ticker));
      },
      unlockSource: () => {
        throw new Error('the cluster does not answer');
      },
    },
    maxHeartbeatThrottleInterval: 100,
    defaultHeartbeatThrottleInterval: 100,
  });
  const ended = worker.run();
  return {
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
      await connection.close();
    },
  };
}

/** What a clone is started with; `script` tells a stand-in what to do. */
export function cloneInput(
  name: string,
  script: Script = 'wait',
  input: Partial<CloneInput> = {},
): CloneInput {
  return {
    cloneUid: randomUUID(),
    installation: 'test',
    source: { namespace: 'demo', name: 'web' },
    target: { namespace: 'demo', name },
    description: script,
    startAfterClone: true,
    requestedBy: 'anonymous',
    options: {},
    ...input,
  };
}

export async function begin({ client }: TestTemporal, input: CloneInput): Promise<CloneInput['target']> {
  const planned = {
    name: 'root',
    sourceClaim: 'web-root',
    dataVolume: 'x-root',
    bytes: 1024,
    method: 'copy',
  } as const;
  await startClone(client, { input, requestHash: 'hash', idempotencyKey: 'key', disks: [planned] });
  return input.target;
}

/** Looks at a clone until it is as `reached` says. */
export async function untilClone(
  clones: Pick<CloneReader, 'read'>,
  target: CloneInput['target'],
  reached: (description: CloneDescription) => boolean,
): Promise<CloneDescription> {
  for (const giveUp = Date.now() + 20_000; ; ) {
    const description = await clones.read(target);
    if (description && reached(description)) return description;
    if (Date.now() > giveUp) throw new Error(`still ${JSON.stringify(description)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
