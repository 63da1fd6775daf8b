import { FAST_OPTIONS, type Simulator, type StartOptions, startSimulator } from '../../simulator';
import type {
  KubernetesEvent,
  KubernetesResource,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../src/clone/resources';
import { ApiError, type ClusterClient, type Kind, Kinds, WatchCache } from '../../src/kubernetes';
import { PATIENCE_MS, Recording } from './recording';

/** Slow enough that every state on the way is seen. */
export const VISIBLE = { bootSeconds: 0.2, stopSeconds: 0.2 };

/** A kind that the product does not need. */
export const ResourceQuotas: Kind<KubernetesResource & { spec: { hard: Record<string, string> } }> = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};

export interface VmOptions {
  spec?: Partial<VirtualMachine['spec']>;
  template?: Partial<VirtualMachine['spec']['template']['spec']>;
  annotations?: Record<string, string>;
}

/** A whole simulated cluster, and what a test does to VMs; each test has a namespace of its own. */
export class VmCluster {
  private readonly recordings: Recording[] = [];
  private namespaces = 0;

  private constructor(readonly simulator: Simulator) {}

  static async start(options: StartOptions = {}): Promise<VmCluster> {
    return new VmCluster(await startSimulator({ ...FAST_OPTIONS, ...options }));
  }

  get client(): ClusterClient {
    return this.simulator.client;
  }

  async close(): Promise<void> {
    for (const recording of this.recordings) await recording.stop();
    await this.simulator.close();
  }

  async makeNamespace(): Promise<string> {
    this.namespaces += 1;
    const name = `test-${this.namespaces}`;
    await this.client.create(Kinds.Namespace, { metadata: { name } });
    return name;
  }

  async record(namespace: string): Promise<Recording> {
    const recording = new Recording(this.client, namespace);
    this.recordings.push(recording);
    await recording.start();
    return recording;
  }

  makeVm(namespace: string, name: string, power: object, options: VmOptions = {}): Promise<VirtualMachine> {
    return this.client.create(Kinds.VirtualMachine, vmNamed(namespace, name, power, options));
  }

  /** A VM that runs, whatever its strategy. */
  async runVm(
    namespace: string,
    name: string,
    power: object,
    options: VmOptions = {},
  ): Promise<VirtualMachine> {
    const starts = { Manual: true, Halted: true } as Record<string, boolean>;
    const vm = await this.makeVm(namespace, name, power, options);
    if (starts[vm.spec.runStrategy ?? '']) await this.client.act({ namespace, name }, 'start');
    return this.untilVm(namespace, name, ({ status }) => status?.ready === true);
  }

  /** A storage class, with the way that CDI clones on it. */
  async makeClass(name: string, mode: 'Immediate' | 'WaitForFirstConsumer', strategy: string): Promise<void> {
    const annotations = { 'cdi.kubevirt.io/clone-strategy': strategy };
    await this.client.create(Kinds.StorageClass, {
      metadata: { name, annotations },
      provisioner: 'sim.csi',
      volumeBindingMode: mode,
    });
    await this.until(Kinds.StorageProfile, { name }, ({ status }) => status?.cloneStrategy === strategy);
  }

  /** A subresource's answer: code and message. */
  async act(namespace: string, name: string, verb: string, body?: object): Promise<string> {
    return answerOf(this.client.act({ namespace, name }, verb, body));
  }

  annotate(
    namespace: string,
    name: string,
    annotations: Record<string, string | null>,
  ): Promise<VirtualMachine> {
    return this.client.patchMerge(Kinds.VirtualMachine, { namespace, name }, { metadata: { annotations } });
  }

  /**
   * Waits until virt-controller has gone over the VM once more, from its newest version to the status that it writes
   * last: what it has not done by then it won't do.
   */
  async untilReconciled(namespace: string, name: string): Promise<void> {
    const operations = [{ op: 'replace' as const, path: '/status/conditions', value: [] }];
    await this.client.patchJson(Kinds.VirtualMachine, { namespace, name }, operations, {
      subresource: 'status',
    });
    await this.untilVm(namespace, name, ({ status }) => Boolean(status?.conditions?.length));
  }

