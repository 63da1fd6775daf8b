/** What one field was refused for, without its value: `field` is its path, `reason` such as FieldValueInvalid. */
export interface ApiErrorCause {
  readonly reason: string;
  readonly field: string;
}

/**
 * An answer of the Kubernetes API other than success. `code` is the HTTP status, `reason` the Status reason,
 * `message` the Status message without the values that it quotes, `causes` the fields at fault, if it named any.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly retryAfterSeconds?: number,
    readonly causes: readonly ApiErrorCause[] = [],
  ) {
    super(message);
  }
}

/** No answer at all: refused, cut, or not in time. The write may have taken effect. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
}

export function isCode(error: unknown, ...codes: number[]): error is ApiError {
  return error instanceof ApiError && codes.includes(error.code);
}

/**
 * The whole message of a JSON patch that could not be applied, on the wire and in kubectl's words; and what the
 * patch library itself says, should a server pass it on.
 */
const UNAPPLIED_PATCH = [
  /^(?:The request is invalid: )?the server rejected our request due to an error in our request(?: \([^()]*\))?\.?$/i,
  /^The request is invalid\.?$/i,
  /^(?:error in \w+ for path|(?:add|copy|move|remove|replace|test) operation does not apply|testing (?:path|value) \S+ failed|test failed)\b/i,
];

/**
 * Whether a JSON patch found the object otherwise than it was thought to be: a failed `test` and a missing path
 * answer alike. All other 422 refuse what the patch would make: validation, webhooks and policies name the object,
 * the fields or themselves, where kube-apiserver's answer to a failed patch is a fixed sentence with empty details
 * (apiserver: endpoints/handlers/patch.go, applyJSPatch; apimachinery: api/errors, NewGenericServerResponse).
 */
export function isFailedTest(error: unknown): error is ApiError {
  if (!isCode(error, 422) || error.causes.length > 0) return false;
  return UNAPPLIED_PATCH.some((pattern) => pattern.test(error.message.trim()));
}
