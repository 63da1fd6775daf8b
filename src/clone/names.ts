/**
 * Longest name of a VM that still works everywhere: KubeVirt accepts longer ones and then fails to label the
 * pod with it (label values end at 63).
 */
export const MAX_NAME_LENGTH = 63;

/** DNS-1123 subdomain, which is what a VM's name must be. */
export const NAME_PATTERN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

export function isValidName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME_PATTERN.test(name);
}

/** `<source>-clone`, or the next free `-clone-2`, `-clone-3`, …; shortened where it would be too long. */
export function defaultCloneName(source: string, isTaken: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '-clone' : `-clone-${number}`;
    const name = trimEnd(source.slice(0, MAX_NAME_LENGTH - suffix.length)) + suffix;
    if (!isTaken(name)) return name;
  }
}

/**
 * Name of the DataVolume (and claim) that becomes a clone's disk: `<vm>-<disk>`, at most 63 characters, always
 * the same for the same pair.
 */
export function dataVolumeName(vm: string, disk: string): string {
  return joined(vm, disk);
}

/** Name of the clone's own copy of another object: no other clone's, for the clone's uid is in it. */
export function copyName(vm: string, what: string, cloneUid: string): string {
  return joined(vm, what, cloneUid.slice(0, 8));
}

/** At most 63 characters; what is longer is cut and ends in a hash of the whole. */
function joined(...parts: string[]): string {
  const name = parts.filter(Boolean).join('-');
  if (name.length <= MAX_NAME_LENGTH) return name;
  const hash = fnv1a(name);
  return `${trimEnd(name.slice(0, MAX_NAME_LENGTH - hash.length - 1))}-${hash}`;
}

/** A part of a DNS-1123 name must not end in a dash or a dot. */
function trimEnd(name: string): string {
  return name.replace(/[-.]+$/, '');
}

/** FNV-1a, 32 bits, as 8 hex digits: no secret, only unlike for unlike names. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
