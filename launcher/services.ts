import { join } from 'node:path';
import type { ChildOptions } from './child';
import type { Settings } from './settings';
import { devServerArgs, temporalAnswers } from './temporal';
import { answers, until } from './until';

type Describe = (settings: Settings, env: NodeJS.ProcessEnv) => ChildOptions;

/** The Temporal dev server with its UI; its data stays in `STATE_DIR/temporal.db`. */
export function temporalServer(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  { executable, port, uiPort }: { executable: string; port: number; uiPort: number },
): ChildOptions {
  const database = join(settings.stateDir, 'temporal.db');
  return {
    ...common(settings, 'temporal', 'Temporal server'),
    program: executable,
    args: devServerArgs({ port, uiPort, namespace: settings.temporal.namespace, database }),
    env,
    ready: async (_child, signal) => {
      await until(() => temporalAnswers(settings.temporal), signal);
      await until((ends) => answers(settings.temporalUiUrl, ends), signal);
    },
  };
}

/** The simulated cluster; writes the kubeconfig that everything else uses. */
export const simulator: Describe = (settings, env) => ({
  ...common(settings, 'simulator', 'simulated cluster'),
  ...node('dist/simulator/main.js'),
  env: {
    ...env,
    HOST: '127.0.0.1',
    SIMULATOR_PORT: String(settings.simulatorPort),
    STATE_DIR: settings.stateDir,
  },
  ready: (child) => child.untilLine((line) => parsed(line).ready === true),
});

export const worker: Describe = (settings, env) => ({
  ...common(settings, 'worker', 'worker'),
  ...node('dist/worker.js'),
  // Its readiness is a line of level info.
  env: {
    ...clientEnv(settings, env),
    LOG_LEVEL: /^(trace|debug)$/.test(env.LOG_LEVEL ?? '') ? env.LOG_LEVEL : 'info',
  },
  // Its activities get time to notice the shutdown.
  stopWithinMs: 30_000,
  ready: (child) => child.untilLine((line) => parsed(line).msg === 'worker ready'),
});

export const api: Describe = (settings, env) => ({
  ...common(settings, 'api', 'API'),
  ...node('dist/src/api/main.js'),
  env: {
    ...clientEnv(settings, env),
    PORT: String(settings.port),
    HOST: settings.host,
    TEMPORAL_UI_URL: settings.temporalUiUrl,
    AUTH_MODE: env.AUTH_MODE || 'none',
  },
  ready: (_child, signal) => until((ends) => answers(`${apiUrl(settings)}/readyz`, ends), signal),
});

/** Where a browser on this machine finds the API. */
export function apiUrl({ host, port }: Settings): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function common({ stateDir, verbose }: Settings, id: string, name: string) {
  return {
    name,
    logFile: join(stateDir, 'logs', `${id}.log`),
    onLine: verbose ? (line: string) => console.log(`[${id}] ${line}`) : undefined,
  } satisfies Partial<ChildOptions>;
}

/** A compiled program of ours, by its path in the checkout, which is the launcher's working folder. */
function node(script: string) {
  return {
    program: process.execPath,
    args: ['--enable-source-maps', script],
  } satisfies Partial<ChildOptions>;
}

function clientEnv({ temporal, kubeconfig }: Settings, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...QUICK_HEARTBEATS,
    ...env,
    TEMPORAL_ADDRESS: temporal.address,
    ...(kubeconfig ? { KUBECONFIG: kubeconfig } : {}),
  };
}

/** One person's machine bears more heartbeats than a cluster with thousands of copies: a cancel is seen in 2 s. */
const QUICK_HEARTBEATS = { HEARTBEAT_TIMEOUT_SECONDS: '10', HEARTBEAT_THROTTLE_SECONDS: '2' };

/** A log line's fields; none when it is not one JSON object. */
function parsed(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
