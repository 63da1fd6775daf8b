import { randomUUID } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';
import { Registry } from 'prom-client';
import { type ApiServer, kubeconfigFor, RequestLog, startApiServer } from '../../simulator/apiserver';
import { createApp } from '../../src/api/app';
import type { ApiDeps } from '../../src/api/deps';
import { listen, type RunningServer } from '../../src/api/server';
import type { StorageClass, VirtualMachine } from '../../src/clone/resources';
import type { VmRef } from '../../src/contract';
import { type Caches, ClusterClient, createCaches, Kinds } from '../../src/kubernetes';
import { createLogger } from '../../src/log';
import { startTemporal, type TestTemporal } from '../support/temporal';

const API = 'vm-clone-api';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of a body
  body: any;
  text: string;
}

/** The API on a real Temporal server and a real (if quiet) Kubernetes API: nothing there acts on what is made. */
export class TestApi {
  readonly logged: Record<string, unknown>[] = [];
  installation: string | undefined = randomUUID();
  private readonly running: RunningServer[] = [];

  private constructor(
    readonly temporal: TestTemporal,
    readonly cluster: ClusterClient,
    readonly caches: Caches,
    private readonly apiServer: ApiServer,
    readonly deps: ApiDeps,
    private readonly requests: RequestLog,
  ) {}

  static async start(): Promise<TestApi> {
    const requests = new RequestLog();
    const [temporal, apiServer] = await Promise.all([
      startTemporal(),
      startApiServer({ onRequest: requests.record }),
    ]);
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfigFor(apiServer.url));
    const own = new ClusterClient(kubeConfig, { userAgent: API });
    const caches = createCaches(own);
    const deps: ApiDeps = {
      temporal: temporal.client,
      cluster: own,
      caches,
      config: {
        host: '127.0.0.1',
        allowedHosts: ['clones.example'],
        temporalUiUrl: 'http://ui.example',
        heartbeatTimeoutSeconds: 60,
      },
      logger: createLogger(
        { level: 'info', service: 'api' },
        { write: (line) => void api.logged.push(JSON.parse(line)) },
      ),
      installation: () => api.installation,
      now: Date.now,
      registry: new Registry(),
    };
    const api = new TestApi(temporal, new ClusterClient(kubeConfig), caches, apiServer, deps, requests);
    await caches.start();
    await api.serve();
    return api;
  }

  /** One more API process on the same Temporal and cluster. */
  async serve(changes: Partial<ApiDeps> = {}): Promise<RunningServer> {
    const app = createApp({ ...this.deps, registry: new Registry(), ...changes });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    this.running.push(server);
    return server;
  }

  get url(): string {
    return (this.running[0] as RunningServer).url;
  }

  async stop(): Promise<void> {
    for (const server of this.running) await server.close(0);
    await this.caches.stop();
    await this.apiServer.close();
    await this.temporal.stop();
  }

  /** What the API itself has written to the cluster, as `verb path`. */
  writes(): string[] {
    return this.requests
      .matching({ userAgent: API })
      .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
      .map(({ verb, path }) => `${verb} ${path}`);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { headers });
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async send(path: string, init: RequestInit): Promise<Answer> {
    const url = path.startsWith('http')
      ? path
      : `${this.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`;
    const response = await fetch(url, init);
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: json ? JSON.parse(text) : undefined,
      text,
    };
  }

  /** Workflows under way in this namespace. */
  async runningClones(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { workflowId } of this.temporal.client.workflow.list()) ids.push(workflowId);
    return ids;
  }

  /** Makes a VM that is off, with one bound disk, and waits until the caches show it. */
  async makeVm(
    ref: VmRef,
    { status = 'Stopped', more = {} as Partial<VirtualMachine['metadata']> } = {},
  ): Promise<void> {
    const { namespace, name } = ref;
    await this.makeOnce(Kinds.Namespace, { metadata: { name: namespace } });
    const storageClass: StorageClass = { metadata: { name: 'fast' }, provisioner: 'csi.example.com' };
    await this.makeOnce(Kinds.StorageClass, storageClass);
    const claim = { namespace, name: `${name}-root` };
    await this.cluster.create(Kinds.PersistentVolumeClaim, {
      metadata: claim,
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '1Gi' } },
      },
    });
    await this.cluster.patchMerge(
      Kinds.PersistentVolumeClaim,
      claim,
      { status: { phase: 'Bound' } },
      { subresource: 'status' },
    );
    await this.cluster.create(Kinds.VirtualMachine, {
      metadata: { ...more, ...ref },
      spec: {
        runStrategy: 'Halted',
        template: {
          spec: {
            domain: { devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
            volumes: [{ name: 'root', persistentVolumeClaim: { claimName: claim.name } }],
          },
        },
      },
    });
    const observed = { status: { printableStatus: status, observedGeneration: 1 } };
    await this.cluster.patchMerge(Kinds.VirtualMachine, ref, observed, { subresource: 'status' });
    await this.until(
      () => this.caches.virtualMachines.get(namespace, name)?.status?.printableStatus === status,
    );
    await this.until(() => this.caches.claims.get(namespace, claim.name)?.status?.phase === 'Bound');
  }

  async until(reached: () => boolean | Promise<boolean>): Promise<void> {
    const giveUp = Date.now() + 20_000;
    while (!(await reached())) {
      if (Date.now() > giveUp) throw new Error(`not reached: ${reached}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async makeOnce(...[kind, object]: Parameters<ClusterClient['create']>): Promise<void> {
    if (!(await this.cluster.get(kind, { name: object.metadata.name })))
      await this.cluster.create(kind, object);
  }
}

/** What each refusal has in common. */
export function expectProblem({ status, headers, body, text }: Answer, expected: number, type: string): void {
  expect({ status, type: body?.type }).toEqual({ status: expected, type: `urn:vm-clone:problem:${type}` });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(body).toMatchObject({ status: expected, title: expect.any(String), detail: expect.any(String) });
  expect(text).not.toMatch(/node_modules|\.[jt]s:\d+|at Object\./);
}
