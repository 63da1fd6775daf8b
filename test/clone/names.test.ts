import fc from 'fast-check';
import { dataVolumeName, defaultCloneName, isValidName, MAX_NAME_LENGTH } from '../../src/clone/names';

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);

describe(`names (seed ${seed})`, () => {
  test.each([
    ['db', true],
    ['db-1.prod', true],
    ['a'.repeat(63), true],
    // observed 43: KubeVirt's webhooks accept it, and it does not run
    ['a'.repeat(64), false],
    ['', false],
    ['Db', false],
    ['-db', false],
    ['db-', false],
    ['db.', false],
    ['db..x', false],
    ['db_x', false],
  ])('"%s" valid: %p', (name, valid) => expect(isValidName(name)).toBe(valid));

  test.each([
    // console.md, The modal: `<source>-clone`; if taken, the next free `-clone-2`
    ['db', [], 'db-clone'],
    ['db', ['db-clone'], 'db-clone-2'],
    ['db', ['db-clone', 'db-clone-2', 'db-clone-4'], 'db-clone-3'],
    ['a'.repeat(63), [], `${'a'.repeat(57)}-clone`],
    [`${'a'.repeat(56)}.b`, [], `${'a'.repeat(56)}-clone`],
  ])('default of %s when %j are taken: %s', (source, taken, expected) =>
    expect(defaultCloneName(source, (name) => taken.includes(name))).toBe(expected),
  );

  test.each([
    // rules 22: `<vm>-<disk>`, at most 63, deterministic
    ['db-clone', 'root', 'db-clone-root'],
    ['a'.repeat(58), 'root', `${'a'.repeat(58)}-root`],
  ])('disk %s %s', (name, disk, expected) => expect(dataVolumeName(name, disk)).toBe(expected));

  test('a cut disk name is valid, and differs for disks that differ only at the end', () => {
    const name = 'a'.repeat(60);
    const names = ['root', 'roof', 'rooms'].map((disk) => dataVolumeName(name, disk));
    expect(new Set(names).size).toBe(3);
    expect(names.every(isValidName)).toBe(true);
  });

  test('any pair gives a valid name, always the same', () => {
    fc.assert(
      fc.property(label, label, (name, disk) => {
        const made = dataVolumeName(name, disk);
        return made.length <= MAX_NAME_LENGTH && isValidName(made) && made === dataVolumeName(name, disk);
      }),
      { seed },
    );
  });

  test('any source gives a valid default name', () => {
    fc.assert(
      fc.property(label, fc.nat(20), (source, taken) => {
        let asked = 0;
        return isValidName(defaultCloneName(source, () => asked++ < taken));
      }),
      { seed },
    );
  });
});
