import type { IncomingMessage } from 'node:http';
import type { User } from './admission';
import { readBody } from './body';
import { create, namespaceOf } from './create';
import { deleteCollection, deleteOne } from './delete';
import { discover } from './discovery';
import { methodNotAllowed, PageNotFound } from './errors';
import type { Kind } from './kinds';
import { get, list } from './list';
import { formOf, inForm } from './metadata-only';
import { isObject, type KubernetesObject } from './object';
import { parseResourcePath, type ResourcePath } from './path';
import { type Answer, isDryRun, type ResourceRequest, type Server } from './request';
import type { SubresourceRegistry } from './subresources';
import { isWritableSubresource, patch, replace } from './update';
import { Watch } from './watch';

export interface Routes {
  server: Server;
  kinds: readonly Kind[];
  subresources: SubresourceRegistry;
}

/** From a request to its answer. Throws a StatusError or PageNotFound for every other outcome. */
export async function dispatch(
  { server, kinds, subresources }: Routes,
  incoming: IncomingMessage,
  url: URL,
  user: User,
): Promise<Answer | Watch> {
  const body = await readBody(incoming);
  const discovered = discover(url.pathname, kinds, subresources);
  if (discovered) {
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') throw methodNotAllowed();
    return discovered;
  }
  const path = parseResourcePath(url.pathname);
  if (!path) throw new PageNotFound();
  const kind = kinds.find(
    ({ group, version, plural }) =>
      group === path.group && version === path.version && plural === path.plural,
  );
  const request = { ...path, query: url.searchParams, headers: incoming.headers, user, body };
  const handlers =
    path.subresource && subresources.find(path.group, path.version, path.plural, path.subresource);
  if (handlers) {
    if (incoming.method !== (handlers.method ?? 'PUT')) throw methodNotAllowed();
    const handle = handlers.handlers[path.subresource];
    const dryRun = isDryRun(url.searchParams, isObject(body) ? body.dryRun : undefined);
    if (kind) await admitConnection(server, kind, { ...request, kind }, dryRun);
    const { namespace, name, subresource: verb } = path;
    const asked = {
      method: incoming.method as string,
      namespace,
      name,
      verb,
      body,
      query: url.searchParams,
      user,
    };
    return (await handle?.({ ...asked, dryRun })) as Answer;
  }
  if (!kind || !fits(kind, path)) throw new PageNotFound();
  const answered = await answer(server, incoming.method ?? '', { ...request, kind });
  return answered instanceof Watch ? answered : inForm(formOf(incoming.headers.accept), kind, answered);
}

/** Cluster-wide kinds have no collections in namespaces; namespaced ones have objects nowhere else. */
function fits(kind: Kind, { namespace, name, subresource }: ResourcePath): boolean {
  if (!kind.namespaced && namespace !== undefined) return false;
  if (kind.namespaced && namespace === undefined && name !== '') return false;
  return isWritableSubresource(kind, subresource);
}

async function answer(server: Server, method: string, request: ResourceRequest): Promise<Answer | Watch> {
  const { name, subresource, query } = request;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isTrue(query.get('watch')) && subresource === '') return new Watch(server, watchOfOne(request));
      return name === '' ? list(server, request) : get(server, request);
    case 'POST':
      if (name === '') return create(server, request);
      throw methodNotAllowed();
    case 'PUT':
      if (name !== '') return replace(server, request);
      throw methodNotAllowed();
    case 'PATCH':
      if (name !== '') return patch(server, request);
      throw methodNotAllowed();
    case 'DELETE':
      if (subresource !== '') throw methodNotAllowed();
      return name === '' ? deleteCollection(server, request) : deleteOne(server, request);
    default:
      throw methodNotAllowed();
  }
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

/** A watch of one object by its path is a watch of the collection by its name. */
function watchOfOne(request: ResourceRequest): ResourceRequest {
  if (request.name === '') return request;
  const query = new URLSearchParams(request.query);
  query.set('fieldSelector', `metadata.name=${request.name}`);
  return { ...request, query };
}

/** Handlers of this server's own kinds pass admission; those of extra groups don't, as aggregated APIs don't. */
async function admitConnection(server: Server, kind: Kind, request: ResourceRequest, dryRun: boolean) {
  const { namespace, name, subresource, user, body } = request;
  const namespaceObject = namespaceOf(server.store, namespace);
  const object = isObject(body) ? (body as unknown as KubernetesObject) : undefined;
  const admission = {
    operation: 'CONNECT' as const,
    kind,
    subresource,
    namespace,
    name,
    object,
    user,
    dryRun,
  };
  await server.admission.mutate({ ...admission, namespaceObject });
  await server.admission.validate({ ...admission, namespaceObject });
}
