import type { ProblemDocument } from '../../../src/api/answers';
import { session } from './session';

const BASE = '/api/v1';
const TIMEOUT_MS = 20_000;

/** An answer that is no success. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(readonly document: ProblemDocument) {
    super(document.detail);
  }

  /** The stable last part of the document's type, such as `name-taken`. */
  get type(): string {
    return this.document.type.slice(this.document.type.lastIndexOf(':') + 1);
  }
}

/** No answer of the API at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/**
 * One request to the API; `path` is below `/api/v1`.
 *
 * @throws ApiProblem, or Unreachable when nobody answers within 20 seconds.
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options, AbortSignal.timeout(TIMEOUT_MS));
  if (!response.ok) throw await problemOf(response);
  try {
    return (await response.json()) as T;
  } catch (error) {
    throw new Unreachable('The answer was cut off.', { cause: error });
  }
}

/** The live feed: an answer that goes on. */
export async function openStream(path: string, options: RequestOptions): Promise<Response> {
  const response = await send(path, options);
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function send(path: string, options: RequestOptions, timeout?: AbortSignal): Promise<Response> {
  const { method = 'GET', query, body, headers, signal } = options;
  const signals = [signal, timeout].filter((each) => each !== undefined);
  const asked = session.snapshot();
  try {
    const response = await fetch(`${BASE}${path}${queryString(query)}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(asked.token && { authorization: `Bearer ${asked.token}` }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any(signals),
      cache: 'no-store',
    });
    session.answered(asked, response.status);
    return response;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable('The VM Clone API does not answer.', { cause: error });
  }
}

function queryString(query: RequestOptions['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/** What stands between the browser and the API answers in its own way. */
async function problemOf(response: Response): Promise<Error> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  const document = isProblem ? await response.json().catch(() => undefined) : undefined;
  if (document) return new ApiProblem(document as ProblemDocument);
  if (response.status >= 500)
    return new Unreachable(`The VM Clone API does not answer (${response.status}).`);
  return new ApiProblem({
    type: `urn:vm-clone:problem:http-${response.status}`,
    title: response.statusText,
    status: response.status,
    detail:
      response.status === 401
        ? 'Your session has ended: sign in again.'
        : `The request was answered with ${response.status} ${response.statusText}.`,
    requestId: response.headers.get('x-request-id') ?? '',
  });
}

/** What to tell of an error. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Path of a VM or clone: names are DNS labels, encoded all the same. */
export function refPath({ namespace, name }: { namespace: string; name: string }): string {
  return `${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}
