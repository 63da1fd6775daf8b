import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import express from 'express';
import { compressAnswers } from '../../src/api/compress';
import { listen, type RunningServer } from '../../src/api/server';
import { loadConfig } from '../../src/config';
import { ask } from './raw';
import { type Answer, expectProblem, TestApi } from './support';

const PAGE =
  '<!doctype html><title>VM Clone</title><script type="module" src="/assets/index-1a2b3c4d.js"></script>';
const SCRIPT = `console.log(${JSON.stringify('long enough to be compressed '.repeat(100))});`;
const FILES = {
  'index.html': PAGE,
  'theme.js': 'document.documentElement;',
  'favicon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  '.secret': 'hidden',
  'assets/index-1a2b3c4d.js': SCRIPT,
  'assets/.map': 'hidden',
  'assets/fonts/text-5e6f7a8b.woff2': 'wOF2',
};
const NO_CACHE = 'no-cache';
const FOREVER = 'public, max-age=31536000, immutable';

let api: TestApi;
let outside: string;
let folder: string;
let console: RunningServer;

beforeAll(async () => {
  outside = mkdtempSync(join(tmpdir(), 'console-'));
  folder = join(outside, 'built');
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  writeFileSync(join(outside, 'password.txt'), 'hidden');
  api = await TestApi.start();
  console = await serve(folder);
});
afterAll(async () => {
  await api?.stop();
  rmSync(outside, { recursive: true });
});

function serve(consoleDir: string): Promise<RunningServer> {
  const { consoleDir: asSet } = loadConfig({ CONSOLE_DIR: consoleDir });
  return api.serve({ config: { ...api.deps.config, consoleDir: asSet } });
}

const get = (path: string, headers?: Record<string, string>) => api.get(`${console.url}${path}`, headers);
/** As a browser asks that has it already; `fetch` would ask all caches to step aside. */
const getAgain = (path: string, etag: string, headers = {}) =>
  ask(console.url, 'GET', path, { host: 'localhost', 'if-none-match': etag, ...headers });

