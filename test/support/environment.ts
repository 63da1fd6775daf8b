import { randomBytes, randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultDataConverter as converter } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  type Worker,
} from '@temporalio/worker';
import { FAST_OPTIONS, type Simulator, type StartOptions, startSimulator } from '../../simulator';
import { type ObservedRequest, RequestLog } from '../../simulator/apiserver';
import type { ActivityDeps, Limits } from '../../src/activities/deps';
import { HeartbeatTicker } from '../../src/activities/heartbeat';
import type { KubernetesResource, VirtualMachine } from '../../src/clone';
import {
  CANCEL_SIGNAL,
  type CancelRequest,
  type CloneInput,
  type CopyHeartbeat,
  cloneWorkflowId,
  type FinalDocument,
  TASK_QUEUE,
  type VmRef,
} from '../../src/contract';
import { awaitChange, type Caches, ClusterClient, createCaches, type WatchCache } from '../../src/kubernetes';
import { cloneLookup, startClone } from '../../src/temporal';
import { createWorkers } from '../../worker';
import { startTemporal, type TestTemporal } from './temporal';
import { workflowBundleFile } from './workflow-bundle';

/** Short enough for tests, in the same order as the real ones. */
const QUICK_LIMITS: Limits = {
  sourceReturn: 10_000,
  copyPodsGone: 20_000,
  forcedShutdown: 10_000,
  settle: 50,
  stall: 1_000,
  orphanAge: 0,
};
const HEARTBEAT_TIMEOUT_SECONDS = 3;
const HEARTBEAT_THROTTLE_MS = 300;
const WORKER_AGENT = 'vm-clone-worker';

export interface EnvironmentOptions {
  simulator?: StartOptions;
  limits?: Partial<Limits>;
  heartbeatThrottleMs?: number;
  /** Leave the workers to the test. */
  withoutWorker?: boolean;
}

/**
 * A simulated cluster, a Temporal namespace and the two workers: everything that a clone needs but the API.
 * Ends with `stop`.
 */
export async function startEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  quietRuntime();
  const requests = new RequestLog();
  const [simulator, temporal] = await Promise.all([
    startSimulator({ ...FAST_OPTIONS, ...options.simulator, apiServer: { onRequest: requests.record } }),
    startTemporal(),
  ]);
  const environment = new Environment(simulator, temporal, requests, options);
  await environment.begin();
  return environment;
}

let isQuiet = false;

/** Workers report errors alone. Not while this file loads: Playwright lists tests in the process of the global set-up. */
function quietRuntime(): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
}

export class Environment {
  readonly installation = randomUUID();
  /** The test's own eyes: not the worker's caches. */
  readonly caches: Caches;
  readonly client: ClusterClient;
  private readonly running: RunningWorkers[] = [];

  constructor(
    readonly simulator: Simulator,
    readonly temporal: TestTemporal,
    private readonly requests: RequestLog,
    private readonly options: EnvironmentOptions,
  ) {
    this.client = simulator.client;
    this.caches = createCaches(this.client);
  }

  async begin(): Promise<void> {
    await this.caches.start();
    if (!this.options.withoutWorker) await this.startWorkers();
  }

  async stop(): Promise<void> {
    for (const workers of this.running) await workers.stop();
    await this.caches.stop();
    await this.simulator.close();
    await this.temporal.stop();
  }

  /** What activities work with, on caches of their own. */
  async activityDeps(): Promise<ActivityDeps> {
    const client = new ClusterClient(this.simulator.client.kubeConfig, { userAgent: WORKER_AGENT });
    const caches = createCaches(client);
    await caches.start();
    return {
      client,
      caches,
      heartbeats: new HeartbeatTicker(this.throttleMs),
      clones: cloneLookup(this.temporal.client),
      random: randomBytes,
      limits: { ...QUICK_LIMITS, ...this.options.limits },
    };
  }

  async startWorkers(): Promise<RunningWorkers> {
    const { address, namespace } = this.temporal;
    const deps = await this.activityDeps();
    const connection = await NativeConnection.connect({ address });
    const workers = await createWorkers({
      connection,
      namespace,
      taskQueue: TASK_QUEUE,
      workflowBundle: { codePath: await workflowBundleFile() },
      deps,
      heartbeatThrottleMs: this.throttleMs,
      shutdownGraceMs: 5_000,
    });
    const started = new RunningWorkers(workers, deps.caches, connection);
    this.running.push(started);
    return started;
  }

  inputFor(source: VmRef, target: VmRef, wish: Partial<CloneInput> = {}): CloneInput {
    return {
      cloneUid: randomUUID(),
      installation: this.installation,
      source,
      target,
      startAfterClone: true,
      requestedBy: 'test',
      options: {},
      heartbeatTimeoutSeconds: HEARTBEAT_TIMEOUT_SECONDS,
      ...wish,
    };
  }

