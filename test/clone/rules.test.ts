import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COPYING } from './rules/copying';
import { DISKS } from './rules/disks';
import { IDENTITY } from './rules/identity';
import { POWER } from './rules/power';
import { expectTests, type Rule } from './rules/rule';
import { TYPES } from './rules/types';
import { AUTHORISATION, COMPLAINTS, LATER } from './rules/users';
import { VOLUMES } from './rules/volumes';

const root = join(__dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** By section of docs/kubevirt-rules.md. */
const SECTIONS: [string, readonly Rule[]][] = [
  ['Identity', IDENTITY],
  ['Volumes, by kind', [...VOLUMES, ...TYPES]],
  ['Power', POWER],
  ['DataVolumes', [...COPYING, ...DISKS]],
  ['Authorisation', AUTHORISATION],
  ['What users complain of, and what we do', COMPLAINTS],
];

describe.each(SECTIONS)('%s', (_section, rules) => {
  test.each(rules)('$rule $what', (rule) => {
    expect.hasAssertions();
    if ('check' in rule) rule.check();
    else expectTests(...rule.shownBy);
  });
});

/** Numbers of the rows of a document's tables. */
const numbersIn = (file: string) =>
  [...read(file).matchAll(/^\| (\d+[a-z]?) \|/gm)].map(([, number]) => number);

describe('the documents', () => {
  const rules = numbersIn('docs/kubevirt-rules.md');
  const observed = numbersIn('docs/kubevirt-observed.md');

  test('have exactly the rules of these tables, each once', () => {
    const here = [...SECTIONS.flatMap(([, table]) => table), ...LATER].map(({ rule }) => rule);
    expect([...rules].sort()).toEqual([...here].sort());
    expect(new Set(rules).size).toBe(rules.length);
    expect(new Set(observed).size).toBe(observed.length);
  });

  test.each(LATER)('say of $rule that it is not done yet', ({ rule }) =>
    expect(read('docs/kubevirt-rules.md')).toMatch(new RegExp(`^\\| ${rule} \\|.*Not yet`, 'm')),
  );

  test.each(['docs/kubevirt-rules.md', 'docs/kubevirt-observed.md'])(
    '%s names files that there are',
    (file) => {
      const named = [...read(file).matchAll(/`((?:src|test|simulator)\/[\w./-]+)`/g)].map(
        ([, path]) => path as string,
      );
      expect(named.length).toBeGreaterThan(10);
      expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    },
  );

  test('have every rule and observation that is cited', () => {
    const files = ['src', 'test', 'simulator'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, file)),
    );
    const cited = files.flatMap((file) => citationsIn(read(file)).map((cite) => ({ file, ...cite })));
    expect(cited.length).toBeGreaterThan(40);
    const lacks = (numbers: (string | undefined)[], from: number, to: number) =>
      !numbers.some(
        (number) =>
          Number.parseInt(number as string, 10) >= from && Number.parseInt(number as string, 10) <= to,
      );
    expect(
      cited.filter(({ what, from, to }) => lacks(what === 'rules' ? rules : observed, from, to)),
    ).toEqual([]);
  });
});

/** "rules 44", "observed 13", "rules 31-33", "rules 25, 27, 32". */
function citationsIn(text: string): { what: string; from: number; to: number }[] {
  return [...text.matchAll(/\b(rules|observed) (\d+(?:[a-z]|-\d+)?(?:, \d+(?:[a-z]|-\d+)?)*)/g)].flatMap(
    ([, what, list]) =>
      (list as string).split(', ').map((each) => {
        const [from, to = from] = each.split('-').map((part) => Number.parseInt(part, 10));
        return { what: what as string, from: from as number, to: to as number };
      }),
  );
}
