import { randomInt, randomUUID } from 'node:crypto';
import type { AdmissionRequest } from './admission';
import { alreadyExists, badRequest, failure, forbidden, invalid, methodNotAllowed, notFound } from './errors';
import { apiVersionOf, type Kind, qualifiedKind } from './kinds';
import { checkMetadata, hasGeneration, tidyMetadata } from './metadata';
import { isObject, type KubernetesObject, timestamp } from './object';
import { type Answer, isDryRun, type ResourceRequest, type Server } from './request';

const NAMESPACES = { group: '', plural: 'namespaces' };
/** Letters that make no words. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const LONGEST_GENERATED_BASE = 58;
const NAME_TRIES = 8;

/** POST to a collection: 201 with the object as stored. */
export async function create(server: Server, request: ResourceRequest): Promise<Answer> {
  const { kind, namespace, user } = request;
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const dryRun = isDryRun(request.query);
  const sent = readObject(kind, request.body, namespace);
  if (sent.metadata.resourceVersion) {
    throw failure(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const admission = (object: KubernetesObject): AdmissionRequest => ({
    operation: 'CREATE',
    kind,
    subresource: '',
    namespace,
    name: object.metadata.name ?? '',
    object,
    user,
    dryRun,
    namespaceObject: openNamespace(server, request, object.metadata.name),
  });

  const mutated = (await server.admission.mutate(admission(sent))) as KubernetesObject;
  for (let attempt = 1; ; attempt += 1) {
    const draft = newObject(kind, mutated);
    const causes = checkMetadata(kind, draft.metadata);
    if (causes.length > 0) throw invalid(qualifiedKind(kind), draft.metadata.name ?? '', causes);
    await server.admission.validate(admission(draft));
    openNamespace(server, request, draft.metadata.name);
    if (server.store.get(kind, namespace, draft.metadata.name)) {
      const generated = !mutated.metadata.name;
      if (generated && attempt < NAME_TRIES) continue;
      throw alreadyExists(kind, draft.metadata.name);
    }
    if (dryRun) return { code: 201, body: draft };
    return { code: 201, json: server.store.put(kind, draft).json };
  }
}

/**
 * The object that a body holds. Built-in kinds may leave out apiVersion and kind. Throws 400 when it is another kind
 * or lies in another namespace than the path says.
 */
export function readObject(kind: Kind, body: unknown, namespace: string | undefined): KubernetesObject {
  if (!isObject(body)) throw badRequest(`couldn't get version/kind; json parse error: not a JSON object`);
  const expected = apiVersionOf(kind);
  if (kind.custom && !body.kind) throw badRequest("Object 'Kind' is missing in the body of the request");
  if (kind.custom && !body.apiVersion)
    throw badRequest("Object 'apiVersion' is missing in the body of the request");
  const { apiVersion = expected, kind: kindName = kind.kind, metadata = {} } = body;
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kindName !== kind.kind) {
    throw badRequest(`the kind in the data (${kindName}) does not match the expected kind (${kind.kind})`);
  }
  if (!isObject(metadata)) throw badRequest('metadata is not an object');
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return {
    ...body,
    apiVersion,
    kind: kindName,
    metadata: tidyMetadata(metadata, namespace),
  } as KubernetesObject;
}

/** The namespace a new object goes to: 404 when there is none, 403 when it is being deleted. */
function openNamespace(
  { store }: Server,
  { kind, namespace }: ResourceRequest,
  name = '',
): KubernetesObject | undefined {
  if (namespace === undefined) return undefined;
  const found = namespaceOf(store, namespace);
  if (!found) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const cause = {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    };
    throw forbidden(kind, name, why, cause);
  }
  return found;
}

function newObject(kind: Kind, sent: KubernetesObject): KubernetesObject {
  const {
    deletionTimestamp: _,
    deletionGracePeriodSeconds: __,
    generation: ___,
    ...metadata
  } = tidyMetadata(sent.metadata, sent.metadata.namespace);
  const draft: KubernetesObject = {
    ...sent,
    metadata: {
      ...metadata,
      name: metadata.name || generateName(metadata.generateName),
      uid: randomUUID(),
      creationTimestamp: timestamp(Date.now()),
      ...(hasGeneration(kind) && { generation: 1 }),
    },
  };
  if (kind.statusSubresource) delete draft.status;
  kind.rules?.create?.(draft);
  return draft;
}

function generateName(base: string | undefined): string {
  if (!base) return '';
  const suffix = Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]);
  return base.slice(0, LONGEST_GENERATED_BASE) + suffix.join('');
}

/** The stored Namespace object of that name. */
export function namespaceOf(store: Server['store'], name: string | undefined): KubernetesObject | undefined {
  if (name === undefined) return undefined;
  return store.get(NAMESPACES as Kind, undefined, name)?.object;
}
