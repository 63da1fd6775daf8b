import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { invalidRequest, Problem } from './problem';

/** Answers in the API's own form what Node refuses before there is a request that express could see. */
export function answerProtocolErrors(server: Server): void {
  server.on('checkExpectation', (request, response) => {
    const problem = new Problem('expectation-failed', 'Only "Expect: 100-continue" can be met.');
    const { headers, body } = answer(problem);
    request.resume();
    response.writeHead(problem.status, headers).end(body);
  });

  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, response) => latest.set(socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || isAnswering(latest.get(socket))) {
      socket.destroy();
      return;
    }
    const problem = toProblem(error.code);
    const { headers, body } = answer(problem);
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.end([...head, '', body].join('\r\n'), () => socket.destroy());
  });
}

/** Whether the next bytes on a connection belong to a request that came whole, or to an answer that has begun. */
function isAnswering(response: ServerResponse | undefined): boolean {
  if (!response || response.writableFinished) return false;
  return response.headersSent || response.req.complete;
}

function toProblem(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers-too-large', 'The path and the headers may have at most 16 kB together.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('body-too-large', 'The extensions of the chunks are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request-timeout', 'The request has not arrived whole in time.');
    default:
      return invalidRequest([{ field: '', message: 'The request is not HTTP/1.1' }]);
  }
}

function answer(problem: Problem): { headers: Record<string, string>; body: string } {
  const requestId = randomUUID();
  const body = JSON.stringify({ ...problem.document(), requestId });
  return {
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'X-Request-Id': requestId,
      Connection: 'close',
    },
    body,
  };
}
