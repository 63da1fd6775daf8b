import type { Disk, Domain, Interface, VmiSpec } from '../../../../src/clone/resources';
import type { PreferenceSpec } from '../kinds';
import type { Target } from './apply';

type Topology = 'sockets' | 'cores' | 'threads' | 'spread' | 'any';
type Across = 'SocketsCores' | 'CoresThreads' | 'SocketsCoresThreads';

/** Without a preference: sockets. The names that begin with `prefer` are deprecated. */
export function preferredTopology(preference: PreferenceSpec | undefined): Topology {
  const said = preference?.cpu?.preferredCPUTopology ?? 'sockets';
  return said.replace(/^prefer/, '').toLowerCase() as Topology;
}

export function spreadOf({ cpu, preferSpreadSocketToCoreRatio }: PreferenceSpec): {
  ratio: number;
  across: Across;
} {
  const { across, ratio } = cpu?.spreadOptions ?? {};
  return {
    ratio: ratio ?? (preferSpreadSocketToCoreRatio || 2),
    across: (across ?? 'SocketsCores') as Across,
  };
}

/** Fills what the target leaves open (pkg/instancetype/preference/apply). */
export function applyPreference(preference: PreferenceSpec, { metadata, spec }: Target): void {
  const { domain } = spec;
  applyCpuFeatures(preference, domain);
  if (preference.devices) applyDevices(preference.devices, spec);
  if (preference.features) applyFeatures(preference.features, domain);
  if (preference.firmware) applyFirmware(preference.firmware, domain);
  const machine = preference.machine?.preferredMachineType;
  const own = domain.machine as { type?: string } | undefined;
  if (machine && !own?.type) domain.machine = { ...own, type: machine };
  spec.subdomain ||= preference.preferredSubdomain;
  spec.terminationGracePeriodSeconds ??= preference.preferredTerminationGracePeriodSeconds;
  spec.architecture ||= preference.preferredArchitecture;
  metadata.annotations = { ...preference.annotations, ...metadata.annotations };
}

function applyCpuFeatures({ cpu }: PreferenceSpec, domain: Domain): void {
  const preferred = cpu?.preferredCPUFeatures ?? [];
  if (preferred.length === 0) return;
  const own = (domain.cpu?.features ?? []) as { name: string }[];
  const named = new Set(own.map(({ name }) => name));
  domain.cpu = { ...domain.cpu, features: [...own, ...preferred.filter(({ name }) => !named.has(name))] };
}

/** Devices that a preference attaches or not; applied before networks and inputs are added. */
const AUTOATTACH = ['GraphicsDevice', 'MemBalloon', 'PodInterface', 'SerialConsole', 'InputDevice'];

/** Fields of `devices` with the preference that fills each. */
const DEVICES: Record<string, string> = {
  useVirtioTransitional: 'preferredUseVirtioTransitional',
  blockMultiQueue: 'preferredBlockMultiQueue',
  networkInterfaceMultiqueue: 'preferredNetworkInterfaceMultiQueue',
  rng: 'preferredRng',
  tpm: 'preferredTPM',
};

type Devices = NonNullable<Domain['devices']>;
type Preferred = NonNullable<PreferenceSpec['devices']>;

/** Only the `autoattach…` fields, for a VMI that is about to get its default network and inputs. */
export function applyAutoattach(preference: PreferenceSpec | undefined, { domain }: VmiSpec): void {
  domain.devices ??= {};
  for (const name of AUTOATTACH) {
    fill(domain.devices, `autoattach${name}`, preference?.devices?.[`preferredAutoattach${name}`]);
  }
}

function applyDevices(preferred: Preferred, spec: VmiSpec): void {
  spec.domain.devices ??= {};
  const { devices } = spec.domain;
  for (const [field, preference] of Object.entries(DEVICES)) fill(devices, field, preferred[preference]);
  // Not a pointer in KubeVirt: what the VM says is overridden.
  if (preferred.preferredDisableHotplug !== undefined) {
    devices.disableHotplug = preferred.preferredDisableHotplug;
  }
  const sound = devices.sound as { model?: string } | undefined;
  if (sound) fill(sound, 'model', preferred.preferredSoundModel);
  if (preferred.preferredVideoType !== undefined) {
    devices.video ??= {};
    fill(devices.video as object, 'type', preferred.preferredVideoType);
  }
  applyAutoattach({ devices: preferred }, spec);
  for (const disk of devices.disks ?? []) applyToDisk(preferred, disk);
  for (const nic of devices.interfaces ?? []) applyToInterface(preferred, nic, spec);
  applyToInputs(preferred, devices);
}

