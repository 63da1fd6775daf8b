import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of the browser, as it came by. */
export interface Seen {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** Its answer has not ended yet. */
  isOpen: boolean;
}

export type Which = (request: Seen) => boolean;

export const EVENTS: Which = ({ path }) => path === '/api/v1/events';
export const VM_LIST: Which = ({ path }) => path === '/api/v1/vms';
export const PLAN: Which = ({ path }) => path.endsWith('/clone-plan');
export const NEW_CLONE: Which = ({ method, path }) => method === 'POST' && path === '/api/v1/clones';

/** Where on its way a request is held: before the API has seen it, once the API has answered, or after the answer's headers. */
export type Where = 'request' | 'answer' | 'body';

/** Lets go what is held, and no longer holds anything. */
export type Release = () => void;

interface Held {
  which: Which;
  where: Where;
  released: Promise<void>;
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];

/**
 * What stands between browsers and the API: a reverse proxy on loopback that streams both ways, and can do to the
 * traffic what networks and auth proxies do.
 */
export class Gateway {
  /** All requests, in the order in which they came. */
  readonly seen: Seen[] = [];
  private readonly answers = new Map<Seen, ServerResponse>();
  private readonly refused = new Map<Which, number>();
  private readonly held = new Set<Held>();
  private readonly swallowed = new Set<Seen>();
  private token?: string;

  private constructor(
    private readonly server: Server,
    private readonly api: () => string,
  ) {
    server.on('request', (request, response) => void this.handle(request, response));
  }

  /** `api` tells where the API is to be found, each time anew. */
  static async start(api: () => string): Promise<Gateway> {
    const server = createServer();
    const gateway = new Gateway(server, api);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return gateway;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  requests(which: Which): Seen[] {
    return this.seen.filter(which);
  }

  open(which: Which): Seen[] {
    return this.seen.filter((seen) => seen.isOpen && which(seen));
  }

  /** From now on the API is for those alone who send this token: any other, or an older one, is answered with 401. */
  demand(token: string | undefined): void {
    this.token = token;
  }

  /** Cuts the connections of requests that are open. */
  cut(which: Which): void {
    for (const seen of this.open(which)) this.answers.get(seen)?.destroy();
  }

  /** Cuts and refuses requests until the function that is returned is called. */
  refuse(which: Which, status = 503): Release {
    this.refused.set(which, status);
    this.cut(which);
    return () => void this.refused.delete(which);
  }

  /** Holds requests, or their answers, until the function that is returned is called. */
  hold(which: Which, where: Where = 'answer'): Release {
    let release: Release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const held = { which, where, released };
    this.held.add(held);
    return () => {
      this.held.delete(held);
      release();
    };
  }

  /** What is open now stays so, but nothing of it comes through any more: nobody has closed it. */
  swallow(which: Which): void {
    for (const seen of this.open(which)) this.swallowed.add(seen);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', this.url);
    const seen: Seen = { method, path, query, headers, isOpen: true };
    this.seen.push(seen);
    this.answers.set(seen, response);
    response.on('close', () => {
      seen.isOpen = false;
      this.answers.delete(seen);
    });
    const [, status] = [...this.refused].find(([which]) => which(seen)) ?? [];
    if (status) return void answer(response, status, 'Not now, or not for you');
    if (!this.lets(seen)) return void answer(response, 401, 'Sign in', { 'www-authenticate': 'Bearer' });
    await this.past(seen, 'request');
    if (response.destroyed) return;
    const onward = send(`${this.api()}${request.url}`, { method, headers });
    onward.on('error', () => answer(response, 502, 'Bad gateway'));
    onward.on('response', (incoming) => void this.pass(seen, incoming, response));
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  private async pass(seen: Seen, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.past(seen, 'answer');
    if (response.destroyed) return;
    const headers = Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.includes(name));
    response.writeHead(incoming.statusCode ?? 502, Object.fromEntries(headers));
    response.flushHeaders();
    await this.past(seen, 'body');
    incoming.on('data', (chunk) => {
      if (!this.swallowed.has(seen)) response.write(chunk);
    });
    incoming.on('end', () => response.end());
    incoming.on('error', () => response.destroy());
  }

  /** The console itself has to be had before anybody can sign in. */
  private lets({ path, headers }: Seen): boolean {
    return (
      this.token === undefined ||
      !path.startsWith('/api/') ||
      headers.authorization === `Bearer ${this.token}`
    );
  }

  private async past(seen: Seen, where: Where): Promise<void> {
    for (const held of this.held) if (held.where === where && held.which(seen)) await held.released;
  }
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(`<h1>${text}</h1>`);
}
