import type { AdmissionRequest } from './admission';
import { namespaceOf, readObject } from './create';
import {
  badRequest,
  conflict,
  invalid,
  invalidValue,
  notFound,
  PageNotFound,
  unprocessablePatch,
  unsupportedMediaType,
} from './errors';
import { type Kind, qualifiedKind } from './kinds';
import {
  checkMetadata,
  checkMetadataUpdate,
  keepSystemFields,
  tidyMetadata,
  withGeneration,
} from './metadata';
import { deepEqual, isObject, type KubernetesObject } from './object';
import { applyJsonPatch, applyMergePatch } from './patches';
import { type Answer, isDryRun, type ResourceRequest, type Server } from './request';
import type { Version } from './version';

/** What an update would store, given what is stored. */
type Modification = (stored: KubernetesObject) => KubernetesObject;

/** How often an update is tried again because another write came between; then 409. */
const TRIES = 5;

/** PUT of an object or of one of its writable subresources. */
export function replace(server: Server, request: ResourceRequest): Promise<Answer> {
  const sent = readObject(request.kind, request.body, request.namespace);
  sent.metadata.name ||= request.name;
  return update(server, request, (stored) => {
    const { uid } = sent.metadata;
    if (uid && uid !== stored.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored.metadata.uid}`;
      throw conflict(request.kind, request.name, why);
    }
    return sent;
  });
}

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';

/**
 * PATCH. JSON patch and merge patch as the real server applies them. A strategic merge patch is refused for custom
 * resources (415, as the real server does); for built-in kinds it is applied as a merge patch, which is the same for
 * what `kubectl label` and `annotate` send, and different for lists. Server-side apply is refused (415).
 */
export function patch(server: Server, request: ResourceRequest): Promise<Answer> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim();
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(request.kind.custom ? [] : [STRATEGIC_MERGE_PATCH])];
  if (type === undefined || !accepted.includes(type)) throw unsupportedMediaType(accepted);
  const { body } = request;
  if (type !== JSON_PATCH && !isObject(body)) throw badRequest('invalid patch: not a JSON object');
  const apply = type === JSON_PATCH ? applyJsonPatch : applyMergePatch;
  return update(server, request, (stored) => {
    const patched = apply(stored, body);
    if (!isObject(patched) || !isObject(patched.metadata)) throw unprocessablePatch();
    return readObject(request.kind, patched, request.namespace);
  });
}

/**
 * Reads, modifies, admits, checks, and stores if nothing was written meanwhile; else begins again with what was.
 * An update that changes nothing stores nothing, and one that takes the last finalizer from a deleted object removes
 * it.
 */
async function update(server: Server, request: ResourceRequest, modify: Modification): Promise<Answer> {
  const { kind, namespace, name } = request;
  const dryRun = isDryRun(request.query);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const stored = server.store.get(kind, namespace, name);
    if (!stored) throw notFound(kind, name);
    const next = await admitted(server, request, stored, modify(stored.object), dryRun);
    if (server.store.get(kind, namespace, name) !== stored) continue;
    return store(server, kind, stored, next, dryRun);
  }
  throw conflict(kind, name);
}

function store(
  { store }: Server,
  kind: Kind,
  stored: Version,
  next: KubernetesObject,
  dryRun: boolean,
): Answer {
  if (deepEqual(next, stored.object)) return { code: 200, json: stored.json };
  if (dryRun) return { code: 200, body: next };
  if (!isReleased(kind, next)) return { code: 200, json: store.put(kind, next).json };
  store.remove(kind, next.metadata.namespace, next.metadata.name);
  return { code: 200, body: next };
}

/** True when nothing holds a deleted object any more. */
function isReleased(kind: Kind, { metadata, ...rest }: KubernetesObject): boolean {
  if (!metadata.deletionTimestamp || (metadata.finalizers ?? []).length > 0) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return !kind.rules?.heldWhenDeleted?.({ metadata, ...rest } as KubernetesObject);
}

async function admitted(
  server: Server,
  request: ResourceRequest,
  { object: old }: Version,
  modified: KubernetesObject,
  dryRun: boolean,
): Promise<KubernetesObject> {
  const { kind, namespace, name, subresource, user } = request;
  if (modified.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${modified.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  const admission: AdmissionRequest = {
    operation: 'UPDATE',
    kind,
    subresource,
    namespace,
    name,
    object: { ...modified, metadata: keepSystemFields(modified.metadata, old.metadata) },
    oldObject: old,
    user,
    dryRun,
    namespaceObject: namespaceOf(server.store, namespace),
  };
  const mutated = (await server.admission.mutate(admission)) as KubernetesObject;
  mutated.metadata = tidyMetadata(mutated.metadata, namespace);
  const next = prepared(kind, subresource, withResourceVersion(kind, mutated, old), old);
  const causes = [
    ...checkMetadata(kind, next.metadata),
    ...checkMetadataUpdate(next.metadata, old.metadata),
    ...(kind.rules?.immutable?.(next, old) ?? []),
  ];
  if (causes.length > 0) throw invalid(qualifiedKind(kind), name, causes);
  await server.admission.validate({ ...admission, object: next });
  return next;
}

/** The resourceVersion that was sent must be the stored one; only some built-in kinds may go without. */
function withResourceVersion(kind: Kind, sent: KubernetesObject, old: KubernetesObject): KubernetesObject {
  const { resourceVersion } = sent.metadata;
  if (resourceVersion && resourceVersion !== '0') {
    if (resourceVersion === old.metadata.resourceVersion) return sent;
    if (/^\d+$/.test(resourceVersion)) throw conflict(kind, sent.metadata.name);
    const causes = [invalidValue('metadata.resourceVersion', resourceVersion, 'must be an unsigned integer')];
    throw invalid(qualifiedKind(kind), sent.metadata.name, causes);
  }
  if (kind.custom || kind.rules?.needsResourceVersion) {
    const message = 'Invalid value: 0x0: must be specified for an update';
    const resource = kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
    throw invalid(resource, sent.metadata.name, [
      { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
    ]);
  }
  return { ...sent, metadata: { ...sent.metadata, resourceVersion: old.metadata.resourceVersion } };
}

/** Takes from what was sent only what this path may write, and sets the generation. */
function prepared(
  kind: Kind,
  subresource: string,
  sent: KubernetesObject,
  old: KubernetesObject,
): KubernetesObject {
  if (subresource === 'status') return withStatus(kind, sent, old);
  if (subresource !== '') {
    const merge = kind.rules?.subresources?.[subresource];
    if (!merge) throw new PageNotFound();
    return merge(sent, old);
  }
  const next = { ...sent };
  if (kind.statusSubresource) {
    delete next.status;
    if (old.status !== undefined) next.status = old.status;
  }
  kind.rules?.update?.(next, old);
  return withGeneration(kind, next, old);
}

/** `/status` writes the status; for built-in kinds also metadata, for custom resources nothing else. */
function withStatus(kind: Kind, sent: KubernetesObject, old: KubernetesObject): KubernetesObject {
  const { status: _, ...rest } = old;
  const next: KubernetesObject = {
    ...rest,
    metadata: kind.custom ? old.metadata : sent.metadata,
  } as KubernetesObject;
  if (sent.status !== undefined) next.status = sent.status;
  return next;
}

/** Which subresources PUT and PATCH may name. */
export function isWritableSubresource(kind: Kind, subresource: string): boolean {
  if (subresource === '') return true;
  if (subresource === 'status') return kind.statusSubresource;
  return kind.rules?.subresources?.[subresource] !== undefined;
}
