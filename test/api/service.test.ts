import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigFor } from '../../simulator/apiserver';
import { openApiDocument } from '../../src/api/openapi';
import { listen } from '../../src/api/server';
import { type RunningApi, startApi } from '../../src/api/start';
import { loadConfig } from '../../src/config';
import { createCaches } from '../../src/kubernetes';
import { createLogger } from '../../src/log';
import { connectTemporal } from '../../src/temporal';
import { Listener } from './listener';
import { TestApi } from './support';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api?.stop());

describe('the probes', () => {
  it('say that the process runs and is ready', async () => {
    expect((await api.get('/healthz')).body).toEqual({ status: 'ok' });
    expect((await api.get('/readyz')).body).toEqual({ ready: true, missing: [] });
  });

  it('say everything that is missing, in time', async () => {
    const nowhere = connectTemporal({ address: '127.0.0.1:1', namespace: 'default' });
    const stopping = AbortSignal.abort();
    const { url } = await api.serve({
      temporal: nowhere.client,
      caches: createCaches(api.cluster),
      stopping,
    });
    const started = Date.now();
    const { status, body } = await api.get(`${url}/readyz`);
    expect(Date.now() - started).toBeLessThan(3_000);
    expect(status).toBe(503);
    expect(body.ready).toBe(false);
    expect(body.missing.map(({ what }: { what: string }) => what)).toEqual([
      'process',
      'temporal',
      'cluster',
    ]);
    expect(body.missing[2].detail).toMatch(/^Not read yet: virtualmachines, .*resourcequotas/);
    expect((await api.get(`${url}/healthz`)).status).toBe(200);
    await nowhere.close();
  });

  it('do not call an API ready that Temporal has not been set up for', async () => {
    const { url } = await api.serve({ installation: () => undefined });
    expect((await api.get(`${url}/readyz`)).body.missing).toEqual([
      { what: 'temporal', detail: expect.stringContaining('not set up') },
    ]);
  });
});

