import fc from 'fast-check';
import { deepEqual, deepFreeze, isObject } from '../../../simulator/apiserver/object';
import { applyJsonPatch, applyMergePatch } from '../../../simulator/apiserver/patches';

const key = fc.constantFrom('a', 'b', 'c/d', 'e~f', '');
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ max: 3 }),
    fc.constantFrom('x', 'y', true),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
})).object;

describe('random documents (fast-check prints the seed of a failure)', () => {
  it('the JSON patch between two documents leads from one to the other, and leaves the first as it was', () => {
    fc.assert(
      fc.property(json, json, (from, to) => {
        const before = structuredClone(from);
        const patch = difference(from, to);
        expect(applyJsonPatch(deepFreeze(from), patch)).toEqual(to);
        expect(from).toEqual(before);
      }),
    );
  });

  it('a merge patch applied twice is as applied once, and what it names without nulls is there after', () => {
    fc.assert(
      fc.property(json, json, (document, patch) => {
        const once = applyMergePatch(deepFreeze(document), patch);
        expect(applyMergePatch(once, patch)).toEqual(once);
        for (const [name, value] of Object.entries(patch as object)) {
          if (typeof value !== 'object') expect((once as Record<string, unknown>)[name]).toEqual(value);
        }
      }),
    );
  });

  it('equality does not depend on the order of members', () => {
    fc.assert(
      fc.property(json, json, (left, right) => {
        const turned = Object.fromEntries(Object.entries(left as object).reverse());
        expect(deepEqual(left, turned)).toBe(true);
        expect(deepEqual(left, right)).toBe(JSON.stringify(sorted(left)) === JSON.stringify(sorted(right)));
      }),
    );
  });
});

it('a merge patch gives an object no prototype', () => {
  const patched = applyMergePatch({}, JSON.parse('{"spec":{"__proto__":{"x":1}}}')) as {
    spec: { x?: number };
  };
  expect(patched.spec.x).toBeUndefined();
});

/** A JSON patch that leads from one document to another. */
function difference(from: unknown, to: unknown, at = ''): { op: string; path: string; value?: unknown }[] {
  if (!isObject(from) || !isObject(to))
    return deepEqual(from, to) ? [] : [{ op: 'replace', path: at, value: to }];
  const path = (name: string) => `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return [
    ...Object.keys(from).flatMap((name) =>
      name in to ? difference(from[name], to[name], path(name)) : [{ op: 'remove', path: path(name) }],
    ),
    ...Object.keys(to).flatMap((name) =>
      name in from ? [] : [{ op: 'add', path: path(name), value: to[name] }],
    ),
  ];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
