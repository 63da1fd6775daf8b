import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Admission, type AdmissionFunctions, type User } from './admission';
import { create } from './create';
import { dispatch, type Routes } from './dispatch';
import { internalError, PageNotFound, StatusError } from './errors';
import { Journal } from './journal';
import { KINDS, type Kind } from './kinds';
import { type ObservedRequest, verbOf } from './observe';
import type { Answer } from './request';
import { Store } from './store';
import { SubresourceRegistry, type Subresources } from './subresources';
import { SYSTEM_ADMIN, userOf } from './users';
import { Watch } from './watch';

export type { AdmissionFunction, AdmissionFunctions, AdmissionRequest, User } from './admission';
export * from './errors';
export { KINDS, type Kind } from './kinds';
export { kubeconfigFor } from './kubeconfig';
export type { KubernetesObject, ObjectMeta, OwnerReference } from './object';
export { type ObservedRequest, type RequestFilter, RequestLog } from './observe';
export type { SubresourceHandler, SubresourceRequest, Subresources } from './subresources';

export interface ApiServerOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Where the objects are kept between runs; without it they live in memory alone. */
  dataFile?: string;
  /** Default: KINDS. */
  kinds?: readonly Kind[];
  subresources?: readonly Subresources[];
  admission?: AdmissionFunctions;
  /** Users by bearer token. Without it every token is taken for system:admin's. */
  tokens?: Readonly<Record<string, User>>;
  /** Called for each request when its answer's code is known; for a watch when it begins. */
  onRequest?: (request: ObservedRequest) => void;
  /** Changes kept per kind for watches and pages of lists. Default 5000. */
  historyLimit?: number;
  /** Milliseconds between the bookmarks of a watch. Default 10 s: less than clients wait on a silent connection. */
  bookmarkIntervalMs?: number;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Puts subresource handlers in force after the start; returns what ends that. */
  addSubresources(subresources: Subresources): () => void;
  /** Puts admission functions in force after the start; returns what ends that. */
  addAdmission(functions: AdmissionFunctions): () => void;
  /** Forgets the history of changes: watches from before now are answered 410. Those that are open go on. */
  compact(): void;
  /** Ends every connection, watches too. */
  close(): Promise<void>;
}

/** Longer than clients keep an idle connection, so that none sends a request into one that is being closed. */
const KEEP_ALIVE_MS = 120_000;

const FIRST_NAMESPACES = ['default', 'kube-system', 'kube-public'];

/**
 * An in-memory Kubernetes API over plain HTTP: discovery, get, list, watch, create, update, JSON and merge patch,
 * delete, metadata alone, status subresources, admission and subresource handlers; every answer as kube-apiserver
 * gives it. Left out: server-side apply (415), Table output, schemas, RBAC, CEL.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { kinds = KINDS, historyLimit = 5000, bookmarkIntervalMs = 10_000, host = '127.0.0.1' } = options;
  const journal = options.dataFile === undefined ? undefined : Journal.open(options.dataFile);
  const store = new Store({ kinds, journal, historyLimit });
  const admission = new Admission();
  const subresources = new SubresourceRegistry();
  for (const entry of options.subresources ?? []) subresources.add(entry);
  const routes: Routes = { server: { store, admission, bookmarkIntervalMs }, kinds, subresources };
  await createFirstNamespaces(routes);
  if (options.admission) admission.add(options.admission);

  const http = createServer((request, response) => {
    serve(routes, options, request, response).catch((error) => response.destroy(error));
  });
  http.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port ?? 0, host, resolve);
  }).catch((error) => {
    journal?.close();
    throw error;
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    addSubresources: (entry) => subresources.add(entry),
    addAdmission: (functions) => admission.add(functions),
    compact: () => store.compact(),
    close: () =>
      new Promise((resolve) => {
        http.close(() => {
          journal?.close();
          resolve();
        });
        http.closeAllConnections();
      }),
  };
}

async function createFirstNamespaces({ server, kinds }: Routes): Promise<void> {
  const kind = kinds.find(({ plural, group }) => plural === 'namespaces' && group === '');
  if (!kind) return;
  for (const name of FIRST_NAMESPACES) {
    if (server.store.get(kind, undefined, name)) continue;
    await create(server, {
      kind,
      name: '',
      subresource: '',
      query: new URLSearchParams(),
      headers: {},
      user: SYSTEM_ADMIN,
      body: { metadata: { name } },
    });
  }
}

/** Every request passes here and nowhere else. */
async function serve(
  routes: Routes,
  { tokens, onRequest }: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = urlOf(request);
  let user = SYSTEM_ADMIN;
  let answer: Answer | Watch;
  try {
    user = userOf(request.headers, tokens);
    answer = await dispatch(routes, request, url, user);
  } catch (error) {
    answer = answerTo(error);
  }
  onRequest?.({
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    verb: verbOf(request.method ?? '', url),
    userAgent: request.headers['user-agent'] ?? '',
    user,
    code: answer instanceof Watch ? 200 : answer.code,
  });
  if (answer instanceof Watch) answer.open(response);
  else send(response, answer);
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const parsed = new URL('http://localhost');
  parsed.pathname = path;
  parsed.search = query;
  return parsed;
}

function answerTo(error: unknown): Answer {
  if (error instanceof PageNotFound) return { code: 404, text: '404 page not found\n' };
  const { status } = error instanceof StatusError ? error : internalError(String(error));
  return { code: status.code, body: status };
}

function send(response: ServerResponse, { code, body, json, text }: Answer): void {
  const content = text ?? json ?? (body === undefined ? '' : JSON.stringify(body));
  const type = text === undefined ? 'application/json' : 'text/plain; charset=utf-8';
  const bytes = Buffer.from(content);
  response.writeHead(code, {
    ...(bytes.length > 0 && { 'content-type': type }),
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
  });
  response.end(bytes);
}
