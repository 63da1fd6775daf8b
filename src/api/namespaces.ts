import type { RequestHandler } from 'express';
import type { NamespaceList } from './answers';
import type { ApiDeps } from './deps';
import { parseQuery } from './parse';
import { unavailable } from './problem';
import { nothingSchema } from './vm-schemas';

/** `GET /namespaces`: nothing can be put into one that is being deleted. */
export function namespacesRoute({ caches: { namespaces } }: Pick<ApiDeps, 'caches'>): RequestHandler {
  return (request, response) => {
    parseQuery(nothingSchema, request);
    if (!namespaces.synced) {
      throw unavailable('The namespaces are still being read from the cluster. Try again in a moment.');
    }
    const items = namespaces
      .list()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata: { name } }) => ({ name }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    response.json({ items } satisfies NamespaceList);
  };
}
