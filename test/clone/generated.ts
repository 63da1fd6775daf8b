import fc from 'fast-check';
import { plannedDataVolumeNames } from '../../src/clone/disks';
import type { PlanFacts } from '../../src/clone/plan';
import { referencesOf } from '../../src/clone/references';
import type { ControllerRevision } from '../../src/clone/resources';
import { claimNamesOf } from '../../src/clone/volumes';
import { type Drawn, drawn, revisionName, sourceOf } from './generated-source';
import { forbidden, harmless, label, mac } from './generated-volumes';
import { CLONE_UID, claim, facts, INSTALLATION, type Patch, vmi } from './objects';

const edits = (own: string) =>
  fc.dictionary(fc.constantFrom('team', 'tier', 'app', own), fc.option(fc.constantFrom('a', 'b')), {
    maxKeys: 3,
  });

const options = fc.record(
  {
    storageClass: fc.constantFrom('fast', 'other'),
    persistentState: fc.constantFrom('refuse', 'empty'),
    copySecrets: fc.boolean(),
    labels: edits('environment'),
    annotations: edits('purpose'),
  },
  { requiredKeys: [] },
);

const circumstances = fc.record({
  options,
  elsewhere: fc.boolean(),
  target: label(40),
  startAfterClone: fc.boolean(),
  running: fc.constantFrom('Running', 'Succeeded', undefined),
  otherMacs: fc.array(mac, { maxLength: 5 }),
  strategy: fc.constantFrom('csi-clone', 'snapshot', 'copy'),
  /** Whether what the VM names is there. */
  available: fc.boolean(),
});

/** All that is known of a generated VM that is to be cloned. */
function factsOf(
  given: Drawn,
  around: typeof circumstances extends fc.Arbitrary<infer T> ? T : never,
): PlanFacts {
  const source = sourceOf(given);
  const request: PlanFacts['request'] = {
    source: { namespace: 'shop', name: given.name },
    target: { namespace: around.elsewhere ? 'lab' : 'shop', name: around.target },
    startAfterClone: around.startAfterClone,
    cloneUid: CLONE_UID,
    options: around.options as PlanFacts['request']['options'],
  };
  const names = referencesOf(source.spec.template.spec).map(({ kind, name }) => ({ kind, name }));
  const planned = new Set(plannedDataVolumeNames(source, around.target));
  const sourceClaims = [...new Set(claimNamesOf(source))].map((name) => claim(name));
  return facts({
    request,
    source,
    vmi: around.running
      ? vmi({
          metadata: { name: given.name },
          spec: source.spec.template.spec as Patch,
          status: { phase: around.running },
        })
      : undefined,
    sourceClaims,
    pods: [],
    storageProfiles: ['fast', 'other'].map((name) => ({
      metadata: { name },
      status: { cloneStrategy: around.strategy },
    })),
    storageClasses: ['fast', 'other'].map((name) => ({
      metadata: { name },
      provisioner: 'csi.example',
      volumeBindingMode: 'Immediate',
    })),
    targetClaims: around.elsewhere ? [] : sourceClaims.filter(({ metadata }) => planned.has(metadata.name)),
    installation: INSTALLATION,
    otherMacs: around.otherMacs,
    quotas: [],
    services: [],
    revisions: ['instancetype', 'preference'].map(
      (what): ControllerRevision => ({
        metadata: { name: revisionName(what), namespace: 'shop' },
        revision: 0,
        data: { spec: {} },
      }),
    ),
    availableInTarget: around.available ? names : [],
    availableInSource: names,
  });
}

/** VMs of every kind that can be cloned, and what is around them; now and then something else stands against it. */
export const mostlyCloneable: fc.Arbitrary<PlanFacts> = fc
  .tuple(drawn(harmless), circumstances)
  .map(([given, around]) => factsOf(given, around));

/** The same with a volume that no clone can be made with. */
export const unclonable: fc.Arbitrary<PlanFacts> = fc
  .tuple(drawn(harmless), label(), forbidden, circumstances)
  .map(([given, name, volume, around]) => {
    const others = given.volumes.filter((other) => other.name !== name);
    return factsOf({ ...given, volumes: [...others, { ...volume, name }] }, around);
  });

/** mulberry32, as bytes: the same for the same seed. */
export function seededBytes(seed: number): (count: number) => Uint8Array {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 8) & 0xff;
  };
  return (count) => Uint8Array.from({ length: count }, next);
}

/** Nothing in it can be changed from here on. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}
