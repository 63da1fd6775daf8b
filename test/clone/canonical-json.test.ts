import { canonicalJson } from '../../src/clone/canonical-json';

test.each<[string, unknown, unknown, boolean]>([
  ['the order of keys does not count', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
  ['neither within a list', [{ a: 1, b: 2 }], [{ b: 2, a: 1 }], true],
  ['the order of a list does', [1, 2], [2, 1], false],
  ['what is undefined is not there', { a: undefined }, {}, true],
  ['null is', { a: null }, {}, false],
  ['a list is no object', ['x'], { 0: 'x' }, false],
])('%s', (_, a, b, same) => {
  expect(canonicalJson(a) === canonicalJson(b)).toBe(same);
});
