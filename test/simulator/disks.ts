import { type ApiServer, type ApiServerOptions, startApiServer } from '../../simulator/apiserver';
import { cdiAdmission, startCdi } from '../../simulator/controllers/cdi';
import { coreAdmission, startCore } from '../../simulator/controllers/core';
import { SimKinds, type VolumeSnapshotClass } from '../../simulator/controllers/kinds';
import { createContext, type RunningController, type SimContext } from '../../simulator/controllers/runtime';
import { CONTENT, startStorage } from '../../simulator/node/storage';
import { FAST_OPTIONS, type SimulatorOptions } from '../../simulator/options';
import type { DataVolume, KubernetesResource, PersistentVolumeClaim, Pod } from '../../src/clone/resources';
import { type ClusterClient, type Kind, Kinds } from '../../src/kubernetes';
import { DiskRecording } from './disk-recording';

type Part = 'core' | 'cdi' | 'storage';

const START: Record<Part, (context: SimContext) => Promise<RunningController>> = {
  core: startCore,
  cdi: startCdi,
  storage: startStorage,
};

/** API server, kube-controller-manager, CDI and storage, and what a test does to disks; no VMs. */
export class DiskCluster {
  private readonly parts = new Map<Part, RunningController>();
  private readonly recordings: DiskRecording[] = [];

  private constructor(
    readonly server: ApiServer,
    readonly context: SimContext & { close(): Promise<void> },
    readonly client: ClusterClient,
  ) {}

  static async start(
    options: Partial<SimulatorOptions> = {},
    apiServer: ApiServerOptions = {},
  ): Promise<DiskCluster> {
    const server = await startApiServer(apiServer);
    const context = createContext(server.url, { ...FAST_OPTIONS, ...options });
    const cluster = new DiskCluster(server, context, context.clientFor('test'));
    server.addAdmission(coreAdmission(context));
    server.addAdmission(cdiAdmission(context));
    for (const part of Object.keys(START) as Part[]) await cluster.startPart(part);
    await cluster.makeNamespace('demo');
    const snapshots = { metadata: { name: 'snapshots' }, driver: 'snap.csi', deletionPolicy: 'Delete' };
    await cluster.client.create(SimKinds.VolumeSnapshotClass, snapshots as VolumeSnapshotClass);
    for (const [name, options] of Object.entries(CLASSES)) await cluster.makeClass(name, options);
    return cluster;
  }

  async startPart(part: Part): Promise<void> {
    this.parts.set(part, await START[part](this.context));
  }

  async stopPart(part: Part): Promise<void> {
    await this.parts.get(part)?.stop();
    this.parts.delete(part);
  }

  async close(): Promise<void> {
    for (const recording of this.recordings) recording.stop();
    for (const part of [...this.parts.keys()]) await this.stopPart(part);
    await this.context.close();
    await this.server.close();
  }

  /** A storage class, when CDI has found out how to clone on it. */
  async makeClass(name: string, options: ClassOptions): Promise<void> {
    const { strategy, mode = 'Immediate', provisioner = 'sim.csi', ...more } = options;
    const annotations = { 'cdi.kubevirt.io/clone-strategy': strategy };
    await this.client.create(Kinds.StorageClass, {
      metadata: { name, annotations },
      provisioner,
      volumeBindingMode: mode,
      ...more,
    });
    // in the cache that the controllers share, so that they have it too
    const profiles = this.context.cache(Kinds.StorageProfile);
    await this.untilTrue(
      Kinds.StorageProfile,
      () => profiles.get(undefined, name)?.status?.cloneStrategy === strategy,
    );
  }

  makeNamespace(name: string) {
    return this.client.create(Kinds.Namespace, { metadata: { name } });
  }

  /** A blank disk that is bound and filled, with `content` on it. */
  async makeDisk(
    name: string,
    { namespace = 'demo', size = '1Gi', storageClass = 'copy', content = '', ...metadata }: DiskOptions = {},
  ): Promise<PersistentVolumeClaim> {
    await this.client.create(Kinds.DataVolume, {
      metadata: { namespace, name, ...metadata, annotations: { ...IMMEDIATE, ...metadata.annotations } },
      spec: { source: { blank: {} }, storage: storage(size, storageClass) },
    });
    await this.untilPhase(name, 'Succeeded', namespace);
    const claim = await this.until(Kinds.PersistentVolumeClaim, { namespace, name }, isBound);
    await this.writeContent(claim, content);
    return claim;
  }

  clone(source: string, name: string, options: CloneOptions = {}): Promise<DataVolume> {
    const { namespace = 'demo', sourceNamespace = 'demo', size = '1Gi', storageClass = 'copy' } = options;
    return this.client.create(Kinds.DataVolume, {
      metadata: { namespace, name, annotations: options.annotations },
      spec: {
        source: { pvc: { namespace: sourceNamespace, name: source } },
        storage: storage(size, storageClass),
      },
    });
  }

