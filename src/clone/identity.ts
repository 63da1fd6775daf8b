import type { CloneOptions } from '../contract';
import type { VirtualMachine, VirtualMachineInstance } from './resources';

/** What tells a clone from its source: never the source's own, never derived from a name. */
export interface Identity {
  /** SMBIOS UUID and serial, both v4-shaped. */
  firmware: { uuid: string; serial: string };
  /** By name of the interface. */
  macs: Record<string, string>;
}

/** `count` random bytes: from `node:crypto`, or the workflow's own randomness. */
export type RandomBytes = (count: number) => Uint8Array;

type MacOptions = Pick<CloneOptions, 'macAddresses'>;

const MAC_ATTEMPTS = 100;

/**
 * A fresh identity for a clone of `source`: firmware UUID and serial, and one locally administered unicast MAC
 * an interface, unlike those in `takenMacs`, the source's and each other. MACs that are to be kept stay; an
 * interface without one gets one all the same.
 *
 * KubeVirt derives a missing UUID from the name alone (watch/vm/firmware.go), and a missing MAC changes on every
 * start (KV #9993, #15028).
 */
export function newIdentity(
  source: VirtualMachine,
  random: RandomBytes,
  takenMacs: Iterable<string> = [],
  options: MacOptions = {},
): Identity {
  const interfaces = source.spec.template.spec.domain.devices?.interfaces ?? [];
  const taken = new Set([...takenMacs].map(normalMac));
  for (const { macAddress } of interfaces) if (macAddress) taken.add(normalMac(macAddress));
  const macs = renewed(source, options).map((name) => {
    const mac = freeMac(random, taken);
    taken.add(mac);
    return [name, mac] as const;
  });
  return { firmware: { uuid: uuid(random), serial: uuid(random) }, macs: Object.fromEntries(macs) };
}

/** What stands for an identity in a plan, which draws none: it tells the fields alone. */
export function undrawnIdentity(source: VirtualMachine, options: MacOptions): Identity {
  const macs = Object.fromEntries(renewed(source, options).map((name) => [name, UNDRAWN]));
  return { firmware: { uuid: UNDRAWN, serial: UNDRAWN }, macs };
}

const UNDRAWN = 'new';

/** Names of the interfaces that get another MAC. */
function renewed(source: VirtualMachine, { macAddresses }: MacOptions): string[] {
  return (source.spec.template.spec.domain.devices?.interfaces ?? [])
    .filter(({ macAddress }) => macAddresses !== 'keep' || !macAddress)
    .map(({ name }) => name);
}

/** The MACs of these VMs, as they are set, and as they are in use by their instances. */
export function macsOf(
  vms: readonly VirtualMachine[],
  instances: readonly VirtualMachineInstance[],
): string[] {
  const set = [...vms.map(({ spec }) => spec.template.spec), ...instances.map(({ spec }) => spec)]
    .flatMap((spec) => spec?.domain?.devices?.interfaces ?? [])
    .map(({ macAddress }) => macAddress);
  const used = instances.flatMap(({ status }) => status?.interfaces ?? []).map(({ mac }) => mac);
  return [...set, ...used].filter((mac) => mac !== undefined);
}

/** The same for the same address, however it is written: pairs by colon or dash, or fours by dot (Go's net.ParseMAC). */
export function normalMac(mac: string): string {
  return (
    mac
      .toLowerCase()
      .replaceAll(/[^0-9a-f]/g, '')
      .match(/../g) ?? []
  ).join(':');
}

function freeMac(random: RandomBytes, taken: ReadonlySet<string>): string {
  for (let attempt = 0; attempt < MAC_ATTEMPTS; attempt += 1) {
    const [first = 0, ...rest] = random(6);
    // Bit 0 clear: unicast; bit 1 set: locally administered (IEEE 802).
    const mac = [(first & 0xfc) | 0x02, ...rest].map(hex).join(':');
    if (!taken.has(mac)) return mac;
  }
  throw new Error(`No free MAC address in ${MAC_ATTEMPTS} attempts`);
}

function uuid(random: RandomBytes): string {
  const bytes = [...random(16)];
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const digits = bytes.map(hex).join('');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
