import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

export interface TemporalAddress {
  /** `host:port` of the server's gRPC frontend. */
  address: string;
  namespace: string;
}

export interface TemporalClient {
  client: Client;
  /** Lets calls through `within` settle for a moment, without further tries; then ends them. */
  close(): Promise<void>;
}

/** How long one question to Temporal may take, all tries included. */
export const CALL_TIMEOUT_MS = 10_000;
/** Tries of one call: about two seconds of an outage pass unnoticed, a longer one is told to whoever asks. */
const MAX_TRIES = 5;
/** Longest pause between two of them. */
const RETRY_PAUSE_MS = 1_000;

/**
 * A client that connects at its first call, and again after each loss: a process may start before Temporal does.
 * (`Connection.connect` would keep its first failure for good.) Make every call through `within`.
 */
export function connectTemporal({ address, namespace }: TemporalAddress): TemporalClient {
  let closing = false;
  const retry = defaultGrpcRetryOptions({ maxAttempts: MAX_TRIES, maxIntervalMs: () => RETRY_PAUSE_MS });
  const connection = Connection.lazy({
    address,
    interceptors: [
      makeGrpcRetryInterceptor({
        ...retry,
        retryableDecider: (attempt, status) => !closing && retry.retryableDecider(attempt, status),
      }),
    ],
  });
  const client = new Client({ connection, namespace });
  return {
    client,
    async close() {
      closing = true;
      // The SDK does not end its pauses: a try on a closed connection would throw where nobody catches.
      await settled(client, 2 * RETRY_PAUSE_MS);
      await connection.close();
    },
  };
}

const underWay = new WeakMap<Client, Set<Promise<unknown>>>();

/** Runs calls to Temporal under a deadline: without one they wait for ever. */
export async function within<R>(
  client: Client,
  work: () => Promise<R>,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<R> {
  const calls = underWay.get(client) ?? new Set();
  underWay.set(client, calls);
  const call = client.withDeadline(Date.now() + timeoutMs, work);
  calls.add(call);
  try {
    return await call;
  } finally {
    calls.delete(call);
  }
}

async function settled(client: Client, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([Promise.allSettled(underWay.get(client) ?? []), patience]);
  clearTimeout(timer);
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
