import type { CopyMethod } from '../contract';
import type { PlanDisk } from './disks';
import type { PlanFacts } from './plan';
import { formatBytes, parseBytes } from './quantity';
import type { Domain, Interface, TypedSpecs, VirtualMachine, VirtualMachineInstance } from './resources';
import { recordedSpec } from './revisions';
import { sizeOf } from './size';

/** A source's configuration as the clone dialogue shows it, read-only. Null where nobody says. */
export interface Configuration {
  os: string | null;
  /** "Large – 2 CPU, 16 GiB memory"; with the instancetype's name in front where there is one. */
  flavor: string;
  workload: string | null;
  /** "nic1 – VirtIO – 02:00:00:00:00:01" each. */
  nics: string[];
  /** "disk1 (Bootable) – 50 GiB – fast – CSI clone" each. */
  disks: string[];
}

/** How a copy is made, in words. */
export const METHOD_NAMES: Readonly<Record<CopyMethod, string>> = {
  'csi-clone': 'CSI clone',
  snapshot: 'clone of a snapshot',
  copy: 'copied over the network',
};

const SEPARATOR = ' – ';

/**
 * What the VM's marks (those of OpenShift's templates and of common-templates), its spec and its guest agent
 * tell.
 */
export function describeConfiguration(
  vm: VirtualMachine,
  { vmi, revisions }: Pick<PlanFacts, 'vmi' | 'revisions'>,
  disks: readonly PlanDisk[],
): Configuration {
  return {
    os: operatingSystem(vm, vmi),
    flavor: flavor(vm, vmi, revisions),
    workload: mark(vm, 'workload'),
    nics: (vm.spec.template.spec.domain.devices?.interfaces ?? []).map((nic) => describeNic(nic, vmi)),
    disks: describeDisks(vm, disks),
  };
}

function operatingSystem(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): string | null {
  const guest = vmi?.status?.guestOSInfo;
  return guest?.prettyName || mark(vm, 'os') || vm.spec.preference?.name || null;
}

function flavor(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  revisions: PlanFacts['revisions'],
): string {
  const { instancetype, template } = vm.spec;
  const name = instancetype?.name ?? capitalised(mark(vm, 'flavor'));
  // With an instancetype the VM's own spec says neither CPU nor memory; the VMI's does, and so does the revision.
  const domain = instancetype
    ? (vmi?.spec?.domain ?? typedDomain(recordedSpec(vm, 'instancetype', revisions)))
    : template.spec.domain;
  return [name, domain && describeSize(domain)].filter(Boolean).join(SEPARATOR) || 'unknown';
}

/** As KubeVirt makes it of an instancetype: by default each virtual CPU is a socket. */
function typedDomain(spec: TypedSpecs['instancetype'] | undefined): Domain | undefined {
  return spec && { cpu: { sockets: spec.cpu?.guest }, memory: { guest: spec.memory?.guest } };
}

function describeSize(domain: Domain): string {
  const { cpus, memory } = sizeOf(domain);
  const bytes = parseBytes(memory ?? undefined);
  return `${cpus} CPU${bytes === undefined ? '' : `, ${formatBytes(bytes)} memory`}`;
}

function describeNic(nic: Interface, vmi: VirtualMachineInstance | undefined): string {
  const model = nic.model ?? 'virtio';
  const mac =
    nic.macAddress ?? vmi?.status?.interfaces?.find(({ name }) => name === nic.name)?.mac ?? 'no fixed MAC';
  return [nic.name, model === 'virtio' ? 'VirtIO' : model, mac].join(SEPARATOR);
}

function describeDisks(vm: VirtualMachine, disks: readonly PlanDisk[]): string[] {
  const bootable = bootDisk(vm);
  return disks.map(({ name, bytes, storageClass, method }) =>
    [
      name === bootable ? `${name} (Bootable)` : name,
      formatBytes(bytes),
      storageClass,
      METHOD_NAMES[method],
    ].join(SEPARATOR),
  );
}

/** The disk that the VM boots from: the lowest boot order, else the first one. */
function bootDisk(vm: VirtualMachine): string | undefined {
  const disks = vm.spec.template.spec.domain.devices?.disks ?? [];
  const ordered = disks.filter(({ bootOrder }) => bootOrder !== undefined);
  ordered.sort((a, b) => (a.bootOrder as number) - (b.bootOrder as number));
  return (ordered[0] ?? disks[0])?.name;
}

/** `vm.kubevirt.io/<what>` on template or VM, else the key of the label `<what>.template.kubevirt.io/<value>`. */
function mark(vm: VirtualMachine, what: 'os' | 'flavor' | 'workload'): string | null {
  for (const metadata of [vm.spec.template.metadata, vm.metadata]) {
    const value =
      metadata?.annotations?.[`vm.kubevirt.io/${what}`] || metadata?.labels?.[`vm.kubevirt.io/${what}`];
    if (value) return value;
  }
  const prefix = `${what}.template.kubevirt.io/`;
  for (const metadata of [vm.metadata, vm.spec.template.metadata]) {
    const key = Object.keys(metadata?.labels ?? {}).find((label) => label.startsWith(prefix));
    if (key) return key.slice(prefix.length);
  }
  return null;
}

function capitalised(text: string | null): string | null {
  return text && text.charAt(0).toUpperCase() + text.slice(1);
}
