import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerProtocolErrors } from '../../src/api/protocol-errors';
import { listen, type RunningServer } from '../../src/api/server';
import { RawConnection } from './raw';
import { type Answer, expectProblem } from './support';

const servers: RunningServer[] = [];
const timed: Server[] = [];

async function serve(app: RequestListener): Promise<string> {
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  servers.push(server);
  return server.url;
}
afterEach(async () => {
  for (const server of timed.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const readAndAnswer: RequestListener = (request, response) => {
  request.on('error', () => {}).resume();
  request.on('end', () => response.end('ok'));
};
const GET = ['GET / HTTP/1.1', 'Host: localhost', '', ''];
const CHUNKED = ['POST / HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked', ''];
const NOT_HTTP = ['\x16\x03\x01 not HTTP', '', ''];

function expectWhole(answer: Answer, status: number, type: string): void {
  expectProblem(answer, status, type);
  expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': String(Buffer.byteLength(answer.text)),
    connection: 'close',
  });
}

describe('what Node refuses by itself is a problem document', () => {
  it.each<[string, number, string, string[]]>([
    ['what is not HTTP', 400, 'invalid-request', NOT_HTTP],
    ['a header without a name', 400, 'invalid-request', ['GET / HTTP/1.1', ': x', '', '']],
    [
      'two lengths',
      400,
      'invalid-request',
      ['POST / HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2', '', ''],
    ],
    ['a path that is too long', 431, 'headers-too-large', [`GET /${'x'.repeat(17_000)} HTTP/1.1`, '', '']],
    [
      'headers that are too long',
      431,
      'headers-too-large',
      ['GET / HTTP/1.1', `A: ${'x'.repeat(17_000)}`, '', ''],
    ],
    ['a chunk of no length', 400, 'invalid-request', [...CHUNKED, 'zz', '']],
    ['a chunk that is all extension', 413, 'body-too-large', [...CHUNKED, `1;${'x'.repeat(17_000)}`, '']],
    [
      'an expectation',
      417,
      'expectation-failed',
      ['GET / HTTP/1.1', 'Host: localhost', 'Expect: tea', '', ''],
    ],
  ])('%s: %i %s', async (_case, status, type, lines) => {
    const connection = await RawConnection.open(await serve(readAndAnswer));
    expectWhole(await connection.write(...lines).answer(), status, type);
  });

  it('a request that does not come whole in time: 408 request-timeout', async () => {
    const server = createServer(
      { requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 20 },
      readAndAnswer,
    );
    answerProtocolErrors(server);
    timed.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = await RawConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expectWhole(await connection.write('GET / HTTP/1.1', 'Host: loc').answer(), 408, 'request-timeout');
  });

  it('what follows a finished answer', async () => {
    const connection = await RawConnection.open(await serve(readAndAnswer));
    await connection.write(...GET).until('ok');
    expectWhole(await connection.write(...NOT_HTTP).answer(), 400, 'invalid-request');
  });
});

describe('a connection is cut without a word', () => {
  it('when an answer has begun: a second one would become its end', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'Content-Length': 9 }).write('half'),
    );
    const connection = await RawConnection.open(url);
    await connection.write(...CHUNKED, '').until('half');
    expect(await connection.write('zz', '').end()).toBe('');
  });

  it('when a whole request waits for its answer: it would be taken for that', async () => {
    const arrived = new EventEmitter();
    const connection = await RawConnection.open(await serve(() => arrived.emit('request')));
    connection.write(...GET);
    await once(arrived, 'request');
    expect(await connection.write(...NOT_HTTP).end()).toBe('');
  });

  it('when the client has reset it; others are served on', async () => {
    const arrived = new EventEmitter();
    const url = await serve((request, response) => {
      readAndAnswer(request, response);
      arrived.emit('request');
    });
    const connection = await RawConnection.open(url);
    connection.write(...CHUNKED, '');
    await once(arrived, 'request');
    connection.socket.resetAndDestroy();
    await connection.end();
    expect(await (await fetch(url)).text()).toBe('ok');
  });
});
