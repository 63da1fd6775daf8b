import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../config';
import { answerProtocolErrors } from './protocol-errors';

export interface RunningServer {
  /** Such as `http://127.0.0.1:8080`. */
  url: string;
  /** Takes no new requests and gives those under way so many milliseconds; then cuts them off. */
  close(graceMs: number): Promise<void>;
}

/** Time for a request to arrive whole: nobody holds a connection by sending it drop by drop. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for such a one; by default each 30 seconds. */
const TIMEOUT_CHECK_MS = 5_000;

/** @throws ConfigError when the port or host is not to be had. */
export async function listen(
  app: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<RunningServer> {
  const server = createServer(
    // A request without a Host is refused by the app, as all others are.
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      requireHostHeader: false,
    },
    app,
  );
  answerProtocolErrors(server);
  server.on('request', (_request, response) => {
    // A connection is kept open after its answer, for the next request; not by a server that is closing.
    response.on('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, host, port);
  }
  const { port: taken } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
  return { url, close: (graceMs) => close(server, graceMs) };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(
        `Port ${port} on ${host} is in use: end what uses it, or set PORT to another one.`,
      );
    case 'EACCES':
      return new ConfigError(`Port ${port} may not be used by this user: set PORT to one above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError(`HOST=${host} is no address of this machine: set HOST to one that is.`);
    default:
      return error;
  }
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
