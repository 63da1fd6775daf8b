import { apiVersionOf, type Kind } from './kinds';
import { openApi } from './openapi';
import type { Answer } from './request';
import type { SubresourceRegistry } from './subresources';

/** The version of Kubernetes whose behaviour is imitated. */
const VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.3-simulator', platform: 'simulator' };

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

interface GroupVersion {
  group: string;
  version: string;
}

/** Health, version and discovery (`/api`, `/apis`, ...). Undefined for any other path. */
export function discover(
  path: string,
  kinds: readonly Kind[],
  extra: SubresourceRegistry,
): Answer | undefined {
  const served = [...kinds, ...extra.all()];
  const segments = path.split('/').filter((segment) => segment !== '');
  const [root, group, version, ...more] = segments;
  switch (root) {
    case 'healthz':
    case 'livez':
    case 'readyz':
      return { code: 200, text: 'ok' };
    case 'version':
      return { code: 200, body: VERSION };
    case 'openapi':
      return openApi(segments.slice(1), kinds);
    case 'api':
      if (group === undefined) return { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
      return version === undefined ? resources('', group, kinds, extra) : undefined;
    case 'apis':
      if (group === undefined) return { code: 200, body: groupList(served) };
      if (version === undefined) return groupOf(group, served);
      return more.length === 0 ? resources(group, version, kinds, extra) : undefined;
    default:
      return undefined;
  }
}

function groupList(served: GroupVersion[]) {
  const names = new Set(served.map(({ group }) => group).filter((group) => group !== ''));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...names].map((name) => group(name, served)) };
}

function group(name: string, served: GroupVersion[]) {
  const names = new Set(served.filter(({ group }) => group === name).map(({ version }) => version));
  const versions = [...names].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function groupOf(name: string, served: GroupVersion[]): Answer | undefined {
  if (!served.some(({ group }) => group === name)) return undefined;
  return { code: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...group(name, served) } };
}

function resources(
  group: string,
  version: string,
  kinds: readonly Kind[],
  extra: SubresourceRegistry,
): Answer | undefined {
  const here = (entry: GroupVersion) => entry.group === group && entry.version === version;
  const stored = kinds.filter(here);
  const handled = extra.all().filter(here);
  if (stored.length + handled.length === 0) return undefined;
  const body = {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: [
      ...stored.flatMap(resourcesOf),
      ...handled.flatMap(({ resource, kind, namespaced, method = 'PUT', handlers }) =>
        Object.keys(handlers).map((verb) => ({
          name: `${resource}/${verb}`,
          singularName: '',
          namespaced,
          kind,
          verbs: [method === 'GET' ? 'get' : 'update'],
        })),
      ),
    ],
  };
  return { code: 200, body };
}

function resourcesOf({ plural, kind, namespaced, shortNames, custom, statusSubresource, rules }: Kind) {
  const writable = [...(statusSubresource ? ['status'] : []), ...Object.keys(rules?.subresources ?? {})];
  return [
    {
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames && { shortNames }),
      ...(custom && namespaced && { categories: ['all'] }),
    },
    ...writable.map((name) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind,
      verbs: ['get', 'patch', 'update'],
    })),
  ];
}
