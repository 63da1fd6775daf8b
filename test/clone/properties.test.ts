import fc from 'fast-check';
import { newIdentity, normalMac } from '../../src/clone/identity';
import { isValidName } from '../../src/clone/names';
import { type ClonePlan, type PlanFacts, planClone } from '../../src/clone/plan';
import { referencesOf } from '../../src/clone/references';
import type { VirtualMachine } from '../../src/clone/resources';
import { buildTarget } from '../../src/clone/target';
import { claimNamesOf } from '../../src/clone/volumes';
import { MARKS } from '../../src/contract';
import { frozen, mostlyCloneable, seededBytes, unclonable } from './generated';
import { writtenMac } from './generated-volumes';
import { targetRequest, withTemplateSpec } from './objects';

const RUNS = { numRuns: 300 };
const seeds = fc.integer();
/** Uid of another clone that is asked for at the same moment. */
const SECOND = '0f0f0f10-0000-4000-8000-00000000000b';

/** A clone as the workflow makes it of what nothing stands against. */
function made(facts: PlanFacts, random = seededBytes(1)) {
  const plan = planClone(facts);
  const source = facts.source as VirtualMachine;
  const identity = newIdentity(source, random, facts.otherMacs, facts.request.options);
  return { plan, ...buildTarget({ source, plan, request: targetRequest(facts.request), identity }) };
}

/** Checks a property of each clone that can be made; most can. */
function everyClone(check: (facts: PlanFacts, seed: number) => void): void {
  let drawn = 0;
  let cloneable = 0;
  fc.assert(
    fc.property(mostlyCloneable, seeds, (facts, seed) => {
      drawn += 1;
      if (planClone(facts).blockers.length > 0) return;
      cloneable += 1;
      check(facts, seed);
    }),
    RUNS,
  );
  expect(cloneable).toBeGreaterThan(drawn / 3);
}

const macsOf = ({ spec }: VirtualMachine) =>
  (spec.template.spec.domain.devices?.interfaces ?? [])
    .flatMap(({ macAddress }) => macAddress ?? [])
    .map(normalMac);
const numbersOf = ({ spec }: VirtualMachine) => {
  const { firmware, chassis } = spec.template.spec.domain;
  return [firmware?.uuid, firmware?.serial, (chassis as { serial?: string } | undefined)?.serial].filter(
    (text) => text !== undefined,
  );
};
const common = <T>(a: readonly T[], b: readonly T[]) => a.filter((element) => b.includes(element));

