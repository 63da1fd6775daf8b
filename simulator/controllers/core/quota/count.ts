import type { ClusterClient, Kind } from '../../../../src/kubernetes';
import { KINDS } from '../../../apiserver';
import type { ResourceQuota } from '../../kinds';
import { ZERO } from '../../quantity';
import { addUsage, isInScope, resourcesOf, type Usage, usageOf } from './usage';

/** Kinds that a quota can count: all that lie in a namespace, but for Events. */
export const COUNTED = KINDS.filter(({ namespaced, kind }) => namespaced && kind !== 'Event') as Kind[];

export function isCounted({ spec }: ResourceQuota, kind: Kind): boolean {
  return resourcesOf(kind, Object.keys(spec?.hard ?? {})).length > 0;
}

/** What is used of each of the quota's resources, as the API server has it now. Resources it can't count are left out. */
export async function countUsage(
  client: ClusterClient,
  quota: ResourceQuota,
  signal?: AbortSignal,
): Promise<Usage> {
  const { namespace } = quota.metadata;
  const names = Object.keys(quota.spec?.hard ?? {});
  let used: Usage = {};
  for (const kind of COUNTED.filter((each) => isCounted(quota, each))) {
    const { items } = await client.list(kind, { namespace, signal });
    const sum = items
      .filter((object) => isInScope(quota, kind, object))
      .reduce((total: Usage, object) => addUsage(total, usageOf(kind, object)), {});
    for (const name of resourcesOf(kind, names)) used = { ...used, [name]: sum[name] ?? ZERO };
  }
  return used;
}
