import { newIdentity } from '../../src/clone/identity';
import { planClone } from '../../src/clone/plan';
import { buildTarget } from '../../src/clone/target';
import { counting, facts, targetRequest, vm, withTemplateSpec } from './objects';

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);

/** mulberry32: the same bytes for the same seed. */
function randomBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) & 0xff;
  });
}
let state = seed;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const twoNics = withTemplateSpec({
  domain: { devices: { interfaces: [{ name: 'a' }, { name: 'b', macAddress: '0A-0B-0C-0D-0E-0F' }] } },
});

describe(`a fresh identity (kubevirt-rules, Identity; seed ${seed})`, () => {
  test('13 firmware UUID and serial are random, v4-shaped and unlike', () => {
    const { firmware } = newIdentity(vm(), randomBytes);
    expect(firmware.uuid).toMatch(UUID);
    expect(firmware.serial).toMatch(UUID);
    expect(firmware.uuid).not.toBe(firmware.serial);
  });

  test.each(['constructor', '__proto__'])('15 an interface may be named %s', (name) => {
    const interfaces = [{ name, macAddress: '02:00:00:00:00:01' }];
    const source = withTemplateSpec({ domain: { devices: { interfaces } } });
    const { macs } = newIdentity(source, randomBytes);
    expect(Object.entries(macs)).toEqual([[name, expect.stringMatching(/^[0-9a-f:]{17}$/)]]);
    const kept = newIdentity(source, randomBytes, [], { macAddresses: 'keep' });
    const plan = planClone(facts({ source }));
    const built = (identity: typeof kept) =>
      buildTarget({ source, plan, request: targetRequest(), identity }).vm.spec.template.spec.domain.devices
        ?.interfaces?.[0]?.macAddress;
    expect(built(kept)).toBe('02:00:00:00:00:01');
    expect(built({ ...kept, macs })).toBe(Object.entries(macs)[0]?.[1]);
  });

  test('15 every interface gets a MAC of its own, locally administered and unicast', () => {
    for (let round = 0; round < 200; round += 1) {
      const { macs } = newIdentity(twoNics, randomBytes);
      expect(Object.keys(macs)).toEqual(['a', 'b']);
      for (const mac of Object.values(macs)) {
        expect(mac).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
        expect(Number.parseInt(mac.slice(0, 2), 16) & 0b11).toBe(0b10);
      }
      expect(macs.a).not.toBe(macs.b);
    }
  });

  test('is decided by the randomness alone', () =>
    expect(newIdentity(twoNics, counting())).toEqual(newIdentity(twoNics, counting())));

  test.each([
    ['taken elsewhere', vm(), 'AA-AA-AA-AA-AA-AA'],
    [
      "the source's own",
      withTemplateSpec({
        domain: { devices: { interfaces: [{ name: 'default', macAddress: 'AA:AA:aa:aa:aa:aa' }] } },
      }),
      undefined,
    ],
  ])('15 a MAC that is %s is drawn again', (_what, source, taken) => {
    let draws = 0;
    const random = (count: number) => new Uint8Array(count).fill(count === 6 && draws++ === 0 ? 0xaa : 0xbb);
    const { macs } = newIdentity(source, random, new Set(taken ? [taken] : []));
    expect(macs.default).toBe('ba:bb:bb:bb:bb:bb');
  });

  test('15 two interfaces never get the same one', () => {
    let draws = 0;
    const random = (count: number) => new Uint8Array(count).fill(count === 6 && draws++ < 2 ? 0xaa : 0xbb);
    expect(newIdentity(twoNics, random).macs).toEqual({ a: 'aa:aa:aa:aa:aa:aa', b: 'ba:bb:bb:bb:bb:bb' });
  });

  test('randomness that never ends in a free MAC is an error, not an endless loop', () => {
    const constant = (count: number) => new Uint8Array(count);
    expect(() => newIdentity(vm(), constant, new Set(['02:00:00:00:00:00']))).toThrow('No free MAC');
  });

  test('a VM without interfaces', () =>
    expect(newIdentity(withTemplateSpec({ domain: { devices: undefined } }), counting()).macs).toEqual({}));
});
