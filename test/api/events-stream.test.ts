import { connect } from 'node:net';
import express from 'express';
import { pinoHttp } from 'pino-http';
import { Registry } from 'prom-client';
import { problemHandler } from '../../src/api/errors';
import { EventJournal, type JournalLimits } from '../../src/api/events-journal';
import { eventStream, type StreamLimits } from '../../src/api/events-stream';
import { listen, type RunningServer } from '../../src/api/server';
import { Listener } from './listener';
import { ask, RawConnection } from './raw';

const servers: RunningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

async function serve(limits: JournalLimits & StreamLimits = {}) {
  const journal = new EventJournal(limits);
  const stopping = new AbortController();
  const listening: boolean[] = [];
  const onListening = (anyone: boolean) => void listening.push(anyone);
  const responses: express.Response[] = [];
  const app = express();
  app.use(pinoHttp({ enabled: false }), (_request, response, next) => {
    responses.push(response);
    next();
  });
  const registry = new Registry();
  const { signal } = stopping;
  app.get('/api/v1/events', eventStream({ ...limits, journal, onListening, stopping: signal, registry }));
  app.get('/', (_request, response) => void setImmediate(() => response.end('first')));
  app.use(problemHandler);
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  servers.push(server);
  const publish = (from: number, to: number, padding = '') => {
    for (let n = from; n <= to; n += 1) journal.publish('vm-gone', { namespace: padding, name: `${n}` });
  };
  const held = () => Math.max(0, ...responses.map(({ writableLength }) => writableLength));
  const counted = async () =>
    (await registry.getSingleMetric('vm_clone_event_listeners')?.get())?.values[0]?.value;
  return { journal, stopping, listening, server, publish, held, counted, url: server.url };
}

const numbers = (listener: Listener) => listener.of('vm-gone').map(({ name }) => Number(name));
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('a stream is not kept, not changed on the way, and begins with where it stands', async () => {
  const { url, journal, publish } = await serve();
  publish(1, 3);
  const listener = await Listener.open(url);
  const { headers } = listener.response;
  expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store, no-transform');
  expect(headers.get('x-accel-buffering')).toBe('no');
  expect(listener.events).toEqual([{ id: `${journal.epoch}-3`, event: 'hello', data: {} }]);
  publish(4, 4);
  await listener.until(({ events }) => events.length > 1);
  expect(listener.events[1]).toEqual({
    id: `${journal.epoch}-4`,
    event: 'vm-gone',
    data: { namespace: '', name: '4' },
  });
  await listener.close();
});

test('whoever is cut off again and again is told everything, once and in order', async () => {
  const { url, publish } = await serve();
  let listener = await Listener.open(url);
  const told: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    publish(round * 50 + 1, round * 50 + 30);
    await listener.until((each) => each.events.length > round % 3);
    await listener.close();
    told.push(...numbers(listener));
    publish(round * 50 + 31, round * 50 + 50);
    listener = await Listener.resume(url, listener.lastId);
    expect(listener.of('resync')).toEqual([]);
  }
  await listener.until((each) => numbers(each).at(-1) === 1000 || told.at(-1) === 1000);
  expect([...told, ...numbers(listener)]).toEqual(upTo(1, 1000));
  await listener.close();
});

test.each([
  ['another process', '0123456789ab-3'],
  ['longer ago than is kept', 'old'],
  ['nonsense', 'x'],
  ['nothing', ''],
])('an id of %s: resync, and live from there', async (_, id) => {
  const { url, journal, publish } = await serve({ mostEvents: 5 });
  publish(1, 20);
  const listener = await Listener.resume(url, id === 'old' ? `${journal.epoch}-14` : id);
  publish(21, 21);
  await listener.until(({ events }) => events.length > 1);
  expect(listener.events).toEqual([
    { id: `${journal.epoch}-20`, event: 'resync', data: {} },
    { id: `${journal.epoch}-21`, event: 'vm-gone', data: { namespace: '', name: '21' } },
  ]);
  await listener.close();
});

test('a replay of megabytes arrives whole, without being held for the reader', async () => {
  const { url, journal, publish } = await serve();
  publish(1, 4000, 'x'.repeat(2_000));
  const listener = await Listener.resume(url, `${journal.epoch}-0`);
  await listener.until((each) => numbers(each).length === 4000);
  expect(numbers(listener)).toEqual(upTo(1, 4000));
  await listener.close();
});

