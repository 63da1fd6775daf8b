import type { Kind } from './kinds';

/** One reason among several in an Invalid status. */
export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

/** The `Status` object that answers everything that has no object of its own (meta/v1). */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
  code: number;
}

/** An answer other than success, as the client will see it. */
export class StatusError extends Error {
  override readonly name = 'StatusError';

  constructor(readonly status: Status) {
    super(status.message);
  }

  get code(): number {
    return this.status.code;
  }
}

/** The API has no such path. A real server answers these in plain text, not with a Status. */
export class PageNotFound extends Error {
  override readonly name = 'PageNotFound';
}

/** What a message needs to name a resource: `virtualmachines.kubevirt.io`, or `pods` in the core group. */
export type ResourceName = Pick<Kind, 'group' | 'plural'>;

type Details = NonNullable<Status['details']>;

/** A StatusError from its parts; the functions below cover the usual reasons. */
export function failure(code: number, reason: string, message: string, details?: Details): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason && { reason }),
    ...(details && { details }),
    code,
  });
}

function qualified(resource: ResourceName): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
}

function detailsOf(resource: ResourceName, name: string): Details {
  return { name, ...(resource.group && { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  const message = `${qualified(resource)} "${name}" already exists`;
  return failure(409, 'AlreadyExists', message, detailsOf(resource, name));
}

/** The message of a stale resourceVersion. */
export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: ResourceName, name: string, why: string = MODIFIED): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return failure(409, 'Conflict', message, detailsOf(resource, name));
}

export function forbidden(
  resource: ResourceName,
  name: string,
  why: string,
  cause?: StatusCause,
): StatusError {
  const details = { ...detailsOf(resource, name), ...(cause && { causes: [cause] }) };
  return failure(403, 'Forbidden', `${qualified(resource)} "${name}" is forbidden: ${why}`, details);
}

/** `kind` is a qualified kind such as `VirtualMachine.kubevirt.io`. */
export function invalid(kind: string, name: string, causes: StatusCause[]): StatusError {
  const [first, ...group] = kind.split('.');
  const reasons = causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message}` : cause.message));
  const listed = reasons.length === 1 ? reasons[0] : `[${reasons.join(', ')}]`;
  const details = { name, ...(group.length > 0 && { group: group.join('.') }), kind: first, causes };
  return failure(422, 'Invalid', `${kind} "${name}" is invalid: ${listed}`, details);
}

export function invalidValue(field: string, value: unknown, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

export function forbiddenValue(field: string, why: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

export function requiredValue(field: string, why: string): StatusCause {
  return { reason: 'FieldValueRequired', message: `Required value: ${why}`, field };
}

/** A patch that cannot be applied: a failed `test` and a missing path answer alike. */
export function unprocessablePatch(): StatusError {
  return failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

export function badRequest(message: string): StatusError {
  return failure(400, 'BadRequest', message);
}

export function unauthorized(): StatusError {
  return failure(401, 'Unauthorized', 'Unauthorized');
}

export function methodNotAllowed(): StatusError {
  return failure(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export function requestTooLarge(limit: number): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
}

/** 410: the history does not reach back to the resourceVersion that was asked for. */
export function expired(message: string): StatusError {
  return failure(410, 'Expired', message);
}

/** 504: the client has seen a resourceVersion that this server has not reached. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return failure(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export function internalError(message: string): StatusError {
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: '', message }],
  });
}
