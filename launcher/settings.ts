import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { TemporalAddress } from '../src/temporal/connection';
import { LaunchError } from './launch-error';
import { type PortUse, portFrom } from './ports';

export type Cluster = 'simulator' | 'kubeconfig';

/** What one `npm start` runs with; the environment variables are those of `docs/operations.md`. */
export interface Settings {
  cluster: Cluster;
  /** Print what the processes print, each line with its process's name. */
  verbose: boolean;
  stateDir: string;
  host: string;
  port: number;
  simulatorPort: number;
  /** The server to use; the user's own when `ownTemporal` is undefined. */
  temporal: TemporalAddress;
  temporalUiUrl: string;
  /** Undefined: a server that the user runs. */
  ownTemporal?: { port: number; uiPort: number };
  /** For the worker and the API; undefined: what client-node finds by itself. */
  kubeconfig?: string;
}

const LOOPBACK = '127.0.0.1';

/** @throws LaunchError for a value that can't be used. */
export function readSettings(
  env: NodeJS.ProcessEnv,
  { cluster, verbose, root }: { cluster: Cluster; verbose: boolean; root: string },
): Settings {
  const stateDir = resolve(root, env.STATE_DIR || '.state');
  const ownTemporal = env.TEMPORAL_ADDRESS
    ? undefined
    : { port: portFrom(env, 'TEMPORAL_PORT', 7233), uiPort: portFrom(env, 'TEMPORAL_UI_PORT', 8233) };
  if (cluster === 'kubeconfig') checkKubeconfig(env);
  return {
    cluster,
    verbose,
    stateDir,
    host: env.HOST || LOOPBACK,
    port: portFrom(env, 'PORT', 8080),
    simulatorPort: portFrom(env, 'SIMULATOR_PORT', 8090),
    temporal: {
      address: env.TEMPORAL_ADDRESS || `${LOOPBACK}:${ownTemporal?.port}`,
      namespace: env.TEMPORAL_NAMESPACE || 'default',
    },
    temporalUiUrl: env.TEMPORAL_UI_URL || `http://${LOOPBACK}:${ownTemporal?.uiPort ?? 8233}`,
    ownTemporal,
    kubeconfig: cluster === 'simulator' ? join(stateDir, 'simulator.kubeconfig') : undefined,
  };
}

/** Every port that this start is going to listen on. */
export function portUses({ cluster, host, port, simulatorPort, ownTemporal }: Settings): PortUse[] {
  const uses: PortUse[] = [];
  if (ownTemporal) {
    uses.push({
      use: 'the Temporal server',
      variable: 'TEMPORAL_PORT',
      host: LOOPBACK,
      port: ownTemporal.port,
    });
    uses.push({
      use: 'the Temporal UI',
      variable: 'TEMPORAL_UI_PORT',
      host: LOOPBACK,
      port: ownTemporal.uiPort,
    });
  }
  if (cluster === 'simulator') {
    uses.push({
      use: 'the simulated cluster',
      variable: 'SIMULATOR_PORT',
      host: LOOPBACK,
      port: simulatorPort,
    });
  }
  uses.push({ use: 'the API', variable: 'PORT', host, port });
  return uses;
}

function checkKubeconfig(env: NodeJS.ProcessEnv): void {
  const files = env.KUBECONFIG
    ? env.KUBECONFIG.split(delimiter).filter(Boolean)
    : [join(env.HOME || homedir(), '.kube', 'config')];
  if (files.some((file) => existsSync(file))) return;
  throw new LaunchError(
    `There is no kubeconfig at ${files.join(' or ')}: set KUBECONFIG to one, or start without --cluster=kubeconfig to use the simulated cluster.`,
  );
}
