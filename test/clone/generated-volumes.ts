import fc from 'fast-check';
import type { Volume } from '../../src/clone/resources';
import type { Patch } from './objects';

const ALNUM = [...'abcdefghijklmnopqrstuvwxyz0123456789'];

/** A DNS-1123 label: mostly short, now and then as long as it may be. */
export function label(max = 63): fc.Arbitrary<string> {
  const inner = (length: fc.StringConstraints) =>
    fc.string({ unit: fc.constantFrom(...ALNUM, '-'), ...length });
  const end = fc.constantFrom(...ALNUM);
  const between = fc.oneof(
    { weight: 4, arbitrary: inner({ maxLength: 6 }) },
    { weight: 1, arbitrary: inner({ minLength: max - 2, maxLength: max - 2 }) },
  );
  return fc.tuple(end, between, end).map((parts) => parts.join(''));
}

/** A DNS-1123 subdomain of at most 253 characters. */
export const subdomain = fc.array(label(), { minLength: 1, maxLength: 4 }).map((labels) =>
  labels
    .join('.')
    .slice(0, 253)
    .replace(/[-.]+$/, ''),
);

/** Names of which some differ in a dot or a dash alone. */
export const objectName = fc.constantFrom(
  'creds',
  'creds.v1',
  'creds-v1',
  'keys',
  'instancetype',
  'x'.repeat(63),
);

/** Every way in which a MAC may be written. */
export const mac = fc
  .tuple(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.constantFrom(':', '-', '.'), fc.boolean())
  .map(([bytes, separator, capitals]) => writtenMac([...bytes], separator, capitals));

export function writtenMac(bytes: readonly number[], separator = ':', capitals = false): string {
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const groups = digits.match(separator === '.' ? /..../g : /../g) as string[];
  const text = groups.join(separator);
  return capitals ? text.toUpperCase() : text;
}

/** A volume without its name, how the guest sees it, and whether it stands against a clone. */
export interface Attached {
  source: Omit<Volume, 'name'>;
  shown: 'disk' | 'filesystem' | 'nothing';
  disk: Patch;
}

const disk = fc.constantFrom<Patch>(
  { disk: { bus: 'virtio' } },
  { disk: { bus: 'scsi' }, serial: 'S1' },
  { cdrom: { bus: 'sata' } },
  { lun: {} },
  { disk: {}, bootOrder: 2 },
);

const claimVolume: fc.Arbitrary<Omit<Volume, 'name'>> = fc
  .tuple(subdomain, fc.constantFrom('dataVolume', 'claim', 'readOnly'), fc.boolean())
  .map(([name, kind, hotpluggable]) => {
    const more = { ...(hotpluggable && { hotpluggable }) };
    if (kind === 'dataVolume') return { dataVolume: { name, ...more } };
    return {
      persistentVolumeClaim: { claimName: name, ...(kind === 'readOnly' && { readOnly: true }), ...more },
    };
  });

const reference = fc.record({ name: objectName });
const otherVolume: fc.Arbitrary<Omit<Volume, 'name'>> = fc.oneof(
  fc.constant({ cloudInitNoCloud: { userData: '#cloud-config\n' } }),
  fc
    .record({ secretRef: reference, networkDataSecretRef: reference })
    .map((cloudInitNoCloud) => ({ cloudInitNoCloud })),
  fc.record({ secretRef: reference }).map((cloudInitConfigDrive) => ({ cloudInitConfigDrive })),
  fc.record({ secret: reference }).map((sysprep) => ({ sysprep })),
  fc.record({ configMap: reference }).map((sysprep) => ({ sysprep })),
  fc.record({ secretName: objectName, optional: fc.boolean() }).map((secret) => ({ secret })),
  fc.record({ name: objectName, optional: fc.boolean() }).map((configMap) => ({ configMap })),
  fc
    .record({ image: fc.constant('registry.example.com/i:1'), imagePullSecret: objectName })
    .map((containerDisk) => ({ containerDisk })),
  fc.constantFrom(
    { emptyDisk: { capacity: '1Gi' } },
    { downwardAPI: { fields: [] } },
    { downwardMetrics: {} },
  ),
  fc
    .record({ serviceAccountName: fc.constantFrom('default', 'robot') })
    .map((serviceAccount) => ({ serviceAccount })),
);

/** What a clone can have, in one way or another. */
export const harmless: fc.Arbitrary<Attached> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ source: claimVolume, shown: fc.constantFrom('disk', 'disk', 'filesystem'), disk }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ source: otherVolume, shown: fc.constantFrom('disk', 'filesystem'), disk }),
  },
  {
    weight: 1,
    arbitrary: subdomain.map((claimName) => ({
      source: { memoryDump: { claimName } },
      shown: 'nothing' as const,
      disk: {},
    })),
  },
);

/** What no clone can be made with. */
export const forbidden: fc.Arbitrary<Attached> = fc.oneof(
  fc
    .constantFrom<Omit<Volume, 'name'>>(
      { ephemeral: { persistentVolumeClaim: { claimName: 'image' } } },
      { hostDisk: { path: '/disk.img', type: 'Disk' } },
      { containerPath: { path: '/share' } },
      { laterKind: {} },
    )
    .map((source) => ({ source, shown: 'disk' as const, disk: { disk: {} } })),
  fc.record({
    source: claimVolume,
    shown: fc.constant('disk' as const),
    disk: fc.constantFrom({ disk: {}, shareable: true }, { lun: { reservation: true } }),
  }),
);
