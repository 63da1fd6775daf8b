/** An answer of the Kubernetes API other than success. `code` is the HTTP status, `reason` the Status reason. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly retryAfterSeconds?: number,
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