describe('a reader that takes nothing', () => {
  /** Asks and never reads. Resolves when the connection has been cut off. */
  function stuck(url: string) {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.on('error', () => {});
    socket.pause();
    return socket;
  }

  test.each([
    ['when the journal has left it behind', { heartbeatMs: 600_000, mostBytes: 2 ** 20 }],
    ['when it has not moved between two heartbeats', { heartbeatMs: 400, mostBytes: 2 ** 30 }],
  ])('is cut off %s, and has cost no memory', async (_, limits) => {
    const { url, publish, listening, held } = await serve(limits);
    const socket = stuck(url);
    const other = await Listener.open(url);
    const padding = 'x'.repeat(2 ** 20 / 4);
    // More than the kernel holds for a connection, several times over.
    for (let n = 1; n <= 100; n += 1) {
      publish(n, n, padding);
      await other.until((each) => numbers(each).at(-1) === n);
      other.events.length = 0;
      expect(held()).toBeLessThan(2 ** 20);
    }
    await other.close();
    // It has gone too: nobody listens any more.
    await eventually(() => listening.at(-1) === false);
    socket.destroy();
  });
});

test('signs of life come while nothing happens', async () => {
  const { url } = await serve({ heartbeatMs: 20 });
  const listener = await Listener.open(url);
  await listener.until(({ comments }) => comments.length >= 4);
  expect(listener.events).toHaveLength(1);
  await listener.close();
});

test('beyond the limit of listeners it says so; who leaves makes room', async () => {
  const { url, listening } = await serve({ mostListeners: 2 });
  const [first, second] = [await Listener.open(url), await Listener.open(url)];
  const refused = await fetch(`${url}/api/v1/events`);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({
    type: 'urn:vm-clone:problem:unavailable',
    detail: expect.stringContaining('2 listen to the events already'),
  });
  await first.close();
  await eventually(async () => {
    const third = await Listener.open(url).catch(() => undefined);
    await third?.close();
    return third !== undefined;
  });
  await second.close();
  await eventually(() => listening.join() === 'true,false');
});

describe('one connection listens once', () => {
  const GET = ['GET /api/v1/events HTTP/1.1', 'Host: localhost', '', ''];

  test('however often it asks before its first answer has ended: what it leaves is free again', async () => {
    const { url, listening, counted } = await serve({ mostListeners: 20 });
    const connections = await Promise.all([1, 2, 3].map(() => RawConnection.open(url)));
    for (const connection of connections) {
      for (let times = 0; times < 25; times += 1) connection.write(...GET);
      await connection.until('event: hello');
    }
    expect(await counted()).toBe(3);
    for (const { socket } of connections) socket.destroy();
    await eventually(() => listening.at(-1) === false);
    expect(await counted()).toBe(0);
  });

  test('and not behind another answer, which comes whole', async () => {
    const { url, listening } = await serve();
    const connection = await RawConnection.open(url);
    connection.write('GET / HTTP/1.1', 'Host: localhost', '', '').write(...GET);
    expect(await connection.until('invalid-request')).toMatch(/first.*HTTP\/1\.1 400/s);
    connection.write(...GET);
    await connection.until('event: hello');
    expect(listening).toEqual([true]);
    connection.socket.destroy();
  });
});

test.each(['GET', 'HEAD'])('%s by a page of another site takes no place', async (method) => {
  const { url, listening } = await serve();
  const answer = await ask(url, method, '/api/v1/events', {
    host: 'localhost',
    'sec-fetch-site': 'cross-site',
  });
  expect(answer.status).toBe(403);
  expect(listening).toEqual([]);
});

test('the API ends at once, whoever listens', async () => {
  const { url, stopping, server } = await serve();
  const listeners = [await Listener.open(url), await Listener.open(url)];
  stopping.abort();
  await server.close(60_000);
  await Promise.all(listeners.map(({ ended }) => ended));
});

test('HEAD shows the headers alone, and an unknown parameter is refused', async () => {
  const { url, listening } = await serve();
  const head = await fetch(`${url}/api/v1/events`, { method: 'HEAD' });
  expect(head.headers.get('content-type')).toContain('text/event-stream');
  expect((await fetch(`${url}/api/v1/events?since=1`)).status).toBe(400);
  expect(listening).toEqual([]);
});

async function eventually(reached: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 20_000;
  while (!(await reached())) {
    if (Date.now() > giveUp) throw new Error(`not reached: ${reached}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