  /** Starts a clone as the API does, without its checks. */
  async clone(source: VmRef, target: VmRef, wish: Partial<CloneInput> = {}): Promise<Clone> {
    const input = this.inputFor(source, target, wish);
    const { client } = this.temporal;
    await startClone(client, { input, requestHash: '', disks: [] });
    return new Clone(input, client.workflow.getHandle(cloneWorkflowId(target)));
  }

  /** Waits until an object is as `reached` says; undefined stands for none of that name. */
  async until<T extends KubernetesResource>(
    cache: WatchCache<T>,
    ref: { namespace?: string; name: string },
    reached: (object: T | undefined) => boolean,
    timeoutMs = 30_000,
  ): Promise<T | undefined> {
    const seen = () => ({ object: cache.get(ref.namespace, ref.name) });
    const found = await awaitChange(
      [(wake) => cache.onChange(ref, wake)],
      () => (reached(seen().object) ? seen() : undefined),
      { signal: AbortSignal.timeout(timeoutMs) },
    );
    return found?.object;
  }

  /** Waits until the live state of the copy, as `describe()` shows it, is as `reached` says. */
  async untilHeartbeat(clone: Clone, reached: (beat: CopyHeartbeat) => boolean): Promise<CopyHeartbeat> {
    const changed = (wake: () => void) => this.caches.dataVolumes.onChange({}, wake);
    const look = async () => {
      const { raw } = await clone.handle.describe();
      const copy = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'copyDisks');
      const [beat] = copy ? await decodeArrayFromPayloads(converter, copy.heartbeatDetails?.payloads) : [];
      return beat && reached(beat as CopyHeartbeat) ? (beat as CopyHeartbeat) : undefined;
    };
    const signal = AbortSignal.timeout(30_000);
    return (await awaitChange([changed], look, {
      signal,
      recheckMs: HEARTBEAT_THROTTLE_MS,
    })) as CopyHeartbeat;
  }

  /** Asks again and again what nothing announces, until there is an answer. */
  async poll<R>(look: () => Promise<R | undefined>, timeoutMs = 30_000): Promise<R> {
    return (await awaitChange([], look, { signal: AbortSignal.timeout(timeoutMs), recheckMs: 50 })) as R;
  }

  untilVm(ref: VmRef, reached: (vm: VirtualMachine | undefined) => boolean) {
    return this.until(this.caches.virtualMachines, ref, reached);
  }

  /** Waits until a VM's guest runs, and is not about to stop. */
  untilRunning(ref: VmRef) {
    return this.until(
      this.caches.instances,
      ref,
      (vmi) => vmi?.status?.phase === 'Running' && !vmi.metadata.deletionTimestamp,
    );
  }

  /** The workers' requests to the cluster since the last `clearRequests`, watches and their lists left out. */
  workerRequests(): ObservedRequest[] {
    return this.requests
      .matching({ userAgent: WORKER_AGENT })
      .filter(({ verb, path }) => verb !== 'watch' && !isSharedList(verb, path));
  }

  clearRequests(): void {
    this.requests.clear();
  }

  private get throttleMs(): number {
    return this.options.heartbeatThrottleMs ?? HEARTBEAT_THROTTLE_MS;
  }
}

/** Cluster-wide lists are those of the shared caches. */
function isSharedList(verb: string, path: string): boolean {
  return verb === 'list' && !path.includes('/namespaces/');
}

/** One clone under way, as a test holds it. */
export class Clone {
  constructor(
    readonly input: CloneInput,
    readonly handle: WorkflowHandle,
  ) {}

  result(): Promise<FinalDocument> {
    return this.handle.result() as Promise<FinalDocument>;
  }

  cancel(request: CancelRequest = { requestedBy: 'test' }): Promise<void> {
    return this.handle.signal(CANCEL_SIGNAL, request);
  }

  /** The number of events, and how many of each kind of thing went on. */
  async events(): Promise<number> {
    return (await this.handle.fetchHistory()).events?.length ?? 0;
  }
}

export class RunningWorkers {
  private readonly ended: Promise<unknown>;

  constructor(
    private readonly workers: Worker[],
    private readonly caches: Caches,
    private readonly connection: NativeConnection,
  ) {
    this.ended = Promise.all(workers.map((worker) => worker.run()));
  }

  /** Graceful, as on SIGTERM. */
  async stop(): Promise<void> {
    for (const worker of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await this.ended;
    await this.caches.stop();
    await this.connection.close();
  }
}
