import { loadConfig } from '../../src/config';
import { ask } from './raw';
import { type Answer, expectProblem, TestApi } from './support';

let api: TestApi;
let port: string;

beforeAll(async () => {
  api = await TestApi.start();
  port = new URL(api.url).port;
});
afterAll(() => api?.stop());
/** Whatever came in: nothing was begun. */
afterEach(async () => expect(await api.runningClones()).toEqual([]));

const read = (headers: Record<string, string>, url = api.url) => ask(url, 'GET', '/api/v1/vms', headers);
const write = (headers: Record<string, string>) =>
  ask(api.url, 'POST', '/api/v1/clones/demo/ghost/cancel', headers);

/** It was let in, and came as far as to find nothing. */
const expectLetIn = (answer: Answer) => expectProblem(answer, 404, 'clone-not-found');

async function servedFor(env: NodeJS.ProcessEnv): Promise<string> {
  const { host, allowedHosts } = loadConfig(env);
  return (await api.serve({ config: { ...api.deps.config, host, allowedHosts } })).url;
}

describe('the name that the API is called by', () => {
  it.each([
    ['localhost', {}],
    ['LOCALHOST:8080', {}],
    ['127.0.0.1:8080', {}],
    ['127.1.2.3', {}],
    ['[::1]:8080', {}],
    ['0.0.0.0:8080', { HOST: '0.0.0.0' }],
    ['[::]:8080', { HOST: '::' }],
    ['[fd00::7]', { HOST: 'FD00:0::7' }],
    ['10.0.0.7:8080', { HOST: '10.0.0.7' }],
    ['10.0.0.7:8080', { HOST: '0.0.0.0', ALLOWED_HOSTS: 'clones.example,10.0.0.7' }],
    ['Clones.Example', { HOST: '0.0.0.0', ALLOWED_HOSTS: '10.0.0.7 , CLONES.example' }],
    ['[fd00::8]:8080', { HOST: '::', ALLOWED_HOSTS: 'fd00:0:0::8' }],
  ])('is known: %s with %j', async (host, env) => {
    expect((await read({ host }, await servedFor(env))).status).toBe(200);
  });

  it.each([
    ['another site', 'evil.example', {}],
    ['a name made to resolve to this machine', '127.0.0.1.evil.example', {}],
    ['a part of a known name', 'example', { ALLOWED_HOSTS: 'clones.example' }],
    ['a name under a known one', 'evil.clones.example', { ALLOWED_HOSTS: 'clones.example' }],
    ['an address while bound to all', '10.0.0.7', { HOST: '0.0.0.0' }],
    ['an IPv6 address while bound to all', 'fd00::7', { HOST: '::' }],
  ])('is none of ours: %s; the answer says what to set', async (_case, host, env) => {
    const called = host.includes(':') ? `[${host}]` : host;
    const answer = await read({ host: `${called}:8080` }, await servedFor(env));
    expectProblem(answer, 403, 'unknown-host');
    expect(answer.body.detail).toContain(`ALLOWED_HOSTS=${host} `);
    const set = await servedFor({ ...env, ALLOWED_HOSTS: host });
    expect((await read({ host: `${called}:8080` }, set)).status).toBe(200);
  });

  it.each(['evil.example@localhost', 'localhost/x', 'localhost?x', 'a b', 'localhost:port', ''])(
    'is no name: "%s"',
    async (host) => {
      const answer = await read({ host });
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.errors).toEqual([{ field: 'Host', message: expect.any(String) }]);
    },
  );

  it('is missing', async () => {
    const answer = await read({});
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).toEqual([{ field: 'Host', message: 'is required' }]);
  });

  it.each(['/healthz', '/readyz', '/metrics'])('does not matter to a probe: %s', async (path) => {
    const calls: Record<string, string>[] = [{ host: '10.42.0.17:8080' }, { host: 'clones.internal' }, {}];
    for (const headers of calls) {
      expect((await ask(api.url, 'GET', path, headers)).status).toBe(200);
    }
  });
});

describe('a write', () => {
  it.each<[string, () => Record<string, string>]>([
    ['by a program', () => ({ host: 'localhost' })],
    ['by a page of ours', () => ({ host: `localhost:${port}`, origin: `http://localhost:${port}` })],
    [
      'by a page of ours that says so twice',
      () => ({
        host: `127.0.0.1:${port}`,
        origin: `http://127.0.0.1:${port}`,
        'sec-fetch-site': 'same-origin',
      }),
    ],
    ['by a page behind TLS', () => ({ host: 'clones.example', origin: 'https://clones.example' })],
    ['from the address bar', () => ({ host: 'localhost', 'sec-fetch-site': 'none' })],
  ])('is taken %s', async (_case, headers) => {
    expectLetIn(await write(headers()));
  });

  it.each<[string, Record<string, string>]>([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page of nowhere', { origin: 'null' }],
    ['a page of another port', { origin: 'http://localhost:3000' }],
    ['a page of another name of ours', { origin: 'http://clones.example' }],
    ['a page that hides its origin', { 'sec-fetch-site': 'cross-site' }],
    ['a page that lies about its origin', { origin: 'http://localhost', 'sec-fetch-site': 'cross-site' }],
  ])('is refused to %s', async (_case, headers) => {
    expectProblem(await write({ host: 'localhost', ...headers }), 403, 'cross-origin');
  });
});

describe('a read', () => {
  it.each<[string, Record<string, string>, number]>([
    ['a link on another site', { 'sec-fetch-site': 'cross-site' }, 200],
    ['a page of another port of this machine', { origin: 'http://localhost:3000' }, 200],
    ['a script of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of nowhere', { origin: 'null' }, 403],
  ])('by %s', async (_case, headers, status) => {
    const answer = await read({ host: 'localhost', ...headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
