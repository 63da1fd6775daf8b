import { badRequest, unprocessablePatch } from './errors';
import { deepEqual, isObject } from './object';

/**
 * JSON merge patch (RFC 7386). Neither argument is changed; what the patch leaves alone is shared with the target.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (name === '__proto__') continue;
    if (value === null) delete merged[name];
    else merged[name] = applyMergePatch(Object.hasOwn(merged, name) ? merged[name] : undefined, value);
  }
  return merged;
}

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/**
 * JSON patch (RFC 6902) with the semantics of the library that kube-apiserver uses (evanphx/json-patch):
 * `test` of a missing member against null passes, a missing parent fails every operation, a negative array index
 * counts from the end. The document is never changed.
 * Throws 400 for a body that is no list of operations, 422 for one that cannot be applied.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || !patch.every(isObject)) {
    throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch');
  }
  return (patch as unknown as Operation[]).reduce(applyOperation, document);
}

function applyOperation(document: unknown, operation: Operation): unknown {
  const path = segments(operation.path);
  switch (operation.op) {
    case 'test':
      if (!deepEqual(read(document, path) ?? null, operation.value ?? null)) throw unprocessablePatch();
      return document;
    case 'add':
      return change(document, path, (parent, key) => insert(parent, key, operation.value ?? null));
    case 'replace':
      return change(document, path, (parent, key) => replace(parent, key, operation.value ?? null));
    case 'remove':
      return change(document, path, remove);
    case 'copy':
      return change(document, path, (parent, key) => insert(parent, key, existing(document, operation.from)));
    case 'move': {
      const value = existing(document, operation.from);
      const without = change(document, segments(operation.from), remove);
      return change(without, path, (parent, key) => insert(parent, key, value));
    }
    default:
      throw unprocessablePatch();
  }
}

/** The reference tokens of a JSON pointer; '' is the whole document, which only `test` may name. */
function segments(pointer: unknown): string[] {
  if (pointer === '') return [];
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw unprocessablePatch();
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** The value at a path, undefined when its last segment is missing; 422 when one before that is. */
function read(document: unknown, path: string[]): unknown {
  let value = document;
  for (const segment of path) {
    if (isObject(value)) {
      value = Object.hasOwn(value, segment) ? value[segment] : undefined;
    } else if (Array.isArray(value)) {
      value = value[indexIn(value, segment)];
    } else {
      throw unprocessablePatch();
    }
  }
  return value;
}

function existing(document: unknown, pointer: unknown): unknown {
  const value = read(document, segments(pointer));
  if (value === undefined) throw unprocessablePatch();
  return value;
}

type Edit = (parent: Record<string, unknown> | unknown[], key: string) => Record<string, unknown> | unknown[];

/** Copies the containers on the way to the path's parent and lets `edit` make the new parent. */
function change(value: unknown, path: string[], edit: Edit): unknown {
  const [key, ...rest] = path;
  if (key === undefined || key === '__proto__') throw unprocessablePatch();
  if (!isObject(value) && !Array.isArray(value)) throw unprocessablePatch();
  if (rest.length === 0) return edit(value, key);
  if (Array.isArray(value)) {
    const index = indexIn(value, key);
    return value.with(index, change(value[index], rest, edit));
  }
  if (!Object.hasOwn(value, key)) throw unprocessablePatch();
  return { ...value, [key]: change(value[key], rest, edit) };
}

const insert = (parent: Record<string, unknown> | unknown[], key: string, value: unknown) => {
  if (!Array.isArray(parent)) return { ...parent, [key]: value };
  const index = key === '-' ? parent.length : indexIn(parent, key, 1);
  return parent.toSpliced(index, 0, value);
};

const replace = (parent: Record<string, unknown> | unknown[], key: string, value: unknown) => {
  if (Array.isArray(parent)) return parent.with(indexIn(parent, key), value);
  if (!Object.hasOwn(parent, key)) throw unprocessablePatch();
  return { ...parent, [key]: value };
};

const remove: Edit = (parent, key) => {
  if (Array.isArray(parent)) return parent.toSpliced(indexIn(parent, key), 1);
  if (!Object.hasOwn(parent, key)) throw unprocessablePatch();
  const { [key]: _, ...rest } = parent;
  return rest;
};

function indexIn(list: unknown[], segment: string, beyondEnd = 0): number {
  if (!/^-?\d+$/.test(segment)) throw unprocessablePatch();
  const limit = list.length + beyondEnd;
  const index = Number(segment) < 0 ? limit + Number(segment) : Number(segment);
  if (index < 0 || index >= limit) throw unprocessablePatch();
  return index;
}