describe("the console's page", () => {
  it.each(['/', '/vms', '/vms/', '/vms?status=Running&q=web', '/clones', '/clones/demo/web-1-clone'])(
    'is at %s',
    async (path) => {
      const { status, headers, text } = await get(path);
      expect({ status, text }).toEqual({ status: 200, text: PAGE });
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe(NO_CACHE);
    },
  );

  it('may load its own files and talk to its own API, and nothing else', async () => {
    const { headers } = await get('/');
    expect(headers.get('content-security-policy')?.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('leaves the API answers without the right to load anything', async () => {
    for (const path of ['/api/v1/vms', '/healthz', '/nothing', '/assets/nothing.js']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('is not shown to a name that is none of ours', async () => {
    for (const path of ['/', '/theme.js', '/assets/index-1a2b3c4d.js']) {
      expectProblem(await ask(console.url, 'GET', path, { host: 'evil.example' }), 403, 'unknown-host');
    }
  });

  it('can be reached by a link on another site', async () => {
    const headers = { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask(console.url, 'GET', '/', headers)).status).toBe(200);
  });
});

describe('a file', () => {
  it.each([
    ['/assets/index-1a2b3c4d.js', 'text/javascript; charset=utf-8', FOREVER],
    ['/assets/fonts/text-5e6f7a8b.woff2', 'font/woff2', FOREVER],
    ['/theme.js', 'text/javascript; charset=utf-8', NO_CACHE],
    ['/favicon.svg', 'image/svg+xml', NO_CACHE],
  ])('%s is kept as long as its name allows', async (path, type, cacheControl) => {
    const { status, headers, text } = await get(path);
    expect({ status, text }).toEqual({ status: 200, text: FILES[path.slice(1) as keyof typeof FILES] });
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('cache-control')).toBe(cacheControl);
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  it.each(['/', '/clones', '/theme.js', '/assets/index-1a2b3c4d.js'])(
    '%s is not sent again while it is the same',
    async (path) => {
      const first = await get(path);
      const etag = first.headers.get('etag') ?? '';
      const again = await getAgain(path, etag);
      expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('cache-control')).toBe(first.headers.get('cache-control'));
      expect((await getAgain(path, 'W/"another"')).status).toBe(200);
    },
  );

  it('is sent anew once the console has been built anew', async () => {
    const { headers } = await get('/theme.js');
    writeFileSync(join(folder, 'theme.js'), 'document.documentElement.dataset;');
    const again = await getAgain('/theme.js', headers.get('etag') ?? '');
    expect(again).toMatchObject({ status: 200, text: 'document.documentElement.dataset;' });
    writeFileSync(join(folder, 'theme.js'), FILES['theme.js']);
  });

  it('can be asked for without its content', async () => {
    for (const path of ['/', '/theme.js', '/assets/index-1a2b3c4d.js']) {
      const { status, headers, text } = await api.send(`${console.url}${path}`, { method: 'HEAD' });
      const { headers: full } = await get(path, { 'accept-encoding': 'identity' });
      expect({ status, text }).toEqual({ status: 200, text: '' });
      for (const name of ['etag', 'content-type', 'content-length', 'cache-control']) {
        expect([name, headers.get(name)]).toEqual([name, full.get(name)]);
      }
    }
  });
});

it.each<[string, Record<string, string>]>([
  ['/assets/index-1a2b3c4d.js', { 'if-match': '"x"' }],
  ['/theme.js', { 'if-match': '"x"' }],
  ['/', { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
])(
  '%s that is not as the request requires: nobody keeps the refusal as if it were the file',
  async (path, required) => {
    const answer = await ask(console.url, 'GET', path, { host: 'localhost', ...required });
    expectProblem(answer, 412, 'precondition-failed');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect([answer.headers.get('etag'), answer.headers.get('last-modified')]).toEqual([null, null]);
  },
);

it.each(['/', '/theme.js', '/assets/index-1a2b3c4d.js'])(
  '%s may be asked for by its whole address',
  async (path) => {
    const { status, text } = await ask(console.url, 'GET', `http://localhost${path}`, { host: 'localhost' });
    expect({ status, text }).toEqual({ status: 200, text: (await get(path)).text });
  },
);

it('sends no part of a file, which could be one of its compressed form', async () => {
  const headers = { host: 'localhost', range: 'bytes=0-3', 'accept-encoding': 'gzip' };
  const answer = await ask(console.url, 'GET', '/assets/index-1a2b3c4d.js', headers);
  expect([answer.status, answer.headers.get('accept-ranges')]).toEqual([200, null]);
});

describe('what is no file of the console', () => {
  it.each([
    ['a missing asset', '/assets/index-00000000.js'],
    ['the folder of assets', '/assets'],
    ['the folder of assets with a slash', '/assets/'],
    ['a folder in it', '/assets/fonts'],
    ['a folder in it with a slash', '/assets/fonts/'],
    ['a missing file', '/robots.txt'],
    ['the page by its file name', '/index.html'],
    ['the page by its file name, escaped', '/%69ndex.html'],
    ['the page by its file name, past a folder', '/.%2Findex.html'],
    ['a path that the console does not have', '/clones/demo'],
    ['a hidden file', '/.secret'],
    ['a hidden asset', '/assets/.map'],
    ['a file outside', '/../password.txt'],
    ['a file outside, from the assets', '/assets/../../password.txt'],
    ['a file outside, escaped', '/..%2Fpassword.txt'],
    ['a file outside, escaped, from the assets', '/assets/..%2F..%2Fpassword.txt'],
    ['a file outside, escaped twice', '/assets/%252e%252e%252fpassword.txt'],
    ['a file outside, by backslashes', '/assets/..%5C..%5Cpassword.txt'],
    ['a kept file, past the assets', '/assets/..%2Ftheme.js'],
    ['a zero byte', '/assets/index-1a2b3c4d.js%00.png'],
    ['a file by its full path', '//etc/passwd'],
    ['a name that is too long', `/assets/${'a'.repeat(300)}`],
  ])('is not there: %s', async (_case, path) => {
    const answer = await ask(console.url, 'GET', path, { host: 'localhost' });
    expectProblem(answer, 404, 'no-such-route');
    expect(answer.text).not.toContain('hidden');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('is a broken escape', async () => {
    expectProblem(await get('/assets/%E0%A4%A'), 400, 'invalid-request');
  });

  it.each([
    ['POST', '/'],
    ['DELETE', '/vms'],
    ['PUT', '/clones/demo/web-1'],
    ['PATCH', '/assets/index-1a2b3c4d.js'],
    ['POST', '/theme.js'],
  ])('is reached by no other method: %s %s', async (method, path) => {
    const answer = await api.send(`${console.url}${path}`, { method });
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('a console that is not built', () => {
  it('is told, with what to do, while the API works; and is served once it is there', async () => {
    const later = join(outside, 'later');
    const { url } = await serve(later);
    for (const path of ['/', '/vms', '/clones/demo/x']) {
      const answer = await api.get(`${url}${path}`);
      expectProblem(answer, 404, 'no-such-route');
      expect(answer.body.detail).toContain('`npm run build`');
      expect(answer.body.detail).toContain('CONSOLE_DIR');
    }
    expect((await api.get(`${url}/api/v1/vms`)).status).toBe(200);
    mkdirSync(later);
    writeFileSync(join(later, 'index.html'), PAGE);
    expect(await api.get(`${url}/`)).toMatchObject({ status: 200, text: PAGE });
  });

  it("does not make the console's sources be served in its place", async () => {
    const { url } = await api.serve();
    expectProblem(await api.get(`${url}/`), 404, 'no-such-route');
    expectProblem(await api.get(`${url}/vite.config.ts`), 404, 'no-such-route');
  });
});

describe('compression', () => {
  const encoding = ({ headers }: Answer) => headers.get('content-encoding');
  let events: RunningServer;
  beforeAll(async () => {
    const app = express().use(compressAnswers());
    app.get('/events', (_request, response) => {
      response.type('text/event-stream').write(`data: ${'x'.repeat(5_000)}\n\n`);
      response.end();
    });
    events = await listen(app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => events?.close(0));

  it.each(['/assets/index-1a2b3c4d.js', '/api/v1/openapi.json'])('makes %s small', async (path) => {
    const plain = await get(path, { 'accept-encoding': 'identity' });
    const small = await get(path, { 'accept-encoding': 'gzip' });
    expect([encoding(plain), encoding(small)]).toEqual([null, 'gzip']);
    expect(small.text).toBe(plain.text);
    expect([plain, small].map(({ headers }) => headers.get('vary'))).toEqual([
      'Accept-Encoding',
      'Accept-Encoding',
    ]);
    expect(small.headers.get('etag')).toBe(plain.headers.get('etag'));
  });

  it('is not for small answers', async () => {
    for (const path of ['/', '/theme.js', '/healthz', '/api/v1/nothing']) {
      expect([path, encoding(await get(path, { 'accept-encoding': 'gzip' }))]).toEqual([path, null]);
    }
  });

  it('is not for what says that it has not changed, or what it is only asked about', async () => {
    const path = '/assets/index-1a2b3c4d.js';
    const { headers } = await get(path, { 'accept-encoding': 'gzip' });
    const same = await getAgain(path, headers.get('etag') ?? '', { 'accept-encoding': 'gzip' });
    expect([same.status, encoding(same)]).toEqual([304, null]);
    const asked = await api.send(`${console.url}${path}`, {
      method: 'HEAD',
      headers: { 'accept-encoding': 'gzip' },
    });
    expect([asked.status, encoding(asked)]).toEqual([200, null]);
  });

  it('never holds back an event', async () => {
    const stream = await api.get(`${events.url}/events`, { 'accept-encoding': 'gzip' });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect(encoding(stream)).toBeNull();
  });
});
