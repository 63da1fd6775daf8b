import {
  createConfiguration,
  HttpMethod,
  type RequestContext,
  ServerConfiguration,
} from '@kubernetes/client-node';
import type { KubernetesResource, PatchOperation } from '../clone/resources';
import { ApiUnreachable, isCode } from './errors';
import { apiVersionOf, type Kind, Kinds, pathOf } from './kinds';
import type { PooledKubeConfig } from './kube-config';
import { apiError } from './status';

export interface ObjectRef {
  namespace?: string;
  name: string;
}

export interface CallOptions {
  /** Aborts the request, beside its own time-out. */
  signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Refuses (409) when the object of that name is another one. */
  uid?: string;
  /** Refuses (409) when the object has been written since. */
  resourceVersion?: string;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

export interface ClientOptions {
  /** Of each HTTP call, in milliseconds. Must be well below every activity's start-to-close. Default 10 s. */
  timeoutMs?: number;
  userAgent?: string;
}

const PAGE_SIZE = 500;
/** Kubernetes API concepts, Metadata-only fetches; the whole object where a server knows none. */
const METADATA_ALONE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/**
 * Reads and writes objects of any kind as plain JSON, through the connection, credentials and HTTP machinery
 * of `@kubernetes/client-node`. (Its typed clients turn dates into `Date` and drop fields that they don't know.)
 *
 * Every method throws `ApiError` for an answer other than success and `ApiUnreachable` for none.
 */
export class ClusterClient {
  readonly userAgent: string;
  private readonly timeoutMs: number;
  private readonly server: ServerConfiguration<Record<string, string>>;
  private readonly http;

  constructor(
    readonly kubeConfig: PooledKubeConfig,
    options: ClientOptions = {},
  ) {
    const cluster = kubeConfig.getCurrentCluster();
    if (!cluster)
      throw new Error('The kubeconfig has no current cluster: set KUBECONFIG or choose a context');
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.userAgent = options.userAgent ?? 'vm-clone';
    this.server = new ServerConfiguration(cluster.server, {});
    this.http = createConfiguration({ baseServer: this.server, authMethods: {} }).httpApi;
  }

  /** The object, or undefined when there is none of that name. */
  async get<T extends KubernetesResource>(
    kind: Kind<T>,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.request<T>(HttpMethod.GET, pathOf(kind, ref), options);
    } catch (error) {
      if (isCode(error, 404)) return undefined;
      throw error;
    }
  }

  /** Whether there is an object of that name. What it holds is not asked for: it may be secret. */
  async exists(kind: Kind, ref: ObjectRef, options: CallOptions = {}): Promise<boolean> {
    try {
      await this.request(HttpMethod.GET, pathOf(kind, ref), { ...options, accept: METADATA_ALONE });
      return true;
    } catch (error) {
      if (isCode(error, 404)) return false;
      throw error;
    }
  }

  /** All objects that match, fetched page by page, with the version to watch from. */
  async list<T extends KubernetesResource>(
    kind: Kind<T>,
    options: ListOptions = {},
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const { namespace, signal, ...selectors } = options;
    const items: T[] = [];
    let page: { items: T[]; metadata: { resourceVersion: string; continue?: string } };
    let next: string | undefined;
    do {
      page = await this.request(HttpMethod.GET, pathOf(kind, { namespace }), {
        signal,
        query: { ...selectors, limit: String(PAGE_SIZE), continue: next },
      });
      items.push(...page.items);
      next = page.metadata.continue;
    } while (next);
    return { items, resourceVersion: page.metadata.resourceVersion };
  }

