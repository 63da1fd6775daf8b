import { badRequest } from './errors';

/** What the path of a request about a resource names. */
export interface ResourcePath {
  group: string;
  version: string;
  plural: string;
  namespace?: string;
  /** '' for a collection. */
  name: string;
  /** Everything after the name, '' for the object itself. */
  subresource: string;
}

/** Subresources of namespaces: `/namespaces/x/status` is no collection called status in x. */
const OF_NAMESPACES = new Set(['status', 'finalize']);

/**
 * Reads `/api/v1/...` and `/apis/<group>/<version>/...`, with or without `namespaces/<namespace>`.
 * Undefined when the path names no resource (discovery and the rest).
 */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const segments = pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
  const [root, ...rest] = segments;
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : rest.shift();
  const [version, ...path] = rest;
  const [first, second, third] = path;
  if (group === undefined || version === undefined || first === undefined) return undefined;
  if (first === 'namespaces' && second !== undefined && third !== undefined && !OF_NAMESPACES.has(third)) {
    const [, , plural, name = '', ...sub] = path as [string, string, string, ...string[]];
    return { group, version, plural, namespace: second, name, subresource: sub.join('/') };
  }
  const [plural, name = '', ...sub] = path as [string, ...string[]];
  return { group, version, plural, name, subresource: sub.join('/') };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid path segment "${segment}"`);
  }
}
