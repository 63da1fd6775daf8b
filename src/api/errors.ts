import { isGrpcServiceError } from '@temporalio/client';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ApiError, ApiUnreachable } from '../kubernetes';
import { Problem, unavailable } from './problem';

/** The last handler: every failure becomes a problem document; only 5xx are logged, and no stack leaves. */
export const problemHandler: ErrorRequestHandler = (error, request, response, next) => {
  if (response.headersSent) return next(error);
  const problem = toProblem(error);
  if (problem.status >= 500) request.log.error({ err: error }, problem.detail);
  // Whoever failed may have said already how long its answer is to be kept.
  response.removeHeader('ETag');
  response.removeHeader('Last-Modified');
  response
    .status(problem.status)
    .set({ 'Cache-Control': 'no-store', ...problem.headers })
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem.document(), requestId: request.id }));
};

export const noSuchRoute: RequestHandler = (request) => {
  throw new Problem('no-such-route', `There is no ${request.path}; see /api/v1/docs for what there is.`);
};

/** For the paths that exist, by methods that they don't take. */
export function methodNotAllowed(allowed: readonly string[]): RequestHandler {
  const allow = allowed.join(', ');
  return (request) => {
    throw new Problem(
      'method-not-allowed',
      `${request.path} takes ${allow}, not ${request.method}.`,
      {},
      { Allow: allow },
    );
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ApiUnreachable)
    return unavailable('The cluster does not answer. Try again in a moment.');
  if (error instanceof ApiError) return new Problem('cluster-refused', `The cluster said: ${error.message}`);
  if (isGrpc(error)) return unavailable('Temporal does not answer. Try again in a moment.');
  return (
    fromParser(error) ?? new Problem('internal', 'The request failed for a reason of ours; it is in the log.')
  );
}

/** gRPC codes of a server that can't be reached, is overloaded, or did not answer in time. */
const PASSING = [1, 4, 8, 14];

function isGrpc(error: unknown): boolean {
  const service = [error, (error as Error | undefined)?.cause].find(isGrpcServiceError);
  return service !== undefined && PASSING.includes(service.code);
}

/** Errors of express and its body parser carry a status and a type. */
function fromParser(error: unknown): Problem | undefined {
  const { status, type, limit } = (error ?? {}) as { status?: number; type?: string; limit?: number };
  if (type === 'entity.parse.failed') {
    return new Problem('malformed-json', 'The body can not be parsed as JSON: it must be one object.');
  }
  if (status === 412) {
    return new Problem(
      'precondition-failed',
      'What is here is not what If-Match or If-Unmodified-Since names.',
    );
  }
  if (status === 413) return new Problem('body-too-large', `A body may have at most ${limit} bytes.`);
  if (status === 415) return new Problem('unsupported-media-type', 'Send the body as plain JSON in UTF-8.');
  if (status !== undefined && status >= 400 && status < 500) {
    return new Problem('invalid-request', 'The request can not be read.');
  }
  return undefined;
}
