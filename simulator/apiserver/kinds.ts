import type { KindRules } from './kind-rules';
import * as rules from './kind-rules';

/** A kind of object that the server stores. */
export interface Kind {
  /** '' is the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  shortNames?: readonly string[];
  namespaced: boolean;
  /** Whether `/status` exists, and with it whether writes of the object itself leave the status alone. */
  statusSubresource: boolean;
  /** True for a kind defined by a CustomResourceDefinition: some answers differ from those for built-in kinds. */
  custom: boolean;
  /** Fields besides metadata.name and metadata.namespace that a fieldSelector may name. */
  fieldSelectors?: readonly string[];
  /** What the server does for this kind alone. */
  rules?: KindRules;
}

type Row = [
  plural: string,
  kind: string,
  scope: 'Namespaced' | 'Cluster',
  status: 'status' | 'no status',
  shortNames?: string,
  more?: Pick<Kind, 'fieldSelectors' | 'rules'>,
];

function builtIn(group: string, version: string, rows: Row[]): Kind[] {
  return rows.map((row) => kindOf(group, version, false, row));
}

function custom(group: string, version: string, rows: Row[]): Kind[] {
  return rows.map((row) => kindOf(group, version, true, row));
}

function kindOf(group: string, version: string, isCustom: boolean, row: Row): Kind {
  const [plural, kind, scope, status, shortNames, more] = row;
  return {
    group,
    version,
    plural,
    kind,
    ...(shortNames && { shortNames: shortNames.split(' ') }),
    namespaced: scope === 'Namespaced',
    statusSubresource: status === 'status',
    custom: isCustom,
    ...more,
  };
}

const POD_FIELDS = ['spec.nodeName', 'status.phase'];
const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid'].map((field) => `involvedObject.${field}`);

/**
 * Every kind of the simulated cluster: to add one, add its row. Scope, short names and whether there is a status
 * subresource are those of the real CRDs (KubeVirt v1.9.0, CDI v1.66.0) and of Kubernetes 1.36.
 * VirtualMachineInstance really has no status subresource.
 */
