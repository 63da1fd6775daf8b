import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, createCopyActivities } from './src/activities';
import { type ActivityDeps, DEFAULT_LIMITS } from './src/activities/deps';
import { HeartbeatTicker } from './src/activities/heartbeat';
import { type Config, ConfigError, loadConfig } from './src/config';
import { copyTaskQueue, TASK_QUEUE } from './src/contract';
import { ClusterClient, createCaches, loadKubeConfig } from './src/kubernetes';
import { createLogger, type Logger } from './src/log';
import {
  cloneLookup,
  connectTemporal,
  ensureInstallation,
  ensureSearchAttributes,
  withBackOff,
} from './src/temporal';

/** Copies that wait side by side in one process. Each costs a promise and some listeners. */
const COPY_SLOTS = 5_000;

export interface WorkersOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  /** Made by `bundleWorkflowCode`. */
  workflowBundle: { codePath: string } | { code: string };
  deps: ActivityDeps;
  heartbeatThrottleMs: number;
  shutdownGraceMs: number;
}

/**
 * Two workers in one process: workflows with their short activities, and the long copies by themselves, which
 * would otherwise use up the slots that compensations need. Resolves when both poll.
 */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const { connection, namespace, taskQueue, workflowBundle, deps, heartbeatThrottleMs, shutdownGraceMs } =
    options;
  const common = {
    connection,
    namespace,
    maxHeartbeatThrottleInterval: heartbeatThrottleMs,
    defaultHeartbeatThrottleInterval: heartbeatThrottleMs,
    shutdownGraceTime: 0,
    shutdownForceTime: shutdownGraceMs,
  };
  return Promise.all([
    Worker.create({ ...common, taskQueue, workflowBundle, activities: createActivities(deps) }),
    Worker.create({
      ...common,
      taskQueue: copyTaskQueue(taskQueue),
      activities: createCopyActivities(deps),
      maxConcurrentActivityTaskExecutions: COPY_SLOTS,
    }),
  ]);
}

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger({ level: config.logLevel, service: 'worker' });
  installRuntime(logger, config);
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('asked to stop'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const { signal } = stopping;
  const patiently = <R>(what: string, work: () => Promise<R>) =>
    withBackOff(work, {
      signal,
      onFailure: (error, retryInMs) => logger.warn({ err: error, retryInMs }, `${what}: trying again`),
    });

  const { address, namespace } = config.temporal;
  const connection = await patiently('Temporal is not reachable', () =>
    NativeConnection.connect({ address }),
  );
  const temporal = connectTemporal(config.temporal);
  const installation = await patiently('Temporal could not be set up', async () => {
    await ensureSearchAttributes(temporal.client);
    return ensureInstallation(temporal.client, {
      intervalSeconds: config.sweepIntervalSeconds,
      heartbeatTimeoutSeconds: config.heartbeatTimeoutSeconds,
      taskQueue: TASK_QUEUE,
    });
  });
  const client = new ClusterClient(loadKubeConfig(config.kubeconfig), { userAgent: 'vm-clone-worker' });
  const caches = createCaches(client, {
    onError: (error, kind) =>
      logger.warn({ err: error, kind }, 'A watch of the cluster broke: it is begun again'),
  });
  await caches.start();

  const heartbeatThrottleMs = config.heartbeatThrottleSeconds * 1000;
  const workers = await createWorkers({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: config.workflowBundle ?? path.join(__dirname, 'workflow-bundle.js') },
    heartbeatThrottleMs,
    shutdownGraceMs: config.shutdownGraceSeconds * 1000,
    deps: {
      client,
      caches,
      heartbeats: new HeartbeatTicker(heartbeatThrottleMs),
      clones: cloneLookup(temporal.client),
      random: randomBytes,
      limits: DEFAULT_LIMITS,
    },
  });
  logger.info(
    { installation, temporal: address, cluster: client.kubeConfig.getCurrentCluster()?.server },
    'worker ready',
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  // One worker alone would take clones and never end them.
  running.catch(stop);
  signal.addEventListener('abort', () => {
    for (const worker of workers) worker.shutdown();
  });
  await running;
  await caches.stop();
  await temporal.close();
  await connection.close();
  logger.info('worker stopped');
}

/** The SDK's own words, native part included, go the way of ours. */
function installRuntime(logger: Logger, { logLevel }: Config): void {
  Runtime.install({
    logger: {
      log: (level, message, meta) => logger[pinoLevel(level)](meta ?? {}, message),
      trace: (message, meta) => logger.trace(meta ?? {}, message),
      debug: (message, meta) => logger.debug(meta ?? {}, message),
      info: (message, meta) => logger.info(meta ?? {}, message),
      warn: (message, meta) => logger.warn(meta ?? {}, message),
      error: (message, meta) => logger.error(meta ?? {}, message),
    },
    telemetryOptions: {
      logging: {
        forward: {},
        filter: makeTelemetryFilterString({ core: logLevel === 'debug' ? 'DEBUG' : 'WARN', other: 'ERROR' }),
      },
    },
    shutdownSignals: [],
  });
}

function pinoLevel(level: string) {
  return level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

if (require.main === module) {
  main().catch((error: Error) => {
    if (error instanceof ConfigError) console.error(error.message);
    else createLogger({ level: 'error', service: 'worker' }).fatal({ err: error }, 'worker failed');
    process.exitCode = 1;
  });
}
