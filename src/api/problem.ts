/** The kinds of answer that are no success; the key is the stable last part of `type` (RFC 9457). */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'cross-origin': { status: 403, title: 'Requests from other sites are refused' },
  'unknown-host': { status: 403, title: 'The API does not answer to this name' },
  'no-such-route': { status: 404, title: 'There is nothing at this path' },
  'vm-not-found': { status: 404, title: 'There is no such virtual machine' },
  'clone-not-found': { status: 404, title: 'There is no such clone' },
  'method-not-allowed': { status: 405, title: 'The path does not take this method' },
  'name-taken': { status: 409, title: 'The name is taken' },
  'clone-under-way': { status: 409, title: 'A clone to this name is under way' },
  'clone-finished': { status: 409, title: 'The clone has finished' },
  'clone-undoing': { status: 409, title: 'The clone has failed and is being undone' },
  'clone-past-cancel': { status: 409, title: 'The clone can no longer be cancelled' },
  'action-refused': { status: 409, title: 'The virtual machine can not do that now' },
  'vm-changed': { status: 409, title: 'The virtual machine was changed meanwhile' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'precondition-failed': { status: 412, title: 'It is not as the request requires' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'expectation-failed': { status: 417, title: 'The expectation can not be met' },
  'clone-blocked': { status: 422, title: 'The virtual machine can not be cloned so' },
  'vm-refused': { status: 422, title: 'The cluster refused the change' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  'headers-too-large': { status: 431, title: 'The path or the headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  'cluster-refused': { status: 502, title: 'The cluster refused' },
  unavailable: { status: 503, title: 'Not available at the moment' },
} as const;
export type ProblemType = keyof typeof PROBLEMS;

/** What is wrong with one field; `field` is its path, such as `target.name`. */
export interface FieldError {
  field: string;
  message: string;
}

/** An answer that is no success. `extra` are further members of the problem document. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly type: ProblemType,
    readonly detail: string,
    readonly extra: Record<string, unknown> = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }

  get status(): number {
    return PROBLEMS[this.type].status;
  }

  /** The document of RFC 9457. */
  document(): Record<string, unknown> {
    const { status, title } = PROBLEMS[this.type];
    return { type: problemUri(this.type), title, status, detail: this.detail, ...this.extra };
  }
}

export function problemUri(type: ProblemType): string {
  return `urn:vm-clone:problem:${type}`;
}

/** Nobody mends more at a time, and an answer is to be no larger than what was asked. */
const MOST_ERRORS = 20;
const LONGEST_FIELD = 100;

/** A request that does not fit its schema: names every field, up to 20 of them, and how many more there are. */
export function invalidRequest(wrong: FieldError[]): Problem {
  const errors = wrong
    .slice(0, MOST_ERRORS)
    .map(({ field, message }) => ({ field: shortened(field), message }));
  const sentences = errors.map(({ field, message }) => (field ? `${field} ${message}.` : `${message}.`));
  const more = wrong.length - errors.length;
  if (more > 0) sentences.push(`And ${more} more.`);
  return new Problem('invalid-request', sentences.join(' '), { errors });
}

function shortened(field: string): string {
  return field.length > LONGEST_FIELD ? `${field.slice(0, LONGEST_FIELD - 1)}…` : field;
}

/** Something that is needed does not answer: the same request may succeed later. */
export function unavailable(detail: string): Problem {
  return new Problem('unavailable', detail, {}, { 'Retry-After': '2' });
}