  untilVm(namespace: string, name: string, wanted: (vm: VirtualMachine) => boolean): Promise<VirtualMachine> {
    return this.until(Kinds.VirtualMachine, { namespace, name }, wanted);
  }

  untilVmi(
    namespace: string,
    name: string,
    wanted: (vmi: VirtualMachineInstance) => boolean,
  ): Promise<VirtualMachineInstance> {
    return this.until(Kinds.VirtualMachineInstance, { namespace, name }, wanted);
  }

  untilWord(namespace: string, name: string, word: string): Promise<VirtualMachine> {
    return this.untilVm(namespace, name, ({ status }) => status?.printableStatus === word);
  }

  /** Resolves with the object once it is as wanted. */
  async until<T extends KubernetesResource>(
    kind: Kind<T>,
    ref: { namespace?: string; name: string },
    wanted: (object: T) => boolean,
  ): Promise<T> {
    return (await this.wait(kind, ref, (object) => object !== undefined && wanted(object))) as T;
  }

  /** The first event in the namespace that is as wanted. */
  async untilEvent(namespace: string, wanted: (event: KubernetesEvent) => boolean): Promise<KubernetesEvent> {
    const cache = new WatchCache(this.client, Kinds.Event, { namespace });
    try {
      await cache.start();
      return await new Promise<KubernetesEvent>((resolve, reject) => {
        const look = () => {
          const event = cache.list().find(wanted);
          if (!event) return;
          clearTimeout(timer);
          resolve(event);
        };
        const said = () => cache.list().map(({ reason, message }) => `${reason}: ${message}`);
        const timer = setTimeout(
          () => reject(new Error(`no such event among ${said().join('; ')}`)),
          PATIENCE_MS,
        );
        cache.onChange({}, look);
        look();
      });
    } finally {
      await cache.stop();
    }
  }

  async untilGone(kind: Kind, ref: { namespace?: string; name: string }): Promise<void> {
    await this.wait(kind, ref, (object) => object === undefined);
  }

  private async wait<T extends KubernetesResource>(
    kind: Kind<T>,
    { namespace, name }: { namespace?: string; name: string },
    wanted: (object: T | undefined) => boolean,
  ): Promise<T | undefined> {
    const cache = new WatchCache(this.client, kind, { namespace });
    try {
      await cache.start();
      return await new Promise<T | undefined>((resolve, reject) => {
        const look = () => {
          const object = cache.get(namespace, name);
          if (!wanted(object)) return false;
          clearTimeout(timer);
          resolve(object);
          return true;
        };
        const timer = setTimeout(() => {
          const last = JSON.stringify(cache.get(namespace, name)?.metadata ?? null);
          const status = JSON.stringify((cache.get(namespace, name) as { status?: unknown })?.status ?? null);
          reject(new Error(`${kind.kind} ${namespace}/${name} is not as wanted: ${last} ${status}`));
        }, PATIENCE_MS);
        if (!look()) cache.onChange({ namespace, name }, look);
      });
    } finally {
      await cache.stop();
    }
  }
}

/** `202`, or the code and the message of the refusal. */
export async function answerOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return '202';
  } catch (error) {
    if (error instanceof ApiError) return `${error.code} ${error.message}`;
    throw error;
  }
}

export function vmNamed(
  namespace: string,
  name: string,
  power: object,
  { spec, template, annotations }: VmOptions = {},
): VirtualMachine {
  return {
    metadata: { namespace, name, annotations },
    spec: { ...power, template: { spec: { domain: { devices: {} }, ...template } }, ...spec },
  };
}

/** What a VM with these claims or DataVolumes mounts, by the volume's name. */
export function volumesOf(volumes: Record<string, { dataVolume: string } | { claim: string }>) {
  return {
    domain: { devices: { disks: Object.keys(volumes).map((name) => ({ name, disk: { bus: 'virtio' } })) } },
    volumes: Object.entries(volumes).map(([name, source]) =>
      'claim' in source
        ? { name, persistentVolumeClaim: { claimName: source.claim } }
        : { name, dataVolume: { name: source.dataVolume } },
    ),
  };
}

export function blankTemplate(name: string, storageClass: string) {
  return {
    metadata: { name },
    spec: {
      source: { blank: {} },
      storage: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: storageClass,
        resources: { requests: { storage: '1Gi' } },
      },
    },
  };
}
