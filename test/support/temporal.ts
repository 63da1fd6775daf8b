import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../launcher/temporal-cli';
import { ensureSearchAttributes } from '../../src/temporal';

/** Set by the global set-up: `host:port` of the one Temporal server of a test run. */
export const TEMPORAL_ADDRESS_VARIABLE = 'VM_CLONE_TEST_TEMPORAL_ADDRESS';

export interface TestTemporal {
  address: string;
  /** A fresh one: workflow ids, task queues and schedules of test files never meet. */
  namespace: string;
  client: Client;
  stop(): Promise<void>;
}

/**
 * A namespace of its own on the run's Temporal server, ready for clones: search attributes are registered and
 * closed workflows are kept for 30 days. Outside of a test run it starts a server and ends it with `stop`.
 */
export async function startTemporal(): Promise<TestTemporal> {
  const running = process.env[TEMPORAL_ADDRESS_VARIABLE];
  const server = running ? undefined : await startTemporalServer();
  const address = running ?? (server?.address as string);
  const connection = await Connection.connect({ address });
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('30 days'),
  });
  const client = new Client({ connection, namespace });
  await untilRegistered(client);
  return {
    address,
    namespace,
    client,
    async stop() {
      await connection.close();
      await server?.stop();
    },
  };
}

/** A Temporal dev server with nothing kept on disk, on a free port of the loopback interface. */
export async function startTemporalServer(): Promise<{ address: string; stop(): Promise<void> }> {
  const path = await findTemporalCli({ onProgress: (line) => console.log(line) });
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      ip: '127.0.0.1',
      log: { format: 'json', level: 'error' },
    },
  });
  return { address: environment.address, stop: () => environment.teardown() };
}

/** The server takes a moment to know a namespace that it has just registered. */
async function untilRegistered(client: Client): Promise<void> {
  for (let tries = 50; ; tries -= 1) {
    try {
      return await ensureSearchAttributes(client);
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
