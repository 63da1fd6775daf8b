import type { VirtualMachine } from './resources';

/** What tells a clone from its source: never the source's own, never derived from a name. */
export interface Identity {
  /** SMBIOS UUID and serial, both v4-shaped. */
  firmware: { uuid: string; serial: string };
  /** By name of the interface. */
  macs: Record<string, string>;
}

/** `count` random bytes: from `node:crypto`, or the workflow's own randomness. */
export type RandomBytes = (count: number) => Uint8Array;

const MAC_ATTEMPTS = 100;

/**
 * A fresh identity for a clone of `source`: firmware UUID and serial, and one locally administered unicast MAC
 * an interface, unlike those in `takenMacs`, the source's and each other.
 *
 * KubeVirt derives a missing UUID from the name alone (watch/vm/firmware.go), and a missing MAC changes on every
 * start (KV #9993, #15028).
 */
export function newIdentity(
  source: VirtualMachine,
  random: RandomBytes,
  takenMacs: ReadonlySet<string> = new Set(),
): Identity {
  const interfaces = source.spec.template.spec.domain.devices?.interfaces ?? [];
  const taken = new Set([...takenMacs].map(normalMac));
  for (const { macAddress } of interfaces) if (macAddress) taken.add(normalMac(macAddress));
  const macs: Record<string, string> = {};
  for (const { name } of interfaces) {
    const mac = freeMac(random, taken);
    taken.add(mac);
    macs[name] = mac;
  }
  return { firmware: { uuid: uuid(random), serial: uuid(random) }, macs };
}

/** Lower case with colons, as KubeVirt compares them. */
export function normalMac(mac: string): string {
  return mac.toLowerCase().replaceAll('-', ':');
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