  /** Creates the object in its `metadata.namespace`; 409 when the name is taken. A dry run stores nothing. */
  create<T extends KubernetesResource>(
    kind: Kind<T>,
    object: T,
    { signal, dryRun }: CallOptions & { dryRun?: boolean } = {},
  ): Promise<T> {
    return this.request<T>(HttpMethod.POST, pathOf(kind, { namespace: object.metadata.namespace }), {
      signal,
      query: { dryRun: dryRun ? 'All' : undefined },
      body: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object },
    });
  }

  /** Replaces the object, or its status; 409 when its resourceVersion is stale. */
  replace<T extends KubernetesResource>(
    kind: Kind<T>,
    object: T,
    options: CallOptions & { subresource?: 'status' } = {},
  ): Promise<T> {
    return this.request<T>(HttpMethod.PUT, subresourcePath(kind, object.metadata, options.subresource), {
      signal: options.signal,
      body: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object },
    });
  }

  /** Applies a JSON patch; a failed `test` and a missing parent path both answer 422. */
  patchJson<T extends KubernetesResource>(
    kind: Kind<T>,
    ref: ObjectRef,
    operations: PatchOperation[],
    options: CallOptions & { subresource?: 'status' } = {},
  ): Promise<T> {
    return this.request<T>(HttpMethod.PATCH, subresourcePath(kind, ref, options.subresource), {
      signal: options.signal,
      body: operations,
      contentType: 'application/json-patch+json',
    });
  }

  /** Applies a JSON merge patch (RFC 7386). */
  patchMerge<T extends KubernetesResource>(
    kind: Kind<T>,
    ref: ObjectRef,
    patch: object,
    options: CallOptions & { subresource?: 'status' } = {},
  ): Promise<T> {
    return this.request<T>(HttpMethod.PATCH, subresourcePath(kind, ref, options.subresource), {
      signal: options.signal,
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  /** Asks for deletion. False when there is no such object; 409 when it isn't the one that the options say. */
  async delete(kind: Kind, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { signal, uid, resourceVersion, ...rest } = options;
    const preconditions = uid || resourceVersion ? { uid, resourceVersion } : undefined;
    try {
      await this.request(HttpMethod.DELETE, pathOf(kind, ref), {
        signal,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, ...rest },
      });
      return true;
    } catch (error) {
      if (isCode(error, 404)) return false;
      throw error;
    }
  }

  /** PUT on a KubeVirt subresource of a VM (`start`, `stop`, …): 202 with no body when it is taken. */
  async act(ref: ObjectRef, verb: string, body: object = {}, options: CallOptions = {}): Promise<void> {
    await this.put(Kinds.VirtualMachine, ref, verb, body, options);
  }

  /** PUT on a KubeVirt subresource of a VM's instance (`pause`, `unpause`): done with when it answers. */
  async actOnInstance(
    ref: ObjectRef,
    verb: string,
    body: object = {},
    options: CallOptions = {},
  ): Promise<void> {
    await this.put(Kinds.VirtualMachineInstance, ref, verb, body, options);
  }

  private async put(kind: Kind, ref: ObjectRef, verb: string, body: object, options: CallOptions) {
    const path = pathOf({ ...kind, group: 'subresources.kubevirt.io' }, ref);
    await this.request(HttpMethod.PUT, `${path}/${verb}`, { ...options, body });
  }

  private async request<R>(
    method: HttpMethod,
    path: string,
    { signal, query, body, contentType = 'application/json', accept = 'application/json' }: RequestOptions,
  ): Promise<R> {
    const context = this.server.makeRequestContext(path, method);
    const timeout = AbortSignal.timeout(this.timeoutMs);
    context.setSignal(signal ? AbortSignal.any([signal, timeout]) : timeout);
    context.setHeaderParam('Accept', accept);
    context.setHeaderParam('User-Agent', this.userAgent);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) context.setQueryParam(name, value);
    }
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', contentType);
      context.setBody(JSON.stringify(body));
    }
    const { code, headers, text } = await this.send(context, signal);
    if (code >= 300) throw apiError(code, text, headers['retry-after']);
    return (text ? parse(context, text) : undefined) as R;
  }

  private async send(context: RequestContext, signal: AbortSignal | undefined) {
    try {
      await this.kubeConfig.applySecurityAuthentication(context);
      const response = await this.http.send(context).toPromise();
      return {
        code: response.httpStatusCode,
        headers: response.headers,
        text: await response.body.text(),
      };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const { message, cause } = error as Error & { cause?: Error };
      throw new ApiUnreachable(`${called(context)}: ${cause?.message ?? message}`, { cause: error });
    }
  }
}

interface RequestOptions extends CallOptions {
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  accept?: string;
}

function called(context: RequestContext): string {
  return `${context.getHttpMethod()} ${new URL(context.getUrl()).pathname}`;
}

/** What is no JSON was cut off; what the parser says of it quotes it, and is left out. */
function parse(context: RequestContext, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiUnreachable(`${called(context)}: the answer is no JSON`);
  }
}

function subresourcePath(kind: Kind, ref: ObjectRef, subresource?: string): string {
  const path = pathOf(kind, { namespace: ref.namespace, name: ref.name });
  return subresource ? `${path}/${subresource}` : path;
}
