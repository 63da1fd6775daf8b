import { badRequest, expired, failure, notFound, tooLargeResourceVersion } from './errors';
import { apiVersionOf, type Kind } from './kinds';
import type { Answer, ResourceRequest, Server } from './request';
import { type Predicate, parseFieldSelector, parseLabelSelector } from './selectors';
import type { Store } from './store';
import type { Version } from './version';

type Entry = [key: string, version: Version];

/** GET of one object. */
export function get({ store }: Server, request: ResourceRequest): Answer {
  const { kind, namespace, name, query } = request;
  reached(store, readVersion(query.get('resourceVersion')));
  const found = store.get(kind, namespace, name);
  if (!found) throw notFound(kind, name);
  return { code: 200, json: found.json };
}

/** What the selectors of a query ask for. `name` is set when only one object can match. */
export function readSelectors({ kind, query }: ResourceRequest): {
  matches: Predicate;
  all: boolean;
  name?: string;
} {
  const labels = query.get('labelSelector') ?? '';
  const fields = query.get('fieldSelector') ?? '';
  const byLabel = parseLabelSelector(labels);
  const byField = parseFieldSelector(fields, kind.fieldSelectors);
  return {
    matches: (object) => byField.matches(object) && byLabel(object),
    all: labels.trim() === '' && fields.trim() === '',
    name: byField.name,
  };
}

export function* selected(entries: Iterable<Entry>, request: ResourceRequest): Generator<Entry> {
  const { matches } = readSelectors(request);
  for (const entry of entries) if (matches(entry[1].object)) yield entry;
}

/** A resourceVersion of a query: undefined for none, throws 400 for what is no number. */
export function readVersion(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text))
    throw badRequest(`invalid resource version "${text}": strconv.ParseUint: invalid syntax`);
  return Number(text);
}

/** 504 when a client asks for a resourceVersion that was never given out. */
function reached(store: Store, asked = 0): void {
  if (asked > store.resourceVersion) throw tooLargeResourceVersion(asked, store.resourceVersion);
}

/** Where a page ended. resourceVersion -1: go on from there in the present state. */
interface Continue {
  resourceVersion: number;
  after: string;
}

/**
 * GET of a collection. With `limit`, pages of one state: the later pages show what was stored when the first was
 * read, for as long as the history reaches back; then 410 with a token for going on in the present state.
 */
export function list({ store }: Server, request: ResourceRequest): Answer {
  const { kind, namespace, query } = request;
  const limit = readLimit(query.get('limit'));
  const from = readContinue(query);
  const asked = readVersion(query.get('resourceVersion'));
  reached(store, asked);
  const exact = query.get('resourceVersionMatch') === 'Exact' ? asked : undefined;
  const past = from === undefined ? exact : from.resourceVersion;
  const { all } = readSelectors(request);

  const after = from?.after ?? '';
  const present = past === undefined || past < 0;
  const entries = present ? store.list(kind, namespace, after) : store.listAt(past, kind, namespace, after);
  if (!entries)
    throw from ? continueExpired(from) : expired(`The resourceVersion for the provided list is too old.`);

  const resourceVersion = present ? store.resourceVersion : past;
  const page: Version[] = [];
  let last = '';
  let left = 0;
  for (const [key, version] of selected(entries, request)) {
    if (limit > 0 && page.length === limit) {
      left += 1;
      if (!all) break;
    } else {
      page.push(version);
      last = key;
    }
  }
  const metadata = {
    resourceVersion: String(resourceVersion),
    ...(left > 0 && { continue: encode({ resourceVersion, after: last }) }),
    ...(left > 0 && all && { remainingItemCount: left }),
  };
  return { code: 200, json: listJson(kind, metadata, page) };
}

/** Items of built-in kinds carry no apiVersion and kind; those of custom resources do. */
function listJson(kind: Kind, metadata: object, versions: Version[]): string {
  const apiVersion = apiVersionOf(kind);
  const prefix = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind.kind)},`;
  const items = versions.map(({ json }) => (kind.custom ? json : `{${json.slice(prefix.length)}`));
  const head = `{"kind":"${kind.kind}List","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)}`;
  return `${head},"items":[${items.join(',')}]}\n`;
}

function readLimit(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`invalid limit "${text}"`);
  return Number(text);
}

function encode(token: Continue): string {
  return Buffer.from(
    JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.resourceVersion, start: token.after }),
  ).toString('base64url');
}

function readContinue(query: URLSearchParams): Continue | undefined {
  const text = query.get('continue');
  if (!text) return undefined;
  if (query.get('resourceVersion')) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  try {
    const { rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Number.isInteger(rv) && typeof start === 'string') return { resourceVersion: rv, after: start };
  } catch {
    // The same answer as for a token of another shape.
  }
  throw badRequest('continue key is not valid');
}

function continueExpired({ after }: Continue) {
  const error = failure(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
      'without the continue parameter, or use the continue token in this response to retrieve the remainder of the ' +
      'results. Continuing with the provided token results in an inconsistent list - objects that were created, ' +
      'modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  error.status.metadata.continue = encode({ resourceVersion: -1, after });
  return error;
}
