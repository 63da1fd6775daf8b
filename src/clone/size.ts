import { parseQuantity } from './quantity';
import type { Domain } from './resources';

/** What a VM computes with, as its spec says. */
export interface VmSize {
  /** Virtual CPUs, all sockets together. */
  cpus: number;
  /** The number of CPUs of one socket: `cpus` is a multiple of it. */
  cpusPerSocket: number;
  /** Such as `2Gi`; null where the spec says none. */
  memory: string | null;
  /** The instancetype that decides on both: they can't be changed here. */
  instancetype?: string;
}

type Size = Omit<VmSize, 'instancetype'>;

/**
 * The size that a guest of this domain gets. A topology counts what it leaves out as 1; without any, the limit of
 * CPU and then the request make that many sockets (KubeVirt pkg/defaults, SetDefaultGuestCPUTopology). Memory is the
 * guest's, else what is requested, else the limit (setGuestMemory).
 */
export function sizeOf({ cpu, memory, resources }: Domain): Size {
  const { requests, limits } = resources ?? {};
  const saysMemory = [memory?.guest, requests?.memory, limits?.memory].find((text) => parseQuantity(text));
  const size = { cpusPerSocket: (cpu?.cores || 1) * (cpu?.threads || 1), memory: asText(saysMemory) };
  if (hasTopology(cpu)) return { ...size, cpus: size.cpusPerSocket * (cpu?.sockets || 1) };
  const cpus = Math.ceil(parseQuantity(limits?.cpu ?? requests?.cpu) ?? 1);
  return { ...size, cpus: Math.max(1, cpus) };
}

export function hasTopology(cpu: Domain['cpu']): boolean {
  return Boolean(cpu?.cores || cpu?.sockets || cpu?.threads);
}

/** A quantity may stand in a spec as a number. */
function asText(quantity: string | number | undefined): string | null {
  return quantity === undefined ? null : String(quantity);
}
