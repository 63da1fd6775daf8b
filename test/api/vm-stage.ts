import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { type AdmissionRequest, RequestLog } from '../../simulator/apiserver';
import { createApp } from '../../src/api/app';
import { listen, type RunningServer } from '../../src/api/server';
import type { VirtualMachine } from '../../src/clone/resources';
import { MARKS, type VmRef } from '../../src/contract';
import { type Caches, ClusterClient, createCaches, Kinds } from '../../src/kubernetes';
import { createLogger } from '../../src/log';
import { VISIBLE, VmCluster } from '../simulator/vm-cluster';
import { startTemporal, type TestTemporal } from '../support/temporal';
import type { Answer } from './support';

const API = 'vm-clone-api';

/** The API over HTTP on a whole simulated cluster: what it asks for is done. Each test has a namespace. */
export class VmStage {
  readonly logged: Record<string, unknown>[] = [];
  namespace = '';

  private constructor(
    readonly cluster: VmCluster,
    readonly caches: Caches,
    private readonly temporal: TestTemporal,
    private readonly requests: RequestLog,
  ) {}
  private server!: RunningServer;

  static async start(): Promise<VmStage> {
    const requests = new RequestLog();
    const [cluster, temporal] = await Promise.all([
      VmCluster.start({ ...VISIBLE, apiServer: { onRequest: requests.record } }),
      startTemporal(),
    ]);
    const client = new ClusterClient(cluster.client.kubeConfig, { userAgent: API });
    const stage = new VmStage(cluster, createCaches(client), temporal, requests);
    await stage.caches.start();
    const app = createApp({
      temporal: temporal.client,
      cluster: client,
      caches: stage.caches,
      config: {
        host: '127.0.0.1',
        allowedHosts: [],
        temporalUiUrl: 'http://ui.example',
        heartbeatTimeoutSeconds: 60,
      },
      logger: createLogger(
        { level: 'info', service: 'api' },
        { write: (line) => void stage.logged.push(JSON.parse(line)) },
      ),
      installation: () => randomUUID(),
      now: Date.now,
      registry: new Registry(),
    });
    stage.server = await listen(app, { host: '127.0.0.1', port: 0 });
    return stage;
  }

  async begin(): Promise<void> {
    this.namespace = await this.cluster.makeNamespace();
    this.requests.clear();
    this.logged.length = 0;
  }

  async stop(): Promise<void> {
    await this.server.close(0);
    await this.caches.stop();
    await this.cluster.close();
    await this.temporal.stop();
  }

  get ref(): VmRef {
    return { namespace: this.namespace, name: 'vm' };
  }

  vm(): Promise<VirtualMachine | undefined> {
    return this.cluster.client.get(Kinds.VirtualMachine, this.ref);
  }

  async vmiUid(): Promise<string | undefined> {
    return (await this.cluster.client.get(Kinds.VirtualMachineInstance, this.ref))?.metadata.uid;
  }

  /** Locks the VM as a clone of it does. */
  async lock(): Promise<void> {
    await this.cluster.annotate(this.namespace, 'vm', { [MARKS.lock]: '[]' });
  }

  /** `method` on the VM `vm`, or on what is below it. */
  async ask(method: string, verb?: string, body?: unknown): Promise<Answer> {
    return this.send(method, `vms/${this.namespace}/vm${verb ? `/${verb}` : ''}`, body);
  }

  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.server.url}/api/v1/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    const { status, headers } = response;
    return { status, headers, body: isJson ? JSON.parse(text) : undefined, text };
  }

  /** What the API itself has written, as `verb path` from the namespace on; a dry run is none. */
  writes(): string[] {
    return this.requests
      .matching({ userAgent: API })
      .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
      .map(({ verb, path }) => `${verb} ${path.replace(/^.*\/namespaces\/[^/]+\//, '')}`);
  }

  /** What happens, once, while a write of the VM that fits is on its way into the cluster. */
  onNextWrite(fits: (request: AdmissionRequest) => boolean, meanwhile: () => Promise<void>): void {
    const { namespace } = this;
    let isOver = false;
    const strike = async (request: AdmissionRequest) => {
      const { kind, object, oldObject } = request;
      const isVm = kind.kind === 'VirtualMachine' && (object ?? oldObject)?.metadata.namespace === namespace;
      if (isOver || !isVm || !fits(request)) return;
      isOver = true;
      await meanwhile();
    };
    this.cluster.simulator.apiServer.addAdmission({ validating: [strike] });
  }

  /** Waits until the list shows the VM so. */
  async untilShown(status: string): Promise<void> {
    await this.until(async () => (await this.ask('GET')).body.status === status);
  }

  async until(reached: () => boolean | Promise<boolean>): Promise<void> {
    const giveUp = Date.now() + 20_000;
    while (!(await reached())) {
      if (Date.now() > giveUp) throw new Error(`not reached: ${reached}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A stage for all tests of a file. */
export function useVmStage(): { readonly stage: VmStage } {
  const used = {} as { stage: VmStage };
  beforeAll(async () => {
    used.stage = await VmStage.start();
  });
  beforeEach(() => used.stage.begin());
  afterAll(() => used.stage?.stop());
  return used;
}
