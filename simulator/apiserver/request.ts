import type { IncomingHttpHeaders } from 'node:http';
import type { Admission, User } from './admission';
import { failure } from './errors';
import type { Kind } from './kinds';
import type { Store } from './store';

/** What the parts that answer requests share. */
export interface Server {
  store: Store;
  admission: Admission;
  /** Milliseconds between bookmarks of a watch. */
  bookmarkIntervalMs: number;
}

/** A request about a stored kind, after its path has been read. */
export interface ResourceRequest {
  kind: Kind;
  namespace?: string;
  /** '' for a collection. */
  name: string;
  /** '' for the object itself. */
  subresource: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  user: User;
  /** The parsed JSON body; undefined when there was none. */
  body: unknown;
}

/** Of the three bodies at most one: a value to be made JSON, JSON as it is to be sent, plain text. */
export interface Answer {
  code: number;
  body?: unknown;
  json?: string;
  text?: string;
}

/** Whether the request only asks what would happen. Throws 422 for anything but `All`. */
export function isDryRun(query: URLSearchParams, inBody?: unknown): boolean {
  const asked = [...query.getAll('dryRun'), ...(Array.isArray(inBody) ? inBody : [])];
  const unknown = asked.find((value) => value !== 'All');
  if (unknown !== undefined) {
    const message = `Unsupported value: ${JSON.stringify(unknown)}: supported values: "All"`;
    throw failure(422, 'Invalid', `Options.meta.k8s.io "" is invalid: dryRun: ${message}`, {
      causes: [{ reason: 'FieldValueNotSupported', message, field: 'dryRun' }],
    });
  }
  return asked.length > 0;
}
