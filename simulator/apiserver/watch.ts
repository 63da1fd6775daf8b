import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { badRequest, expired, failure, forbiddenValue } from './errors';
import { apiVersionOf } from './kinds';
import { readSelectors, readVersion } from './list';
import { formOfEvents, versionIn } from './metadata-only';
import type { KubernetesObject } from './object';
import type { ResourceRequest, Server } from './request';
import { type Change, keyOf } from './store';
import { Version } from './version';

/** A watcher that has this much unread is cut off; it can come back and list anew. */
const MOST_UNREAD_BYTES = 128 * 1024 * 1024;
/** Without `timeoutSeconds` a watch ends after between this and twice this time, as a real server's does. */
const DEFAULT_TIMEOUT_SECONDS = 1800;

/** The event's line is the same for all who see it alike: made once, not once per watcher. */
let latestLine: { version: Version; type: string; bytes: Buffer } | undefined;

function lineOf(type: string, version: Version): Buffer {
  if (latestLine?.version !== version || latestLine.type !== type) {
    const bytes = Buffer.from(`{"type":"${type}","object":${version.json}}\n`);
    latestLine = { version, type, bytes };
  }
  return latestLine.bytes;
}

/**
 * GET of a collection with `watch=true`: a stream of JSON lines. With no resourceVersion, or "0", it begins with an
 * ADDED event for every object; with one, with what was written after it. A resourceVersion that the history no
 * longer reaches gives HTTP 200 and a single ERROR event with a 410 Status. An object that comes to fit the selectors
 * is ADDED, one that ceases to is DELETED.
 */
export class Watch {
  private readonly selectors;
  private readonly form;
  private readonly from: number;
  private readonly bookmarks: boolean;
  private readonly timeoutMs: number;
  private stop: (() => void)[] = [];

  /** Throws 400, 406 or 422 before anything is sent. */
  constructor(
    private readonly server: Server,
    private readonly request: ResourceRequest,
  ) {
    const { query } = request;
    refuseWatchList(query);
    this.selectors = readSelectors(request);
    this.form = formOfEvents(request.headers.accept);
    this.from = readVersion(query.get('resourceVersion')) ?? 0;
    this.bookmarks = query.get('allowWatchBookmarks') === 'true';
    const seconds = query.get('timeoutSeconds') || '0';
    if (!/^\d+$/.test(seconds)) throw badRequest(`invalid timeoutSeconds "${seconds}"`);
    this.timeoutMs = 1000 * (Number(seconds) || DEFAULT_TIMEOUT_SECONDS + randomInt(DEFAULT_TIMEOUT_SECONDS));
  }

  /** Sends the head, what there is to say now, and goes on until the time is up or the client goes. */
  open(response: ServerResponse): void {
    const { store, bookmarkIntervalMs } = this.server;
    const { kind, namespace } = this.request;
    if (response.destroyed) return;
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    const past = this.from === 0 ? [] : store.changesSince(kind, this.from);
    if (!past) {
      const { status } = expired(`too old resource version: ${this.from} (${store.resourceVersion})`);
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    }
    if (this.from === 0) {
      for (const [, version] of store.list(kind, namespace)) {
        if (this.selectors.matches(version.object)) response.write(this.lineOf('ADDED', version));
      }
    }
    for (const change of past) this.deliver(response, change);

    const key = this.selectors.name && keyOf(namespace, this.selectors.name);
    const scope = { namespace, key: kind.namespaced && !namespace ? undefined : key };
    const timeout = setTimeout(() => this.close(response), Math.min(this.timeoutMs, 2 ** 31 - 1));
    const bookmark = setInterval(() => this.bookmark(response), bookmarkIntervalMs);
    this.stop = [
      store.subscribe(kind, scope, (change) => {
        if (change.resourceVersion > this.from) this.deliver(response, change);
      }),
      () => clearTimeout(timeout),
      () => clearInterval(bookmark),
    ];
    response.once('close', () => this.end());
  }

  /** Ends the stream in good order; the client may go on from the last bookmark. */
  private close(response: ServerResponse): void {
    this.bookmark(response);
    this.end();
    response.end();
  }

  private end(): void {
    for (const stop of this.stop.splice(0)) stop();
  }

  private deliver(response: ServerResponse, change: Change): void {
    const { namespace } = this.request;
    if (namespace && !change.key.startsWith(`${namespace}/`)) return;
    const { matches } = this.selectors;
    const was = change.previous !== undefined && matches(change.previous.object);
    const is = change.type !== 'DELETED' && matches(change.current.object);
    if (!was && !is) return;
    if (response.writableLength > MOST_UNREAD_BYTES) {
      response.destroy();
      return;
    }
    if (is) response.write(this.lineOf(was ? 'MODIFIED' : 'ADDED', change.current));
    else response.write(this.lineOf('DELETED', departed(change)));
  }

  private lineOf(type: string, version: Version): Buffer {
    return lineOf(type, versionIn(this.form, version));
  }

  /** Tells an idle client how far it is, and that the connection lives. */
  private bookmark(response: ServerResponse): void {
    if (!this.bookmarks) return;
    const { kind } = this.request;
    const resourceVersion = String(Math.max(this.from, this.server.store.resourceVersion));
    const metadata = { resourceVersion, creationTimestamp: null };
    const object = {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata,
    } as unknown as KubernetesObject;
    response.write(this.lineOf('BOOKMARK', new Version(object, Number(resourceVersion))));
  }
}

/** Who leaves the selection is shown as it was last seen in it, at the resourceVersion of the change. */
function departed({ type, current, previous }: Change): Version {
  if (type === 'DELETED' || !previous) return current;
  const { object } = previous;
  const metadata = { ...object.metadata, resourceVersion: current.object.metadata.resourceVersion };
  return new Version({ ...object, metadata }, current.resourceVersion);
}

/** Streaming lists are not offered: this is how a server without the feature says so, and clients list instead. */
function refuseWatchList(query: URLSearchParams): void {
  const asked = ['sendInitialEvents', 'resourceVersionMatch'].find((name) => query.has(name));
  if (!asked) return;
  const cause = forbiddenValue(
    asked,
    `${asked} is forbidden for watch unless the WatchList feature gate is enabled`,
  );
  const message = `ListOptions.meta.k8s.io "" is invalid: ${asked}: ${cause.message}`;
  throw failure(422, 'Invalid', message, { group: 'meta.k8s.io', kind: 'ListOptions', causes: [cause] });
}
