import { createHash } from 'node:crypto';
import { canonicalJson } from '../clone/canonical-json';
import { descriptionOf, domainOf, EDITED_PARTS, type EditedPart, editedParts } from '../clone/edit';
import { isFinal } from '../clone/power';
import type { VirtualMachine, VirtualMachineInstance } from '../clone/resources';
import { recordedRevision, recordedSpec } from '../clone/revisions';
import { sizeOf, type VmSize } from '../clone/size';
import type { VmRow } from '../clone/status';
import { type ClusterClient, Kinds } from '../kubernetes';
import type { VmDetail } from './answers';

interface Seen {
  vm: VirtualMachine;
  vmi?: VirtualMachineInstance;
  row: VmRow;
}

/** One VM with what can be edited of it. The cluster is asked only for the size that an instancetype gives. */
export async function detailOf(cluster: ClusterClient, { vm, vmi, row }: Seen): Promise<VmDetail> {
  const size = vm.spec.instancetype ? await sizeByInstancetype(cluster, vm, vmi) : sizeOf(domainOf(vm));
  return { ...row, description: descriptionOf(vm), size, version: versionOf(vm) };
}

const DIGITS = 8;

/** A short hash of each edited part, so that a later one tells which of them have changed. */
export function versionOf(vm: VirtualMachine): string {
  const parts = editedParts(vm);
  return EDITED_PARTS.map((part) => hash(parts[part])).join('-');
}

/** The parts that are not as they were at `version`. */
export function changedSince(version: string, vm: VirtualMachine): EditedPart[] {
  const then = version.split('-');
  const now = versionOf(vm).split('-');
  return EDITED_PARTS.filter((_part, index) => then[index] !== now[index]);
}

function hash(value: unknown): string {
  const text = canonicalJson(value ?? null);
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
}

/** What runs knows its size; what is off will get the one that its revision holds. */
async function sizeByInstancetype(
  cluster: ClusterClient,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
): Promise<VmSize> {
  const instancetype = vm.spec.instancetype?.name ?? '';
  if (vmi?.spec?.domain && !isFinal(vmi)) return { ...sizeOf(vmi.spec.domain), instancetype };
  const name = recordedRevision(vm, 'instancetype');
  const { namespace } = vm.metadata;
  const revision = name ? await cluster.get(Kinds.ControllerRevision, { namespace, name }) : undefined;
  const spec = recordedSpec(vm, 'instancetype', revision ? [revision] : []);
  const domain = { cpu: { sockets: spec?.cpu?.guest }, memory: { guest: spec?.memory?.guest } };
  return { ...sizeOf(domain), instancetype };
}
