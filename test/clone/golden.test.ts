import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CASES, EXPECTED_CASES, expectedFile, outcomeOf, readCase, toYaml } from './golden-cases';

const isUpdate = process.env.UPDATE_GOLDEN === '1' && !process.env.CI;

/**
 * Source VMs as clusters have them, and what cloning each gives. A change of what it gives is to be read, by eye,
 * against kubevirt-rules: `UPDATE_GOLDEN=1` writes the expected files anew, and the diff is the review.
 */
describe('golden files', () => {
  test.each(CASES)('%s', (name) => {
    const actual = toYaml(outcomeOf(readCase(name)));
    if (isUpdate) writeFileSync(expectedFile(name), actual);
    const expected = existsSync(expectedFile(name)) ? readFileSync(expectedFile(name), 'utf8') : '';
    expect(actual).toBe(expected);
  });

  test('no outcome is left of a case that is gone', () =>
    expect(EXPECTED_CASES.filter((name) => !CASES.includes(name))).toEqual([]));

  test('each says what is special about it', () => {
    for (const name of CASES) expect(readCase(name).about).toMatch(/^[A-Z].*\.$/);
  });

  test('there are enough of them', () => expect(CASES.length).toBeGreaterThanOrEqual(30));
});
