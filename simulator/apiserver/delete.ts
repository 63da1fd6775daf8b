import { namespaceOf } from './create';
import { badRequest, conflict, forbidden, invalid, methodNotAllowed, notFound, type Status } from './errors';
import { apiVersionOf, type Kind } from './kinds';
import { selected } from './list';
import { deepEqual, isObject, type KubernetesObject, timestamp } from './object';
import { type Answer, isDryRun, type ResourceRequest, type Server } from './request';

/** The two finalizers that the garbage collector works by. */
const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Namespaces that admission protects. */
const UNDELETABLE = new Set(['default', 'kube-system', 'kube-public']);
const TRIES = 5;

interface DeleteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

/** Options from the body, or, without one, from the query; `orphanDependents` is the older form of the policy. */
function readOptions({ body, query }: ResourceRequest): DeleteOptions {
  const inBody = isObject(body) ? body : {};
  const sent: Record<string, unknown> = { ...inBody };
  if (body === undefined) {
    const seconds = query.get('gracePeriodSeconds');
    if (seconds !== null) sent.gracePeriodSeconds = Number(seconds);
    sent.propagationPolicy = query.get('propagationPolicy') ?? undefined;
    const orphan = query.get('orphanDependents');
    if (orphan !== null) sent.orphanDependents = orphan === 'true';
  }
  const { gracePeriodSeconds, orphanDependents, preconditions } = sent;
  if (
    gracePeriodSeconds !== undefined &&
    gracePeriodSeconds !== null &&
    !Number.isInteger(gracePeriodSeconds)
  ) {
    throw badRequest('gracePeriodSeconds must be an integer');
  }
  let policy = sent.propagationPolicy || undefined;
  if (typeof orphanDependents === 'boolean') {
    if (policy) throw invalidPolicy(policy, 'orphanDependents and deletionPropagation cannot be both set');
    policy = orphanDependents ? 'Orphan' : 'Background';
  }
  if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(String(policy))) {
    throw invalidPolicy(policy, 'supported values: "Background", "Foreground", "Orphan"');
  }
  return {
    propagationPolicy: policy as DeleteOptions['propagationPolicy'],
    gracePeriodSeconds: (gracePeriodSeconds as number | null) ?? undefined,
    preconditions: isObject(preconditions) ? preconditions : undefined,
    dryRun: isDryRun(query, inBody.dryRun),
  };
}

function invalidPolicy(policy: unknown, why: string) {
  const message = `Unsupported value: ${JSON.stringify(policy)}: ${why}`;
  return invalid('DeleteOptions', '', [
    { reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' },
  ]);
}

/**
 * DELETE of one object. Removed at once: 200 with a Status (or the object, for some built-in kinds). Held by a
 * finalizer or a grace period: 200 with the object and its deletionTimestamp; 202 when the caller asked for
 * foreground deletion.
 */
export async function deleteOne(server: Server, request: ResourceRequest): Promise<Answer> {
  const { kind } = request;
  const options = readOptions(request);
  const outcome = await remove(server, request, request.name, options);
  if (outcome.held) {
    return { code: options.propagationPolicy === 'Foreground' ? 202 : 200, body: outcome.object };
  }
  return {
    code: 200,
    body: kind.rules?.answersDeletedObject ? outcome.object : success(kind, outcome.object),
  };
}

function success(kind: Kind, { metadata }: KubernetesObject): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: metadata.name,
      ...(kind.group && { group: kind.group }),
      kind: kind.plural,
      uid: metadata.uid,
    },
    code: 200,
  };
}