describe('a clone', () => {
  test('shares no MAC, UUID or serial with its source, another VM or a second clone', () =>
    everyClone((facts, seed) => {
      const random = seededBytes(seed);
      const [first, second] = [made(facts, random).vm, made(facts, random).vm];
      const source = facts.source as VirtualMachine;
      const macs = macsOf(first);
      expect(macs).toHaveLength(source.spec.template.spec.domain.devices?.interfaces?.length ?? 0);
      expect(new Set(macs).size).toBe(macs.length);
      expect(common(macs, [...macsOf(source), ...facts.otherMacs.map(normalMac), ...macsOf(second)])).toEqual(
        [],
      );
      expect(common(numbersOf(first), [...numbersOf(source), ...numbersOf(second)])).toEqual([]);
    }));

  test('has disks of its own, each a DataVolume that is made for it', () =>
    everyClone((facts) => {
      const { vm, dataVolumes, plan } = made(facts);
      const names = dataVolumes.map(({ metadata }) => metadata.name);
      expect(names.filter((name) => !isValidName(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
      expect(claimNamesOf(vm).sort()).toEqual([...names].sort());
      expect(plan.disks.map(({ dataVolume }) => dataVolume)).toEqual(names);
      expect(plan.disks.map(({ sourceClaim }) => sourceClaim)).toEqual(
        claimNamesOf(facts.source as VirtualMachine),
      );
      if (facts.request.target.namespace === facts.request.source.namespace) {
        expect(common(names, claimNamesOf(facts.source as VirtualMachine))).toEqual([]);
      }
    }));

  test('shares no disk and no copy of another object with a second one', () =>
    everyClone((facts) => {
      const { target } = facts.request;
      const second = { ...facts.request, target: { ...target, name: `${target.name}-2` }, cloneUid: SECOND };
      const namesOf = ({ disks, copies }: ClonePlan) => [
        ...disks.map(({ dataVolume }) => dataVolume),
        ...copies.map(({ kind, name }) => `${kind}/${name}`),
      ];
      expect(common(namesOf(planClone(facts)), namesOf(planClone({ ...facts, request: second })))).toEqual(
        [],
      );
    }));

  test('has a disk or file system for every volume, and a volume for each of these', () =>
    everyClone((facts) => {
      const { volumes = [], domain } = made(facts).vm.spec.template.spec;
      const shown = [...(domain.devices?.disks ?? []), ...(domain.devices?.filesystems ?? [])].map(
        ({ name }) => name,
      );
      expect(volumes.map(({ name }) => name).sort()).toEqual(shown.sort());
    }));

  test('inherits no mark of ours', () =>
    everyClone((facts) => {
      const { vm, dataVolumes } = made(facts);
      const request = targetRequest(facts.request);
      const { template } = vm.spec;
      expect([template.metadata?.labels, template.metadata?.annotations].flatMap(marks)).toEqual([]);
      for (const { metadata } of [vm, ...dataVolumes]) {
        expect(metadata.labels).toMatchObject({
          [MARKS.cloneUid]: request.cloneUid,
          [MARKS.installation]: request.installation,
        });
        expect(marks(metadata.labels)).toHaveLength(2);
        expect(metadata.annotations).toMatchObject({
          [MARKS.runId]: request.runId,
          [MARKS.source]: `shop/${request.source.name}`,
        });
      }
      const more = [MARKS.inProgress, ...(request.startAfterClone ? [MARKS.startStrategy] : [])];
      expect(marks(vm.metadata.annotations).sort()).toEqual(
        [MARKS.runId, MARKS.source, MARKS.workflowId, ...more].sort(),
      );
    }));

  test('names its own copies, each of something that is there', () =>
    everyClone((facts) => {
      const { vm, plan } = made(facts);
      const copied = plan.copies.map(({ kind, name }) => `${kind}/${name}`);
      expect(new Set(copied).size).toBe(copied.length);
      const named = referencesOf(vm.spec.template.spec).map(({ kind, name }) => `${kind}/${name}`);
      for (const type of [vm.spec.instancetype, vm.spec.preference]) {
        if (type?.revisionName) named.push(`ControllerRevision/${type.revisionName}`);
      }
      expect(copied.filter((name) => !named.includes(name))).toEqual([]);
      expect(plan.copies.filter(({ name }) => !isValidName(name))).toEqual([]);
      const there = [
        ...facts.revisions.map(({ metadata }) => `ControllerRevision/${metadata.name}`),
        ...facts.availableInSource.map(({ kind, name }) => `${kind}/${name}`),
      ];
      expect(
        plan.copies.map(({ kind, from }) => `${kind}/${from}`).filter((from) => !there.includes(from)),
      ).toEqual([]);
    }));

  test('is off', () =>
    everyClone((facts) => {
      const { spec } = made(facts).vm;
      expect(spec).not.toHaveProperty('running');
      expect(['Halted', 'Manual']).toContain(spec.runStrategy);
    }));
});

function marks(entries: Record<string, string> = {}): string[] {
  return Object.keys(entries).filter((key) => key.startsWith(MARKS.prefix));
}

describe('planning', () => {
  test('leaves its facts untouched, and builds the clone of a source that nothing can change', () => {
    fc.assert(
      fc.property(mostlyCloneable, (facts) => void made(frozen(facts))),
      RUNS,
    );
  });

  test('gives the same twice, but for the identity that is drawn', () =>
    everyClone((facts, seed) => {
      const random = seededBytes(seed);
      expect(planClone(facts)).toEqual(planClone(facts));
      const [first, second] = [made(facts, random), made(facts, random)].map(({ vm, dataVolumes }) => {
        const drawn = [...macsOf(vm), ...numbersOf(vm)];
        return JSON.stringify([vm, dataVolumes], (_key, value) => (drawn.includes(value) ? 'drawn' : value));
      });
      expect(second).toBe(first);
    }));

  test('says why, in a sentence, of every VM that can not be cloned', () => {
    fc.assert(
      fc.property(unclonable, (facts) => {
        const { blockers } = planClone(facts);
        expect(blockers.length).toBeGreaterThan(0);
        for (const { type, message } of blockers) {
          expect(type).toMatch(/^[A-Z][A-Za-z]+$/);
          expect(message).toMatch(/^.+\.$/);
        }
      }),
      RUNS,
    );
  });
});

test('a MAC is drawn until it is free, however few there are (kubevirt-rules, Identity)', () => {
  // Bytes of 0 and 1 make 32 MACs; at most 24 of these are in use at the end.
  const few = fc.uniqueArray(fc.integer({ min: 0, max: 31 }), { maxLength: 20 });
  const written = fc.record({ separator: fc.constantFrom(':', '-', '.'), capitals: fc.boolean() });
  const macOf = (number: number) => [2, ...[0, 1, 2, 3, 4].map((bit) => (number >> bit) & 1)];
  fc.assert(
    fc.property(
      few,
      written,
      fc.integer({ min: 1, max: 4 }),
      seeds,
      (taken, { separator, capitals }, count, seed) => {
        const random = seededBytes(seed);
        const [own, ...others] = taken.map((number) => writtenMac(macOf(number), separator, capitals));
        const interfaces = Array.from({ length: count }, (_, index) => ({
          name: `nic-${index}`,
          ...(index === 0 && own && { macAddress: own }),
        }));
        const source = withTemplateSpec({ domain: { devices: { interfaces } } });
        const macs = Object.values(
          newIdentity(source, (bytes) => random(bytes).map((byte) => byte & 1), others).macs,
        );
        const all = [...macs, ...taken.map((number) => writtenMac(macOf(number)))];
        expect(macs).toHaveLength(count);
        expect(new Set(all).size).toBe(all.length);
      },
    ),
    { numRuns: 500 },
  );
});
