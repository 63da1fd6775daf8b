import { apiVersionOf, type Kind } from './kinds';
import type { Answer } from './request';

/**
 * There are no schemas here. This is the least of an OpenAPI document from which kubectl concludes that the server
 * checks objects by itself (PATCH knows `fieldValidation`), so that `kubectl create -f` works without
 * `--validate=false`. Rule: cli-runtime, pkg/resource/query_param_verifier_v3.go.
 */
export function openApi([format, ...path]: string[], kinds: readonly Kind[]): Answer | undefined {
  if (format !== 'v3') return undefined;
  const documents = new Map<string, Kind[]>();
  for (const kind of kinds) {
    const root = kind.group ? `apis/${apiVersionOf(kind)}` : `api/${kind.version}`;
    documents.set(root, [...(documents.get(root) ?? []), kind]);
  }
  if (path.length === 0) {
    const paths = [...documents.keys()].map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }]);
    return { code: 200, body: { paths: Object.fromEntries(paths) } };
  }
  const described = documents.get(path.join('/'));
  return described && { code: 200, body: document(`/${path.join('/')}`, described) };
}

function document(root: string, kinds: Kind[]) {
  const paths = kinds.map(({ group, version, kind, plural, namespaced }) => [
    `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`,
    {
      patch: {
        parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
        responses: {},
        'x-kubernetes-group-version-kind': { group, version, kind },
      },
    },
  ]);
  return { openapi: '3.0.0', info: { title: 'Simulator', version: 'v1' }, paths: Object.fromEntries(paths) };
}