/** A disk without a target is one of kind `disk`. */
function applyToDisk(preferred: Preferred, disk: Disk): void {
  if (!disk.disk && !disk.cdrom && !disk.lun) disk.disk = {};
  if (disk.disk) {
    fill(disk.disk, 'bus', preferred.preferredDiskBus);
    fill(disk, 'blockSize', preferred.preferredDiskBlockSize);
    fill(disk, 'cache', preferred.preferredDiskCache);
    fill(disk, 'io', preferred.preferredDiskIO);
    if (disk.disk.bus === 'virtio') fill(disk, 'dedicatedIOThread', preferred.preferredDiskDedicatedIoThread);
  } else if (disk.cdrom) fill(disk.cdrom, 'bus', preferred.preferredCdromBus);
  else if (disk.lun) fill(disk.lun, 'bus', preferred.preferredLunBus);
}

const BINDINGS = ['binding', 'bridge', 'macvtap', 'masquerade', 'passt', 'passtBinding', 'slirp', 'sriov'];

function applyToInterface(preferred: Preferred, nic: Interface, { networks }: VmiSpec): void {
  fill(nic, 'model', preferred.preferredInterfaceModel);
  const onPodNetwork = networks?.find(({ name }) => name === nic.name)?.pod !== undefined;
  const isBound = BINDINGS.some((binding) => nic[binding] !== undefined);
  if (onPodNetwork && !isBound) fill(nic, 'masquerade', preferred.preferredInterfaceMasquerade);
}

function applyToInputs(preferred: Preferred, { inputs }: Devices): void {
  for (const input of (inputs ?? []) as object[]) {
    fill(input, 'bus', preferred.preferredInputBus);
    fill(input, 'type', preferred.preferredInputType);
  }
}

/** Features with the field of a domain that each fills. */
const FEATURES = { Apic: 'apic', Kvm: 'kvm', Pvspinlock: 'pvspinlock', Smm: 'smm' } as const;

function applyFeatures(preferred: NonNullable<PreferenceSpec['features']>, domain: Domain): void {
  const features: Record<string, unknown> = { ...(domain.features as object | undefined) };
  domain.features = features;
  // Not a pointer in KubeVirt: what the VM says is overridden.
  if (preferred.preferredAcpi !== undefined) features.acpi = preferred.preferredAcpi;
  for (const [name, field] of Object.entries(FEATURES)) {
    fill(features, field, preferred[`preferred${name}` as keyof typeof preferred]);
  }
  if (preferred.preferredHyperv) {
    features.hyperv = { ...preferred.preferredHyperv, ...(features.hyperv as object | undefined) };
  }
}

interface Bootloader {
  bios?: { useSerial?: boolean };
  efi?: { persistent?: boolean; secureBoot?: boolean };
}

function applyFirmware(preferred: NonNullable<PreferenceSpec['firmware']>, domain: Domain): void {
  const bootloader = structuredClone((domain.firmware?.bootloader ?? {}) as Bootloader);
  domain.firmware = { ...domain.firmware, bootloader };
  if (preferred.preferredUseBios && !bootloader.bios && !bootloader.efi) bootloader.bios = {};
  if (bootloader.bios) fill(bootloader.bios, 'useSerial', preferred.preferredUseBiosSerial);
  if (!bootloader.efi && !bootloader.bios && preferred.preferredEfi) {
    bootloader.efi = { ...preferred.preferredEfi };
    return;
  }
  if (preferred.preferredUseEfi && !bootloader.efi && !bootloader.bios) bootloader.efi = {};
  if (bootloader.efi) fill(bootloader.efi, 'secureBoot', preferred.preferredUseSecureBoot);
}

/** Sets a field that is missing or empty, if there is a preference for it. */
function fill(holder: object, field: string, preferred: unknown): void {
  const fields = holder as Record<string, unknown>;
  if (preferred === undefined || preferred === '') return;
  if (fields[field] === undefined || fields[field] === '') fields[field] = structuredClone(preferred);
}
