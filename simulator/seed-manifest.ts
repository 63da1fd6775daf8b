import type { RunStrategy, VirtualMachine } from '../src/clone/resources';

export interface SeedDisk {
  /** Of the claim and its DataVolume. */
  name: string;
  size: string;
  storageClass: string;
}

export interface SeedVm {
  vm: VirtualMachine;
  disks: SeedDisk[];
  /** A VM whose strategy starts nothing by itself is started. */
  start?: boolean;
}

/** What a VM of the seed differs in; the rest is what a console's wizard would write. */
export interface SeedDescription {
  namespace: string;
  name: string;
  power: { runStrategy: RunStrategy } | { running: boolean };
  os: { name: string; image: string };
  workload?: 'server' | 'desktop';
  flavor?: 'tiny' | 'small' | 'medium' | 'large';
  cores?: number;
  memory?: string;
  /** By the volume's name; the first one boots. */
  disks: Record<string, [size: string, storageClass: string]>;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  hostname?: string;
  macAddress?: string;
  userData?: string;
  /** Instead of `userData`. */
  userDataSecret?: string;
  graceSeconds?: number;
  start?: boolean;
  /** Of SEED_INSTANCETYPES, instead of cores and memory. */
  instancetype?: string;
  /** The TPM keeps its state, which can't be cloned. */
  sealed?: boolean;
}

/** Its guests get the devices that Windows wants. */
export const WINDOWS = { name: 'windows2k22', image: 'windows-server:2022' };

/** The VM that is described, with the disks that its templates would make: those are sown filled. */
export function seedVm(description: SeedDescription): SeedVm {
  return { vm: vmOf(description), disks: disksOf(description), start: description.start };
}

function disksOf({ name, disks }: SeedDescription): SeedDisk[] {
  return Object.entries(disks).map(([disk, [size, storageClass]]) => ({
    name: `${name}-${disk}`,
    size,
    storageClass,
  }));
}

function vmOf(description: SeedDescription): VirtualMachine {
  const {
    namespace,
    name,
    power,
    os,
    workload = 'server',
    flavor = 'medium',
    instancetype,
    labels,
    annotations,
  } = description;
  return {
    metadata: {
      namespace,
      name,
      labels: {
        ...labels,
        ...(!instancetype && { 'vm.kubevirt.io/template': `${os.name}-${workload}-${flavor}` }),
      },
      annotations,
    },
    spec: {
      ...power,
      ...(instancetype && { instancetype: { name: instancetype } }),
      dataVolumeTemplates: templatesOf(description),
      template: {
        metadata: {
          labels: { ...labels, 'kubevirt.io/domain': name, 'vm.kubevirt.io/name': name },
          annotations: {
            'vm.kubevirt.io/os': os.name,
            'vm.kubevirt.io/workload': workload,
            ...(!instancetype && { 'vm.kubevirt.io/flavor': flavor }),
          },
        },
        spec: guestOf(description),
      },
    },
  };
}

function templatesOf(description: SeedDescription) {
  const [root] = disksOf(description);
  return disksOf(description).map((disk) => ({
    metadata: { name: disk.name },
    spec: {
      source:
        disk.name === root?.name
          ? { registry: { url: `docker://quay.io/containerdisks/${description.os.image}` } }
          : { blank: {} },
      storage: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: disk.storageClass,
        resources: { requests: { storage: disk.size } },
      },
    },
  }));
}

function guestOf(description: SeedDescription): VirtualMachine['spec']['template']['spec'] {
  const { name, os, cores, memory, disks, hostname, macAddress, sealed, graceSeconds = 30 } = description;
  const windows = os === WINDOWS;
  const bus = windows ? 'sata' : 'virtio';
  const cloudInit = cloudInitOf(description);
  const volumes = Object.keys(disks).map((disk) => ({ name: disk, dataVolume: { name: `${name}-${disk}` } }));
  return {
    domain: {
      ...(cores && { cpu: { cores, sockets: 1, threads: 1 } }),
      ...(memory && { memory: { guest: memory } }),
      devices: {
        disks: [
          ...Object.keys(disks).map((disk, index) => ({
            name: disk,
            disk: { bus },
            ...(index === 0 && { bootOrder: 1 }),
          })),
          ...cloudInit.map((volume) => ({ name: volume.name, disk: { bus } })),
        ],
        interfaces: [
          {
            name: 'default',
            masquerade: {},
            model: windows ? 'e1000e' : 'virtio',
            ...(macAddress && { macAddress }),
          },
        ],
        rng: {},
        ...(windows && {
          tpm: sealed ? { persistent: true } : {},
          inputs: [{ type: 'tablet', bus: 'usb', name: 'tablet' }],
        }),
      },
      ...(windows && {
        clock: { utc: {}, timer: { hpet: { present: false }, hyperv: {} } },
        features: {
          acpi: {},
          apic: {},
          hyperv: { relaxed: {}, vapic: {}, spinlocks: { spinlocks: 8191 } },
          smm: {},
        },
        firmware: { bootloader: { efi: { secureBoot: true } } },
      }),
    },
    ...(hostname && { hostname }),
    networks: [{ name: 'default', pod: {} }],
    terminationGracePeriodSeconds: graceSeconds,
    volumes: [...volumes, ...cloudInit],
  };
}

function cloudInitOf({ userData, userDataSecret }: SeedDescription) {
  const cloudInitNoCloud = userDataSecret
    ? { secretRef: { name: userDataSecret } }
    : userData && { userData };
  return cloudInitNoCloud ? [{ name: 'cloudinitdisk', cloudInitNoCloud }] : [];
}