  /** A running pod on a claim that no controller of this cluster looks after. */
  async usePod(name: string, claim: string, namespace = 'demo'): Promise<Pod> {
    const pod = await this.client.create(Kinds.Pod, {
      metadata: { namespace, name },
      spec: {
        nodeName: 'node-1',
        containers: [
          { name: 'compute', image: 'launcher', volumeMounts: [{ name: 'disk', mountPath: '/disk' }] },
        ],
        volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: claim } }],
      },
    });
    return this.client.replace(
      Kinds.Pod,
      { ...pod, status: { ...pod.status, phase: 'Running' } },
      { subresource: 'status' },
    );
  }

  async endPod(name: string, namespace = 'demo'): Promise<void> {
    await this.client.delete(Kinds.Pod, { namespace, name }, { gracePeriodSeconds: 0 });
  }

  async contentOf(claim: PersistentVolumeClaim): Promise<string | undefined> {
    const volume = await this.client.get(SimKinds.PersistentVolume, { name: claim.spec.volumeName ?? '' });
    return volume?.metadata.annotations?.[CONTENT];
  }

  async writeContent(claim: PersistentVolumeClaim, content: string): Promise<void> {
    const patch = { metadata: { annotations: { [CONTENT]: content } } };
    await this.client.patchMerge(SimKinds.PersistentVolume, { name: claim.spec.volumeName ?? '' }, patch);
  }

  untilPhase(name: string, phase: string, namespace = 'demo'): Promise<DataVolume> {
    return this.until(Kinds.DataVolume, { namespace, name }, ({ status }) => status?.phase === phase);
  }

  /** Resolves with the object as soon as it is as wanted; rejects after 20 s with what it was last. */
  async until<T extends KubernetesResource>(
    kind: Kind<T>,
    ref: { namespace?: string; name: string },
    wanted: (object: T) => boolean,
  ): Promise<T> {
    const found = await this.wait(kind, ref, (object) => object !== undefined && wanted(object));
    return found as T;
  }

  async untilGone(kind: Kind, ref: { namespace?: string; name: string }): Promise<void> {
    await this.wait(kind, ref, (object) => object === undefined);
  }

  /** Resolves when `condition` holds, tried at each change of the kind. */
  async untilTrue(kind: Kind, condition: () => boolean | Promise<boolean>): Promise<void> {
    await this.watching(kind, condition, () => `the condition on ${kind.plural}`);
  }

  private async wait<T extends KubernetesResource>(
    kind: Kind<T>,
    ref: { namespace?: string; name: string },
    wanted: (object: T | undefined) => boolean,
  ): Promise<T | undefined> {
    let last: T | undefined;
    await this.watching(
      kind,
      async () => {
        last = await this.client.get(kind, ref);
        return wanted(last);
      },
      () => `${ref.namespace}/${ref.name}: ${JSON.stringify(last, null, 1)}`,
    );
    return last;
  }

  private async watching(kind: Kind, test: () => boolean | Promise<boolean>, describe: () => string) {
    const cache = this.context.cache(kind);
    await this.context.synced(kind);
    await new Promise<void>((resolve, reject) => {
      let queue: Promise<void> = Promise.resolve();
      const timer = setTimeout(() => end(new Error(`waited in vain for ${describe()}`)), 20_000);
      const check = () => {
        queue = queue
          .then(async () => {
            if (await test()) end();
          })
          .catch(end);
      };
      const off = cache.onChange({}, check);
      function end(error?: unknown) {
        clearTimeout(timer);
        off();
        if (error) reject(error);
        else resolve();
      }
      check();
    });
  }

  /** Begins to record each change of what matters in DataVolumes, claims, pods and snapshots, in the server's order. */
  async record(): Promise<DiskRecording> {
    const recording = new DiskRecording(this.client);
    this.recordings.push(recording);
    await recording.start();
    return recording;
  }
}

const IMMEDIATE = { 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' };

interface DiskOptions {
  namespace?: string;
  size?: string;
  storageClass?: string;
  content?: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
}

interface CloneOptions {
  namespace?: string;
  sourceNamespace?: string;
  size?: string;
  storageClass?: string;
  annotations?: Record<string, string>;
}

interface ClassOptions {
  strategy: string;
  mode?: string;
  /** Default sim.csi, which has no snapshots. */
  provisioner?: string;
  allowVolumeExpansion?: boolean;
}

const CLASSES: Record<string, ClassOptions> = {
  copy: { strategy: 'copy' },
  csi: { strategy: 'csi-clone', allowVolumeExpansion: true },
  snap: { strategy: 'snapshot', provisioner: 'snap.csi', allowVolumeExpansion: true },
  'copy-late': { strategy: 'copy', mode: 'WaitForFirstConsumer' },
  'csi-late': { strategy: 'csi-clone', mode: 'WaitForFirstConsumer' },
  'snap-late': { strategy: 'snapshot', provisioner: 'snap.csi', mode: 'WaitForFirstConsumer' },
};

export function storage(size: string, storageClassName: string) {
  return {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    storageClassName,
    resources: { requests: { storage: size } },
  };
}

export function isBound(claim: PersistentVolumeClaim): boolean {
  return claim.status?.phase === 'Bound';
}
