import { SimKinds } from '../../simulator/controllers/kinds';
import { isFinal, type RunStrategy, type VirtualMachine } from '../../src/clone';
import type { VmRef } from '../../src/contract';
import { isCode, Kinds } from '../../src/kubernetes';
import type { Environment } from './environment';

const CSI = 'csi.simulator.example';
const OTHER = 'other.simulator.example';

/** Storage classes: how CDI clones on them, by which driver, and when they bind. */
export const CLASSES = {
  csi: { strategy: 'csi-clone', provisioner: CSI },
  standard: { strategy: 'copy', provisioner: CSI },
  snap: { strategy: 'snapshot', provisioner: CSI },
  late: { strategy: 'csi-clone', provisioner: CSI, volumeBindingMode: 'WaitForFirstConsumer' },
  elsewhere: { strategy: 'csi-clone', provisioner: OTHER },
} as const;
export type ClassName = keyof typeof CLASSES;

export interface DiskOptions {
  name: string;
  /** Default 1. */
  gib?: number;
  /** Default csi. */
  class?: ClassName;
  block?: boolean;
  hotpluggable?: boolean;
}

export interface MachineOptions {
  namespace?: string;
  /** `{running: …}` for the deprecated form. Default Always. */
  power?: { runStrategy: RunStrategy } | { running: boolean };
  /** Whether it is to be on when this returns. Default: as its strategy has it. */
  on?: boolean;
  /** Size in GiB and class of each disk. Default one of 1 GiB, csi. */
  disks?: readonly DiskOptions[];
  annotations?: Record<string, string>;
  terminationGracePeriodSeconds?: number;
  /** Wait until its guest has ended by itself. */
  ended?: boolean;
  /** What else there is to it, before it is made. */
  more?: (vm: VirtualMachine) => void;
}

const DEFAULT_DISKS: NonNullable<MachineOptions['disks']> = [{ name: 'root' }];

/** Makes a VM with filled disks, and waits until it is on or off as asked. */
export async function makeMachine(
  environment: Environment,
  name: string,
  options: MachineOptions = {},
): Promise<VmRef> {
  const { client } = environment;
  const { namespace = 'demo', power = { runStrategy: 'Always' }, disks = DEFAULT_DISKS } = options;
  const ref = { namespace, name };
  await makeNamespace(environment, namespace);
  for (const name of new Set(['csi', 'standard', ...disks.map((disk) => disk.class ?? 'csi')] as const)) {
    await makeClass(environment, name);
  }
  for (const disk of disks) await makeDisk(environment, ref, disk);
  const vm: VirtualMachine = {
    metadata: { ...ref, annotations: options.annotations },
    spec: { ...power, template: templateOf(ref, disks, options) },
  };
  options.more?.(vm);
  await client.create(Kinds.VirtualMachine, vm);
  if (options.ended) {
    if (options.on) await client.act(ref, 'start');
    await environment.until(environment.caches.instances, ref, (vmi) => isFinal(vmi));
    return ref;
  }
  const settled = await bringUp(environment, ref, power);
  if (options.on === false && settled === 'on') await switchOff(environment, ref);
  if (options.on === true && settled === 'off') await switchOn(environment, ref);
  return ref;
}

async function bringUp(
  environment: Environment,
  ref: VmRef,
  power: NonNullable<MachineOptions['power']>,
): Promise<'on' | 'off'> {
  const strategy = 'running' in power ? (power.running ? 'Always' : 'Halted') : power.runStrategy;
  if (strategy === 'Halted' || strategy === 'Manual') {
    await environment.untilVm(ref, (vm) => vm?.status?.printableStatus === 'Stopped');
    return 'off';
  }
  await environment.untilRunning(ref);
  return 'on';
}

async function switchOn(environment: Environment, ref: VmRef): Promise<void> {
  await environment.client.act(ref, 'start');
  await environment.untilRunning(ref);
}

async function switchOff(environment: Environment, ref: VmRef): Promise<void> {
  await environment.client.act(ref, 'stop');
  await environment.until(environment.caches.instances, ref, (vmi) => vmi === undefined);
  await environment.untilVm(ref, (vm) => !vm?.status?.created);
}

function templateOf(
  { name }: VmRef,
  disks: NonNullable<MachineOptions['disks']>,
  { terminationGracePeriodSeconds = 30 }: MachineOptions,
): VirtualMachine['spec']['template'] {
  return {
    metadata: { labels: { 'kubevirt.io/vm': name } },
    spec: {
      terminationGracePeriodSeconds,
      domain: {
        devices: {
          disks: disks.map((disk) => ({
            name: disk.name,
            disk: { bus: disk.hotpluggable ? 'scsi' : 'virtio' },
          })),
          interfaces: [{ name: 'default', masquerade: {} }],
        },
        memory: { guest: '1Gi' },
      },
      networks: [{ name: 'default', pod: {} }],
      volumes: disks.map((disk) => ({
        name: disk.name,
        dataVolume: {
          name: `${name}-${disk.name}`,
          ...(disk.hotpluggable && { hotpluggable: true }),
        },
      })),
    },
  };
}

async function makeDisk(
  environment: Environment,
  { namespace, name }: VmRef,
  { name: disk, gib = 1, class: storage = 'csi', block }: DiskOptions,
): Promise<void> {
  const ref = { namespace, name: `${name}-${disk}` };
  await environment.client.create(Kinds.DataVolume, {
    metadata: { ...ref, annotations: { 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' } },
    spec: {
      source: { blank: {} },
      pvc: {
        accessModes: [block ? 'ReadWriteMany' : 'ReadWriteOnce'],
        ...(block && { volumeMode: 'Block' }),
        storageClassName: storage,
        resources: { requests: { storage: `${gib}Gi` } },
      },
    },
  });
  await environment.until(environment.caches.dataVolumes, ref, (dv) => dv?.status?.phase === 'Succeeded');
}

export async function makeNamespace({ client }: Environment, name: string): Promise<void> {
  await client.create(Kinds.Namespace, { metadata: { name } }).catch(isThere);
}

/** The class, unless it is there, and CDI's profile of it. */
export async function makeClass(environment: Environment, name: ClassName): Promise<void> {
  const { client, caches } = environment;
  const { strategy, ...storageClass } = CLASSES[name];
  const annotations = { 'cdi.kubevirt.io/clone-strategy': strategy };
  await client
    .create(Kinds.StorageClass, {
      metadata: { name, annotations },
      volumeBindingMode: 'Immediate',
      ...storageClass,
    })
    .catch(isThere);
  if (strategy === 'snapshot') {
    const { provisioner: driver } = storageClass;
    await client
      .create(SimKinds.VolumeSnapshotClass, { metadata: { name }, driver, deletionPolicy: 'Delete' })
      .catch(isThere);
  }
  await environment.until(
    caches.storageProfiles,
    { name },
    (profile) => profile?.status?.cloneStrategy === strategy,
  );
}

function isThere(error: unknown): void {
  if (!isCode(error, 409)) throw error;
}
