import type {
  CdiConfig,
  ConfigMap,
  ControllerRevision,
  DataVolume,
  KubernetesEvent,
  KubernetesResource,
  Migration,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  Service,
  StorageClass,
  StorageProfile,
  VirtualMachine,
  VirtualMachineInstance,
} from '../clone/resources';

/** Where a kind of object lives in the API; `T` is the shape of its objects. */
export interface Kind<T extends KubernetesResource = KubernetesResource> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries the type. */
  readonly shape?: T;
}

function kind<T extends KubernetesResource = KubernetesResource>(
  groupVersion: string,
  plural: string,
  name: string,
  namespaced = true,
): Kind<T> {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return { group: group as string, version: version as string, plural, kind: name, namespaced };
}

export const Kinds = {
  VirtualMachine: kind<VirtualMachine>('kubevirt.io/v1', 'virtualmachines', 'VirtualMachine'),
  VirtualMachineInstance: kind<VirtualMachineInstance>(
    'kubevirt.io/v1',
    'virtualmachineinstances',
    'VirtualMachineInstance',
  ),
  Migration: kind<Migration>(
    'kubevirt.io/v1',
    'virtualmachineinstancemigrations',
    'VirtualMachineInstanceMigration',
  ),
  DataVolume: kind<DataVolume>('cdi.kubevirt.io/v1beta1', 'datavolumes', 'DataVolume'),
  StorageProfile: kind<StorageProfile>('cdi.kubevirt.io/v1beta1', 'storageprofiles', 'StorageProfile', false),
  PersistentVolumeClaim: kind<PersistentVolumeClaim>('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  CdiConfig: kind<CdiConfig>('cdi.kubevirt.io/v1beta1', 'cdiconfigs', 'CDIConfig', false),
  Pod: kind<Pod>('v1', 'pods', 'Pod'),
  Secret: kind<Secret>('v1', 'secrets', 'Secret'),
  ConfigMap: kind<ConfigMap>('v1', 'configmaps', 'ConfigMap'),
  ServiceAccount: kind('v1', 'serviceaccounts', 'ServiceAccount'),
  Service: kind<Service>('v1', 'services', 'Service'),
  ResourceQuota: kind<ResourceQuota>('v1', 'resourcequotas', 'ResourceQuota'),
  Namespace: kind('v1', 'namespaces', 'Namespace', false),
  Event: kind<KubernetesEvent>('v1', 'events', 'Event'),
  ControllerRevision: kind<ControllerRevision>('apps/v1', 'controllerrevisions', 'ControllerRevision'),
  StorageClass: kind<StorageClass>('storage.k8s.io/v1', 'storageclasses', 'StorageClass', false),
  VolumeSnapshot: kind('snapshot.storage.k8s.io/v1', 'volumesnapshots', 'VolumeSnapshot'),
} as const;

/**
 * URL path of a collection, or of one object in it.
 *
 * @throws RangeError for a name that a URL can't carry: it would address something else.
 */
export function pathOf(
  { group, version, plural, namespaced }: Kind,
  ref: { namespace?: string; name?: string } = {},
): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const scope = namespaced && ref.namespace !== undefined ? `/namespaces/${segment(ref.namespace)}` : '';
  return `${root}${scope}/${plural}${ref.name !== undefined ? `/${segment(ref.name)}` : ''}`;
}

/** URLs drop '.' and '..' on their way, encoded or not; an empty one names the collection. */
function segment(name: string): string {
  if (['', '.', '..'].includes(name)) throw new RangeError(`"${name}" is no name of an object`);
  return encodeURIComponent(name);
}

/** `apiVersion` of a kind's objects. */
export function apiVersionOf({ group, version }: Kind): string {
  return group ? `${group}/${version}` : version;
}