/** DELETE of a collection: every selected object by itself; answers the list of them as they were. */
export async function deleteCollection(server: Server, request: ResourceRequest): Promise<Answer> {
  const { kind, namespace } = request;
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const options = readOptions(request);
  const objects = [...selected(server.store.list(kind, namespace), request)].map(([, { object }]) => object);
  for (const { metadata } of objects) {
    try {
      await remove(server, request, metadata.name, options);
    } catch (error) {
      if ((error as { code?: number }).code !== 404) throw error;
    }
  }
  const apiVersion = apiVersionOf(kind);
  const metadata = { resourceVersion: String(server.store.resourceVersion) };
  return { code: 200, body: { kind: `${kind.kind}List`, apiVersion, metadata, items: objects } };
}

async function remove(
  server: Server,
  { kind, namespace, user }: ResourceRequest,
  name: string,
  options: DeleteOptions,
): Promise<{ held: boolean; object: KubernetesObject }> {
  const { store, admission } = server;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const stored = store.get(kind, namespace, name);
    if (!stored) throw notFound(kind, name);
    const request = {
      operation: 'DELETE' as const,
      kind,
      subresource: '',
      namespace,
      name,
      oldObject: stored.object,
      user,
      dryRun: options.dryRun,
      namespaceObject: namespaceOf(store, namespace),
    };
    if (kind.kind === 'Namespace' && UNDELETABLE.has(name)) {
      throw forbidden(kind, name, 'this namespace may not be deleted');
    }
    await admission.mutate(request);
    await admission.validate(request);
    if (store.get(kind, namespace, name) !== stored) continue;

    checkPreconditions(kind, stored.object, options);
    const held = deleted(kind, stored.object, options, Date.now());
    if (options.dryRun) return { held: held !== undefined, object: held ?? stored.object };
    if (!held) return { held: false, object: store.remove(kind, namespace, name).object };
    if (deepEqual(held, stored.object)) return { held: true, object: stored.object };
    return { held: true, object: store.put(kind, held).object };
  }
  throw conflict(kind, name);
}

function checkPreconditions(
  kind: Kind,
  { metadata }: KubernetesObject,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions;
  if (uid && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, metadata.name, why);
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(kind, metadata.name, why);
  }
}

/**
 * The object as a deletion leaves it when something still holds it: finalizers, among them those that the
 * propagation policy adds, a grace period, a namespace's contents. Undefined when it is removed at once.
 * Rule: apiserver, pkg/registry/rest/delete.go and pkg/registry/generic/registry/store.go.
 */
function deleted(
  kind: Kind,
  object: KubernetesObject,
  { propagationPolicy, gracePeriodSeconds: requested }: Omit<DeleteOptions, 'dryRun'>,
  now: number,
): KubernetesObject | undefined {
  const next: KubernetesObject = { ...object, metadata: { ...object.metadata } };
  const { metadata } = next;
  if (metadata.deletionTimestamp) {
    const left = metadata.deletionGracePeriodSeconds ?? 0;
    if (left > 0) {
      if (requested === undefined || requested >= left) return object;
      const end = Date.parse(metadata.deletionTimestamp) + (requested - left) * 1000;
      metadata.deletionTimestamp = timestamp(end);
      metadata.deletionGracePeriodSeconds = requested;
    }
  } else {
    const seconds = kind.rules?.gracePeriod?.(object, requested) ?? 0;
    metadata.deletionTimestamp = timestamp(now + seconds * 1000);
    metadata.deletionGracePeriodSeconds = seconds;
    if (metadata.generation) metadata.generation += 1;
    kind.rules?.markedDeleted?.(next);
  }
  const finalizers = finalizersFor(metadata.finalizers ?? [], propagationPolicy);
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  const held =
    finalizers.length > 0 ||
    (metadata.deletionGracePeriodSeconds ?? 0) > 0 ||
    kind.rules?.heldWhenDeleted?.(next) === true;
  return held ? next : undefined;
}

/** A policy that is not given leaves the garbage collector's finalizers as they are. */
function finalizersFor(finalizers: string[], policy: DeleteOptions['propagationPolicy']): string[] {
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  if (policy === 'Orphan') return [...others, ORPHAN];
  if (policy === 'Foreground') return [...others, FOREGROUND];
  return others;
}