export const KINDS: readonly Kind[] = [
  ...builtIn('', 'v1', [
    [
      'namespaces',
      'Namespace',
      'Cluster',
      'status',
      'ns',
      { fieldSelectors: ['status.phase'], rules: rules.namespace },
    ],
    ['pods', 'Pod', 'Namespaced', 'status', 'po', { fieldSelectors: POD_FIELDS, rules: rules.pod }],
    [
      'persistentvolumeclaims',
      'PersistentVolumeClaim',
      'Namespaced',
      'status',
      'pvc',
      { rules: rules.persistentVolumeClaim },
    ],
    ['persistentvolumes', 'PersistentVolume', 'Cluster', 'status', 'pv', { rules: rules.persistentVolume }],
    ['secrets', 'Secret', 'Namespaced', 'no status', '', { fieldSelectors: ['type'], rules: rules.secret }],
    ['configmaps', 'ConfigMap', 'Namespaced', 'no status', 'cm'],
    ['services', 'Service', 'Namespaced', 'status', 'svc', { rules: rules.service }],
    [
      'serviceaccounts',
      'ServiceAccount',
      'Namespaced',
      'no status',
      'sa',
      { rules: rules.answersDeletedObject },
    ],
    [
      'resourcequotas',
      'ResourceQuota',
      'Namespaced',
      'status',
      'quota',
      { rules: rules.answersDeletedObject },
    ],
    [
      'events',
      'Event',
      'Namespaced',
      'no status',
      'ev',
      { fieldSelectors: [...EVENT_FIELDS, 'reason', 'type'] },
    ],
    ['nodes', 'Node', 'Cluster', 'status', 'no', { fieldSelectors: ['spec.unschedulable'] }],
  ]),
  ...builtIn('apps', 'v1', [
    [
      'controllerrevisions',
      'ControllerRevision',
      'Namespaced',
      'no status',
      '',
      { rules: rules.controllerRevision },
    ],
  ]),
  ...builtIn('storage.k8s.io', 'v1', [
    ['storageclasses', 'StorageClass', 'Cluster', 'no status', 'sc', { rules: rules.answersDeletedObject }],
  ]),
  ...builtIn('coordination.k8s.io', 'v1', [
    ['leases', 'Lease', 'Namespaced', 'no status', '', { rules: rules.needsResourceVersion }],
  ]),
  ...builtIn('admissionregistration.k8s.io', 'v1', [
    [
      'validatingadmissionpolicies',
      'ValidatingAdmissionPolicy',
      'Cluster',
      'status',
      '',
      { rules: rules.admissionPolicy },
    ],
    [
      'validatingadmissionpolicybindings',
      'ValidatingAdmissionPolicyBinding',
      'Cluster',
      'no status',
      '',
      { rules: rules.admissionPolicy },
    ],
  ]),
  ...custom('snapshot.storage.k8s.io', 'v1', [
    ['volumesnapshots', 'VolumeSnapshot', 'Namespaced', 'status', 'vs'],
    ['volumesnapshotclasses', 'VolumeSnapshotClass', 'Cluster', 'no status', 'vsclass vsclasses'],
    ['volumesnapshotcontents', 'VolumeSnapshotContent', 'Cluster', 'status', 'vsc vscs'],
  ]),
  ...custom('kubevirt.io', 'v1', [
    ['virtualmachines', 'VirtualMachine', 'Namespaced', 'status', 'vm vms'],
    ['virtualmachineinstances', 'VirtualMachineInstance', 'Namespaced', 'no status', 'vmi vmis'],
    [
      'virtualmachineinstancemigrations',
      'VirtualMachineInstanceMigration',
      'Namespaced',
      'status',
      'vmim vmims',
    ],
  ]),
  ...custom('cdi.kubevirt.io', 'v1beta1', [
    ['datavolumes', 'DataVolume', 'Namespaced', 'status', 'dv dvs'],
    ['storageprofiles', 'StorageProfile', 'Cluster', 'status'],
    ['volumeclonesources', 'VolumeCloneSource', 'Namespaced', 'no status'],
    ['volumeimportsources', 'VolumeImportSource', 'Namespaced', 'no status'],
    ['cdiconfigs', 'CDIConfig', 'Cluster', 'no status'],
  ]),
  ...custom('snapshot.kubevirt.io', 'v1beta1', [
    ['virtualmachinesnapshots', 'VirtualMachineSnapshot', 'Namespaced', 'status', 'vmsnapshot vmsnapshots'],
    [
      'virtualmachinesnapshotcontents',
      'VirtualMachineSnapshotContent',
      'Namespaced',
      'status',
      'vmsnapshotcontent vmsnapshotcontents',
    ],
    ['virtualmachinerestores', 'VirtualMachineRestore', 'Namespaced', 'status', 'vmrestore vmrestores'],
  ]),
  ...custom('instancetype.kubevirt.io', 'v1beta1', [
    ['virtualmachineinstancetypes', 'VirtualMachineInstancetype', 'Namespaced', 'no status', 'vmf vmfs'],
    [
      'virtualmachineclusterinstancetypes',
      'VirtualMachineClusterInstancetype',
      'Cluster',
      'no status',
      'vmcf vmcfs',
    ],
    [
      'virtualmachinepreferences',
      'VirtualMachinePreference',
      'Namespaced',
      'no status',
      'vmpref vmprefs vmp vmps',
    ],
    [
      'virtualmachineclusterpreferences',
      'VirtualMachineClusterPreference',
      'Cluster',
      'no status',
      'vmcp vmcps',
    ],
  ]),
  ...custom('k8s.cni.cncf.io', 'v1', [
    [
      'network-attachment-definitions',
      'NetworkAttachmentDefinition',
      'Namespaced',
      'no status',
      'net-attach-def',
    ],
  ]),
];

/** `kubevirt.io/virtualmachines`; the same through versions of the group. */
export function kindId(kind: Pick<Kind, 'group' | 'plural'>): string {
  return `${kind.group}/${kind.plural}`;
}

export function apiVersionOf(kind: Pick<Kind, 'group' | 'version'>): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** `VirtualMachine.kubevirt.io`, as an Invalid message names a kind. */
export function qualifiedKind(kind: Kind): string {
  return kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
}
