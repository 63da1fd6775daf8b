import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Config, ConfigError } from '../config';
import { TASK_QUEUE } from '../contract';
import { ClusterClient, createCaches, loadKubeConfig } from '../kubernetes';
import type { Logger } from '../log';
import { connectTemporal, ensureInstallation, ensureSearchAttributes, withBackOff } from '../temporal';
import { createApp } from './app';
import { listen } from './server';

export interface RunningApi {
  url: string;
  /** Lets requests under way end, within `shutdownGraceSeconds`; then closes all connections. */
  stop(): Promise<void>;
}

/**
 * Serves the API. It answers as soon as this resolves, whether Temporal and the cluster are up yet or not:
 * `/readyz` says what is missing, and both are tried until they answer.
 *
 * @throws ConfigError for a kubeconfig, host or port that can't be used.
 */
export async function startApi(config: Config, logger: Logger): Promise<RunningApi> {
  const cluster = connectCluster(config);
  const caches = createCaches(cluster, {
    onError: (error, kind) => logger.warn({ err: error, kind }, 'watch failed'),
  });
  const { client: temporal, close: closeTemporal } = connectTemporal(config.temporal);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stopping = new AbortController();
  let installation: string | undefined;

  const app = createApp({
    temporal,
    cluster,
    caches,
    config,
    logger,
    installation: () => installation,
    now: Date.now,
    registry,
    stopping: stopping.signal,
  });
  const server = await listen(app, config);
  logger.info({ url: server.url }, 'API listens');

  async function setUpTemporal(): Promise<void> {
    await ensureSearchAttributes(temporal);
    installation = await ensureInstallation(temporal, {
      intervalSeconds: config.sweepIntervalSeconds,
      taskQueue: TASK_QUEUE,
      heartbeatTimeoutSeconds: config.heartbeatTimeoutSeconds,
    });
    logger.info({ installation }, 'Temporal is set up');
  }

  const started = Promise.allSettled([
    caches.start().then(() => logger.info('cluster is read')),
    withBackOff(setUpTemporal, {
      signal: stopping.signal,
      onFailure: (error, nextTryInMs) =>
        logger.warn({ err: error, nextTryInMs }, 'Temporal is not set up yet'),
    }),
  ]);

  return {
    url: server.url,
    async stop() {
      stopping.abort(new Error('the process ends'));
      await server.close(config.shutdownGraceSeconds * 1000);
      await caches.stop();
      await closeTemporal();
      await started;
    },
  };
}

function connectCluster({ kubeconfig }: Config): ClusterClient {
  try {
    return new ClusterClient(loadKubeConfig(kubeconfig), { userAgent: 'vm-clone-api' });
  } catch (error) {
    const which = kubeconfig ? `KUBECONFIG=${kubeconfig}` : 'KUBECONFIG';
    throw new ConfigError(`${which} can not be used: ${(error as Error).message}.`);
  }
}
