import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { connectTemporal, isReachable, type TemporalAddress, within } from '../src/temporal/connection';
import { ensureSearchAttributes } from '../src/temporal/search-attributes';
import { LaunchError } from './launch-error';

/** How long a closed clone stays in Temporal; the dev server's own default is a day. */
const RETENTION = '30 days';

/** Command line of the dev server, with its data in `database`. */
export function devServerArgs(options: {
  port: number;
  uiPort: number;
  namespace: string;
  database: string;
}): string[] {
  return [
    'server',
    'start-dev',
    ...['--ip', '127.0.0.1', '--port', String(options.port), '--ui-port', String(options.uiPort)],
    ...['--db-filename', options.database, '--namespace', options.namespace, '--log-level', 'warn'],
  ];
}

/** Whether a Temporal server answers there and has the namespace; asks for at most two seconds. */
export async function temporalAnswers(server: TemporalAddress): Promise<boolean> {
  return withClient(server, (client) => isReachable(client, 2_000));
}

/**
 * Search attributes and retention of the server that the launcher has started. Not by the dev server's
 * `--search-attribute`: it is without effect on a database that has the namespace already.
 */
export async function prepareNamespace(server: TemporalAddress): Promise<void> {
  await withClient(server, async (client) => {
    await ensureSearchAttributes(client);
    const { namespace } = server;
    const config = { workflowExecutionRetentionTtl: msToTs(RETENTION) };
    await within(client, () => client.workflowService.updateNamespace({ namespace, config }));
  });
}

/** Search attributes of a server of the user's own; its retention is theirs. @throws LaunchError when it can't be used. */
export async function joinForeignServer(server: TemporalAddress): Promise<void> {
  if (await temporalAnswers(server)) return withClient(server, ensureSearchAttributes);
  throw new LaunchError(
    `No Temporal server with a namespace "${server.namespace}" answers at ${server.address}: correct TEMPORAL_ADDRESS or TEMPORAL_NAMESPACE, or unset both to have a server started.`,
  );
}

async function withClient<T>(server: TemporalAddress, use: (client: Client) => Promise<T>): Promise<T> {
  const { client, close } = connectTemporal(server);
  try {
    return await use(client);
  } finally {
    await close();
  }
}
