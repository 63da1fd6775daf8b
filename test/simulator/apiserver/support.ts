import { type ApiServer, type ApiServerOptions, startApiServer } from '../../../simulator/apiserver';

export const VMS = '/apis/kubevirt.io/v1/namespaces/demo/virtualmachines';
export const VMIS = '/apis/kubevirt.io/v1/namespaces/demo/virtualmachineinstances';
export const PODS = '/api/v1/namespaces/demo/pods';
export const CONFIG_MAPS = '/api/v1/namespaces/demo/configmaps';

export const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
export const MERGE_PATCH = { 'content-type': 'application/merge-patch+json' };

export interface Answered {
  code: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  body: any;
}

export interface WatchEvent {
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  object: any;
}

/** A server of its own for a test file, with a namespace `demo`, spoken to in raw HTTP. */
export class Cluster {
  private readonly aborts = new Set<AbortController>();

  private constructor(
    readonly server: ApiServer,
    private readonly headers: Record<string, string>,
  ) {}

  static async start(options: ApiServerOptions = {}): Promise<Cluster> {
    return Cluster.on(await startApiServer(options));
  }

  /** Speaks to a server that runs already, each time with these headers. */
  static async on(server: ApiServer, headers: Record<string, string> = {}): Promise<Cluster> {
    const cluster = new Cluster(server, headers);
    await cluster.post('/api/v1/namespaces', { metadata: { name: 'demo' } });
    return cluster;
  }

  async stop(): Promise<void> {
    for (const abort of this.aborts) abort.abort();
    await this.server.close();
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answered> {
    const response = await fetch(this.server.url + path, {
      method,
      headers: {
        ...this.headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { code: response.status, body: isJson ? JSON.parse(text) : text };
  }

  get = (path: string) => this.send('GET', path);
  post = (path: string, body: unknown) => this.send('POST', path, body);
  put = (path: string, body: unknown) => this.send('PUT', path, body);
  jsonPatch = (path: string, body: unknown) => this.send('PATCH', path, body, JSON_PATCH);
  mergePatch = (path: string, body: unknown) => this.send('PATCH', path, body, MERGE_PATCH);
  delete = (path: string, body?: unknown) => this.send('DELETE', path, body);

  /** Opens a watch and reads its events one by one; `next()` waits for one, `rest()` for the stream's end. */
  async watch(
    path: string,
    query: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<WatchStream> {
    const abort = new AbortController();
    this.aborts.add(abort);
    const search = new URLSearchParams({ watch: 'true', ...query });
    const response = await fetch(`${this.server.url}${path}?${search}`, { headers, signal: abort.signal });
    return new WatchStream(response, abort);
  }

  /**
   * Resolves with the object of that name once it is as wanted, `undefined` standing for one that isn't there: a list
   * and a watch from there on, as `kubectl wait` does it. Rejects after 20 s with what it was last.
   */
  async until(
    collection: string,
    name: string,
    // biome-ignore lint/suspicious/noExplicitAny: objects of every shape.
    wanted: (object: any) => unknown,
    // biome-ignore lint/suspicious/noExplicitAny: as above.
  ): Promise<any> {
    const fieldSelector = `metadata.name=${name}`;
    const { body } = await this.get(`${collection}?${new URLSearchParams({ fieldSelector })}`);
    let [last] = body.items;
    if (wanted(last)) return last;
    const { resourceVersion } = body.metadata;
    const stream = await this.watch(collection, { fieldSelector, resourceVersion });
    const timer = setTimeout(() => stream.close(), 20_000);
    try {
      do {
        const { type, object } = await stream.next();
        last = type === 'DELETED' ? undefined : object;
      } while (!wanted(last));
      return last;
    } catch (error) {
      throw new Error(`${collection}/${name} is not as wanted: ${JSON.stringify(last)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      stream.close();
    }
  }
}

export class WatchStream {
  private readonly lines: AsyncGenerator<WatchEvent>;

  constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    this.lines = readLines(response);
  }

  async next(): Promise<WatchEvent> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the watch has ended');
    return value;
  }

  async take(count: number): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }

  async rest(): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    for await (const event of this.lines) events.push(event);
    return events;
  }

  close(): void {
    this.abort.abort();
  }
}

async function* readLines(response: Response): AsyncGenerator<WatchEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as WatchEvent;
  }
}

export function vm(name: string, more: Record<string, unknown> = {}) {
  const { metadata, ...rest } = more;
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, ...(metadata as object) },
    spec: { runStrategy: 'Always', template: { spec: { domain: {} } } },
    ...rest,
  };
}

export function brief({ type, object }: WatchEvent): string {
  return `${type} ${object.metadata?.name ?? object.code}`;
}
