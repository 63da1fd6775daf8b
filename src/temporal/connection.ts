import { Client, Connection } from '@temporalio/client';

export interface TemporalAddress {
  /** `host:port` of the server's gRPC frontend. */
  address: string;
  namespace: string;
}

export interface TemporalClient {
  client: Client;
  close(): Promise<void>;
}

/** How long one question to Temporal may take, the SDK's own retries of unreachable servers included. */
export const CALL_TIMEOUT_MS = 10_000;

/**
 * A client that connects at its first call, and again after each loss: a process may start before Temporal does.
 * (`Connection.connect` would keep its first failure for good.) Make every call through `within`.
 */
export function connectTemporal({ address, namespace }: TemporalAddress): TemporalClient {
  const connection = Connection.lazy({ address });
  const client = new Client({ connection, namespace });
  return { client, close: () => connection.close() };
}

/** Runs calls to Temporal under a deadline: without one they wait for ever. */
export function within<R>(client: Client, work: () => Promise<R>, timeoutMs = CALL_TIMEOUT_MS): Promise<R> {
  return client.withDeadline(Date.now() + timeoutMs, work);
}

/** Whether the server answers and has our namespace. */
export async function isReachable(client: Client, timeoutMs: number): Promise<boolean> {
  const { namespace } = client.options;
  try {
    await within(client, () => client.workflowService.describeNamespace({ namespace }), timeoutMs);
    return true;
  } catch {
    return false;
  }
}
