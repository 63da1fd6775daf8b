import type { AdmissionFunctions, ApiServer, Subresources } from './apiserver';
import { cdiAdmission, startCdi } from './controllers/cdi';
import { coreAdmission, startCore } from './controllers/core';
import { virtApi } from './controllers/kubevirt/virt-api';
import { startVirtController } from './controllers/kubevirt/virt-controller';
import { type RunningController, type SimContext, startController } from './controllers/runtime';
import { extensionDown } from './down';
import { kubelet, startStorage, virtHandler } from './node';
import { restoreVolumes, snapshotVolumes } from './node/vm-volumes';

/** What can be stopped and started by itself, as the cluster's own processes can. */
export const PROCESSES = [
  'kube-controller-manager',
  'virt-api',
  'virt-controller',
  'virt-handler',
  'kubelet',
  'cdi-apiserver',
  'cdi-controller',
  'storage',
] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** The cluster's processes beside the API server, by name. */
export class Processes {
  private readonly running = new Map<ProcessName, RunningController>();
  private readonly starts: Record<ProcessName, () => Promise<RunningController>>;

  constructor(
    private readonly apiServer: ApiServer,
    context: SimContext,
  ) {
    const handler = virtHandler(context);
    const pods = kubelet(context);
    const vmVolumes = [snapshotVolumes(context), restoreVolumes(context)].map(
      (definition) => () => startController(context, definition),
    );
    const { subresources, admission } = virtApi(context, handler);
    apiServer.addAdmission(coreAdmission(context));
    this.starts = {
      'kube-controller-manager': () => startCore(context),
      'virt-api': this.extension('kubevirt.io', 'virt-api.kubevirt', admission, subresources),
      'virt-controller': () => startVirtController(context),
      'virt-handler': () => startController(context, handler),
      kubelet: () => startController(context, pods),
      'cdi-apiserver': this.extension('cdi.kubevirt.io', 'cdi-api.cdi', cdiAdmission(context)),
      'cdi-controller': () => startCdi(context),
      storage: () => startAll([() => startStorage(context), ...vmVolumes]),
    };
  }

  /** Does nothing when it runs already. */
  async start(name: ProcessName): Promise<void> {
    if (!this.running.has(name)) this.running.set(name, await this.starts[name]());
  }

  async stop(name: ProcessName): Promise<void> {
    const process = this.running.get(name);
    this.running.delete(name);
    await process?.stop();
  }

  /** A process that the API server asks: once stopped, its absence is felt until it is started again. */
  private extension(
    group: string,
    service: string,
    admission: AdmissionFunctions,
    subresources: readonly Subresources[] = [],
  ): () => Promise<RunningController> {
    let up: (() => void) | undefined;
    return async () => {
      up?.();
      const ends = [
        this.apiServer.addAdmission(admission),
        ...subresources.map((entry) => this.apiServer.addSubresources(entry)),
      ];
      return {
        stop: async () => {
          for (const end of ends) end();
          up = extensionDown(this.apiServer, { group, service, subresources });
        },
      };
    };
  }
}

/** Several controllers as one process. */
async function startAll(starts: (() => Promise<RunningController>)[]): Promise<RunningController> {
  const started = await Promise.all(starts.map((start) => start()));
  return {
    async stop() {
      await Promise.all(started.map((controller) => controller.stop()));
    },
  };
}
