import type { RunStrategy, VirtualMachine } from '../../src/clone';
import type { VmRef } from '../../src/contract';
import { isCode, Kinds } from '../../src/kubernetes';
import type { Environment } from './environment';

/** Storage classes by how CDI clones them. */
export const CLASSES = { csi: 'csi-clone', standard: 'copy' } as const;
export type ClassName = keyof typeof CLASSES;

export interface MachineOptions {
  namespace?: string;
  /** `{running: …}` for the deprecated form. Default Always. */
  power?: { runStrategy: RunStrategy } | { running: boolean };
  /** Whether it is to be on when this returns. Default: as its strategy has it. */
  on?: boolean;
  /** Size in GiB and class of each disk. Default one of 1 GiB, csi. */
  disks?: { name: string; gib?: number; class?: ClassName }[];
  annotations?: Record<string, string>;
  terminationGracePeriodSeconds?: number;
  /** Wait until its guest has ended by itself. */
  ended?: boolean;
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
  await prepare(environment, namespace);
  for (const disk of disks) await makeDisk(environment, ref, disk);
  await client.create(Kinds.VirtualMachine, {
    metadata: { ...ref, annotations: options.annotations },
    spec: { ...power, template: templateOf(ref, disks, options) },
  });
  if (options.ended) {
    if (options.on) await client.act(ref, 'start');
    await environment.until(environment.caches.instances, ref, (vmi) => vmi?.status?.phase === 'Succeeded');
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
          disks: disks.map((disk) => ({ name: disk.name, disk: { bus: 'virtio' } })),
          interfaces: [{ name: 'default', masquerade: {} }],
        },
        memory: { guest: '1Gi' },
      },
      networks: [{ name: 'default', pod: {} }],
      volumes: disks.map((disk) => ({ name: disk.name, dataVolume: { name: `${name}-${disk.name}` } })),
    },
  };
}

async function makeDisk(
  environment: Environment,
  { namespace, name }: VmRef,
  { name: disk, gib = 1, class: storage = 'csi' }: NonNullable<MachineOptions['disks']>[number],
): Promise<void> {
  const ref = { namespace, name: `${name}-${disk}` };
  await environment.client.create(Kinds.DataVolume, {
    metadata: { ...ref, annotations: { 'cdi.kubevirt.io/storage.bind.immediate.requested': 'true' } },
    spec: {
      source: { blank: {} },
      pvc: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: storage,
        resources: { requests: { storage: `${gib}Gi` } },
      },
    },
  });
  await environment.until(environment.caches.dataVolumes, ref, (dv) => dv?.status?.phase === 'Succeeded');
}

/** The namespace and the storage classes, unless they are there. */
async function prepare({ client }: Environment, namespace: string): Promise<void> {
  const there = (error: unknown) => {
    if (!isCode(error, 409)) throw error;
  };
  await client.create(Kinds.Namespace, { metadata: { name: namespace } }).catch(there);
  for (const [name, cloneStrategy] of Object.entries(CLASSES)) {
    await client
      .create(Kinds.StorageClass, {
        metadata: { name },
        provisioner: 'csi.simulator.example',
        volumeBindingMode: 'Immediate',
      })
      .catch(there);
    await client.create(Kinds.StorageProfile, { metadata: { name }, spec: { cloneStrategy } }).catch(there);
    await client.patchMerge(Kinds.StorageProfile, { name }, { spec: { cloneStrategy } });
    const status = { status: { cloneStrategy } };
    await client.patchMerge(Kinds.StorageProfile, { name }, status, { subresource: 'status' });
  }
}
