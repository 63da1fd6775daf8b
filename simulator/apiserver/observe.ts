import type { User } from './admission';
import { parseResourcePath } from './path';

/** A request as an observer sees it. */
export interface ObservedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verb: string;
  userAgent: string;
  user: User;
  code: number;
}

/** The API's verb for a request, as RBAC and audit name it. */
export function verbOf(method: string, url: URL): string {
  const named = Boolean(safely(() => parseResourcePath(url.pathname)?.name));
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (['true', '1'].includes(url.searchParams.get('watch') ?? '')) return 'watch';
      return named ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
    default:
      return method.toLowerCase();
  }
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Which requests to count: each given member must fit. */
export interface RequestFilter {
  userAgent?: string | RegExp;
  verb?: string | readonly string[];
  path?: string | RegExp;
  user?: string;
}

/**
 * Keeps what `onRequest` reports.
 *
 * @example
 * const log = new RequestLog();
 * const server = await startApiServer({ onRequest: log.record });
 * log.count({ userAgent: /^worker/, verb: ['get', 'patch'] });
 */
export class RequestLog {
  private requests: ObservedRequest[] = [];

  readonly record = (request: ObservedRequest): void => {
    this.requests.push(request);
  };

  matching({ userAgent, verb, path, user }: RequestFilter = {}): ObservedRequest[] {
    return this.requests.filter(
      (request) =>
        (userAgent === undefined || fits(request.userAgent, userAgent)) &&
        (verb === undefined || [verb].flat().includes(request.verb)) &&
        (path === undefined || fits(request.path, path)) &&
        (user === undefined || request.user.name === user),
    );
  }

  count(filter: RequestFilter = {}): number {
    return this.matching(filter).length;
  }

  clear(): void {
    this.requests = [];
  }
}

/** A string fits as a part, a pattern by its match. */
function fits(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}
