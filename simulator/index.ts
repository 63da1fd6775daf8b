import { ClusterClient, PooledKubeConfig } from '../src/kubernetes';
import { type ApiServer, type ApiServerOptions, kubeconfigFor, startApiServer } from './apiserver';
import { withAccounts } from './controllers/accounts';
import { createContext, type Log, type SimContext } from './controllers/runtime';
import { registerNodes } from './node';
import { DEFAULT_OPTIONS, type SimulatorOptions } from './options';
import { PROCESSES, Processes, type ProcessName } from './processes';
import { seed } from './seed';

export { STEERING, STEERING_PREFIX } from './node';
export { DEFAULT_OPTIONS, FAST_OPTIONS, type SimulatorOptions } from './options';
export { PROCESSES, type ProcessName } from './processes';

export interface StartOptions extends Partial<SimulatorOptions> {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Where the cluster is kept between runs; without it it lives in memory alone. */
  dataFile?: string;
  /** Fills an empty cluster with storage classes and VMs; one that has VMs is left as it is. Default false. */
  seed?: boolean;
  /** Processes that are not started. */
  without?: readonly ProcessName[];
  /** More of the API server's options, such as `onRequest` and `tokens`. */
  apiServer?: Omit<ApiServerOptions, 'port' | 'host' | 'dataFile'>;
  log?: Log;
}

export interface Simulator {
  readonly url: string;
  /** Text of a kubeconfig. */
  readonly kubeconfig: string;
  readonly client: ClusterClient;
  readonly apiServer: ApiServer;
  readonly context: SimContext;
  stopController(name: ProcessName): Promise<void>;
  startController(name: ProcessName): Promise<void>;
  restartController(name: ProcessName): Promise<void>;
  close(): Promise<void>;
}

/** Starts a whole cluster: API server, KubeVirt, CDI, the parts of Kubernetes that matter to them, and nodes. */
export async function startSimulator(start: StartOptions = {}): Promise<Simulator> {
  const {
    port,
    host,
    dataFile,
    seed: isSeeded = false,
    without = [],
    apiServer: more,
    log,
    ...options
  } = start;
  const apiServer = await startApiServer({ ...more, port, host, dataFile });
  const { url } = apiServer;
  const context = withAccounts(createContext(url, { ...DEFAULT_OPTIONS, ...options }, log), url);
  const processes = new Processes(apiServer, context);
  const close = async () => {
    await Promise.all(PROCESSES.map((name) => processes.stop(name)));
    await context.close();
    await apiServer.close();
  };
  try {
    await registerNodes(context);
    await Promise.all(
      PROCESSES.filter((name) => !without.includes(name)).map((name) => processes.start(name)),
    );
    if (isSeeded) await seed(context);
  } catch (error) {
    await close();
    throw error;
  }
  const kubeconfig = kubeconfigFor(url);
  const kubeConfig = new PooledKubeConfig();
  kubeConfig.loadFromString(kubeconfig);
  return {
    url,
    kubeconfig,
    client: new ClusterClient(kubeConfig),
    apiServer,
    context,
    stopController: (name) => processes.stop(name),
    startController: (name) => processes.start(name),
    restartController: async (name) => {
      await processes.stop(name);
      await processes.start(name);
    },
    close,
  };
}
