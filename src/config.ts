import { isIP } from 'node:net';
import { z } from 'zod';

/** A setting that the process can't start with: one sentence that names the variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const wholeNumber = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d+$/, error)
    .transform(Number)
    .pipe(z.number().min(least, error).max(most, error));
};
const seconds = (most: number) => {
  const error = `must be a number of seconds above 0, at most ${most}`;
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, error)
    .transform(Number)
    .pipe(z.number().gt(0, error).max(most, error));
};
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });
const hosts = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim().toLowerCase()))
  .refine(
    (names) => names.every((name) => isIP(name) > 0 || /^[\w.-]+$/.test(name)),
    'must be host names or IP addresses without ports, separated by commas',
  );
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

const variables = z.object({
  PORT: wholeNumber(0, 65_535).default(8080),
  HOST: z.string().default('127.0.0.1'),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^.+:\d{1,5}$/, 'must be host:port, such as 127.0.0.1:7233')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_UI_URL: httpUrl.default('http://127.0.0.1:8233'),
  KUBECONFIG: z.string().optional(),
  AUTH_MODE: oneOf(['none', 'kubernetes']).default('none'),
  ALLOW_UNAUTHENTICATED: oneOf(['yes', 'no']).default('no'),
  ALLOWED_HOSTS: hosts.default([]),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  STATE_DIR: z.string().default('.state'),
  HEARTBEAT_TIMEOUT_SECONDS: seconds(3600).default(60),
  HEARTBEAT_THROTTLE_SECONDS: seconds(3600).default(20),
  SWEEP_INTERVAL_SECONDS: wholeNumber(1, 86_400).default(60),
  SHUTDOWN_GRACE_SECONDS: seconds(3600).default(10),
  WORKFLOW_BUNDLE: z.string().optional(),
  CONSOLE_DIR: z.string().optional(),
});

export interface Config {
  /** Where the API listens; port 0 takes a free one. */
  host: string;
  port: number;
  temporal: { address: string; namespace: string };
  /** Base of links into Temporal's UI, without a slash at its end. */
  temporalUiUrl: string;
  /** As in `KUBECONFIG`; undefined: the user's own file or the pod's service account. */
  kubeconfig?: string;
  authMode: 'none' | 'kubernetes';
  allowUnauthenticated: boolean;
  /** Names by which the API may be called, beside `host` and loopback's own; lower case, without ports. */
  allowedHosts: string[];
  logLevel: (typeof LOG_LEVELS)[number];
  /** Where `npm start` keeps its data. */
  stateDir: string;
  /** Of activities that wait: without a sign for so long they are tried anew. */
  heartbeatTimeoutSeconds: number;
  /** Least time between two heartbeats that reach the server: also how long a cancel takes to be noticed. */
  heartbeatThrottleSeconds: number;
  sweepIntervalSeconds: number;
  /** What is under way when the process is asked to end gets so long. */
  shutdownGraceSeconds: number;
  /** File of bundled workflows; undefined: the one that the build put beside the worker. */
  workflowBundle?: string;
  /** Folder of the built console; undefined: the one that the build put beside the API. */
  consoleDir?: string;
}

/**
 * The environment, parsed once, for API and worker alike. An empty variable counts as unset.
 *
 * @throws ConfigError naming the variable that is wrong.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.entries(env).filter(([, value]) => value !== '');
  const parsed = variables.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    throw new ConfigError(`${name} ${issue?.message}, but is "${env[name]}".`);
  }
  const values = parsed.data;
  if (values.HEARTBEAT_THROTTLE_SECONDS >= values.HEARTBEAT_TIMEOUT_SECONDS) {
    throw new ConfigError(
      `HEARTBEAT_THROTTLE_SECONDS (${values.HEARTBEAT_THROTTLE_SECONDS}) must be below HEARTBEAT_TIMEOUT_SECONDS (${values.HEARTBEAT_TIMEOUT_SECONDS}), or healthy activities count as lost.`,
    );
  }
  return {
    host: values.HOST,
    port: values.PORT,
    temporal: { address: values.TEMPORAL_ADDRESS, namespace: values.TEMPORAL_NAMESPACE },
    temporalUiUrl: values.TEMPORAL_UI_URL.replace(/\/+$/, ''),
    kubeconfig: values.KUBECONFIG,
    authMode: values.AUTH_MODE,
    allowUnauthenticated: values.ALLOW_UNAUTHENTICATED === 'yes',
    allowedHosts: values.ALLOWED_HOSTS,
    logLevel: values.LOG_LEVEL,
    stateDir: values.STATE_DIR,
    heartbeatTimeoutSeconds: values.HEARTBEAT_TIMEOUT_SECONDS,
    heartbeatThrottleSeconds: values.HEARTBEAT_THROTTLE_SECONDS,
    sweepIntervalSeconds: values.SWEEP_INTERVAL_SECONDS,
    shutdownGraceSeconds: values.SHUTDOWN_GRACE_SECONDS,
    workflowBundle: values.WORKFLOW_BUNDLE,
    consoleDir: values.CONSOLE_DIR,
  };
}

/**
 * Whether the API may serve as it is set up: unauthenticated only where nobody else can reach it, or where that
 * was said to be wanted. Answers a sentence to warn with, if any.
 *
 * @throws ConfigError when it may not.
 */
export function checkAccess({ authMode, allowUnauthenticated, host }: Config): string | undefined {
  if (authMode === 'kubernetes') {
    throw new ConfigError('AUTH_MODE=kubernetes is not available in this version: set AUTH_MODE=none.');
  }
  if (isLoopback(host)) return undefined;
  if (!allowUnauthenticated) {
    throw new ConfigError(
      `AUTH_MODE=none lets everyone who reaches HOST=${host} clone any VM: bind HOST to 127.0.0.1, or set ALLOW_UNAUTHENTICATED=yes if that is meant.`,
    );
  }
  return `ALLOW_UNAUTHENTICATED=yes: everyone who reaches ${host} may clone any VM.`;
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