it('a Temporal that is down is told as such, with when to try again', async () => {
  const nowhere = connectTemporal({ address: '127.0.0.1:1', namespace: 'default' });
  const { url } = await api.serve({ temporal: nowhere.client });
  const answer = await api.get(`${url}/api/v1/clones/demo/x`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(answer.body.detail).toContain('Temporal');
  await nowhere.close();
}, 30_000);

describe('metrics', () => {
  it('count requests by route, not by name', async () => {
    await api.get('vms/demo/some-name');
    await api.get('vms/demo/another-name');
    const { text } = await api.get('/metrics');
    expect(text).toMatch(
      /duration_seconds_count\{method="GET",route="\/api\/v1\/vms\/:namespace\/:name",status="404"\} 2/,
    );
    expect(text).not.toContain('some-name');
  });

  it('count who listens, and not how long: the time of a stream is its reader’s', async () => {
    const { url } = await api.serve();
    const metrics = async () => (await api.get(`${url}/metrics`)).text;
    const listener = await Listener.open(url);
    expect(await metrics()).toMatch(/^vm_clone_event_listeners 1$/m);
    await listener.close();
    await api.until(async () => /^vm_clone_event_listeners 0$/m.test(await metrics()));
    await api.send(`${url}/api/v1/events`, { method: 'HEAD' });
    expect((await api.get(`${url}/api/v1/events?since=1`)).status).toBe(400);
    const timed = (await metrics()).split('\n').filter((line) => /duration_seconds_count.*events/.test(line));
    expect(timed).toEqual([expect.stringContaining('status="400"')]);
  });
});

describe('the description', () => {
  it('is OpenAPI 3.1 with every route', async () => {
    const { body } = await api.get('openapi.json');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toEqual([
      '/api/v1/vms',
      '/api/v1/vms/{namespace}/{name}',
      '/api/v1/vms/{namespace}/{name}/start',
      '/api/v1/vms/{namespace}/{name}/stop',
      '/api/v1/vms/{namespace}/{name}/restart',
      '/api/v1/vms/{namespace}/{name}/pause',
      '/api/v1/vms/{namespace}/{name}/unpause',
      '/api/v1/namespaces',
      '/api/v1/vms/{namespace}/{name}/clone-plan',
      '/api/v1/clones',
      '/api/v1/clones/{namespace}/{name}',
      '/api/v1/clones/{namespace}/{name}/cancel',
      '/api/v1/events',
      '/healthz',
      '/readyz',
      '/metrics',
    ]);
    expect(body.paths['/api/v1/clones'].post.responses).toHaveProperty('409');
    expect(body.components.schemas).toHaveProperty('Problem');
    const { '/api/v1/vms/{namespace}/{name}': vm, '/api/v1/clones/{namespace}/{name}/cancel': cancel } =
      body.paths;
    expect(Object.keys(vm.get.responses)).toEqual(['200', '400', '403', '404', '500', '502', '503']);
    expect(Object.keys(cancel.post.responses)).toEqual([
      '202',
      '400',
      '403',
      '404',
      '409',
      '413',
      '415',
      '500',
      '503',
    ]);
    expect(cancel.post.responses['409'].description).toContain('clone-undoing');
  });

  it('says what the schemas refuse', () => {
    const { components } = openApiDocument();
    expect(components?.schemas?.CreateClone).toMatchObject({
      additionalProperties: false,
      required: ['source', 'target'],
      properties: { startAfterClone: { default: true }, target: { required: ['name'] } },
    });
  });

  it('has a page to read and try it, which loads nothing from elsewhere', async () => {
    const page = await api.get('docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    for (const [, asset] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(asset).toMatch(/^\/api\/v1\/docs\//);
      expect((await api.get(asset as string)).status).toBe(200);
    }
  });

  it('serves no other file', async () => {
    expect((await api.get('docs/package.json')).status).toBe(404);
    expect((await api.get('docs/..%2F..%2Fpackage.json')).status).toBe(404);
  });
});

describe('security', () => {
  it('headers are on every answer', async () => {
    for (const path of ['vms', 'nothing', '/healthz']) {
      const { headers } = await api.get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });
});

describe('the server', () => {
  it('lets a request that is under way end, takes no new one, and ends', async () => {
    let answer: (() => void) | undefined;
    const arrived = new Promise<void>((resolve) => {
      void listen(
        (_request, response) => {
          answer = () => response.end('done');
          resolve();
        },
        { host: '127.0.0.1', port: 0 },
      ).then((server) => servers.push(server));
    });
    const servers: Awaited<ReturnType<typeof listen>>[] = [];
    await api.until(() => servers.length === 1);
    const [server] = servers;
    if (!server) throw new Error('it listens');
    const pending = fetch(server.url).then((response) => response.text());
    await arrived;
    const closed = server.close(10_000);
    await expect(fetch(server.url)).rejects.toThrow();
    answer?.();
    expect(await pending).toBe('done');
    await closed;
  });

  it('cuts off what does not end in its time', async () => {
    const server = await listen(() => {}, { host: '127.0.0.1', port: 0 });
    const pending = fetch(server.url).then(
      () => 'answered',
      () => 'cut off',
    );
    await new Promise((resolve) => setImmediate(resolve));
    await server.close(50);
    expect(await pending).toBe('cut off');
  });

  it('says what to do when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(listen(() => {}, { host: '127.0.0.1', port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use: end what uses it, or set PORT to another one.`,
    );
    other.close();
  });
});

describe('the whole process', () => {
  const logger = createLogger({ level: 'silent', service: 'api' });

  it('is up before Temporal and the cluster are, and stops all the same', async () => {
    const kubeconfig = join(tmpdir(), `vm-clone-nowhere-${process.pid}.kubeconfig`);
    await writeFile(kubeconfig, kubeconfigFor('http://127.0.0.1:1'));
    const config = loadConfig({ PORT: '0', TEMPORAL_ADDRESS: '127.0.0.1:1', KUBECONFIG: kubeconfig });
    const early = await startApi(config, logger);
    expect((await api.get(`${early.url}/healthz`)).status).toBe(200);
    expect((await api.get(`${early.url}/readyz`)).body.missing).toHaveLength(2);
    await early.stop();
  });

  it('becomes ready by itself and has the sweep on its schedule', async () => {
    const kubeconfig = join(tmpdir(), `vm-clone-test-${process.pid}.kubeconfig`);
    await writeFile(kubeconfig, kubeconfigFor(api.cluster.kubeConfig.getCurrentCluster()?.server ?? ''));
    const { address, namespace } = api.temporal;
    const env = {
      PORT: '0',
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      KUBECONFIG: kubeconfig,
    };
    const ready: RunningApi = await startApi(loadConfig(env), logger);
    await api.until(async () => (await api.get(`${ready.url}/readyz`)).status === 200);
    const schedule = await api.temporal.client.schedule.getHandle('vm-clone-sweep').describe();
    expect(schedule.memo?.installation).toEqual(expect.any(String));
    await ready.stop();
  });

  it('says which kubeconfig can not be used', async () => {
    const config = loadConfig({ PORT: '0', KUBECONFIG: '/nowhere/kubeconfig' });
    await expect(startApi(config, logger)).rejects.toThrow(
      /^KUBECONFIG=\/nowhere\/kubeconfig can not be used: .*\.$/,
    );
  });
});
