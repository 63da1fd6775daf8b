/**
 * The fields of cluster objects that the domain reads and writes, as KubeVirt v1 and CDI v1beta1 name them.
 * Everything else in an object passes through untouched.
 */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  [other: string]: unknown;
}

export interface KubernetesResource {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown' | (string & {});
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export type RunStrategy =
  | 'Always'
  | 'Halted'
  | 'Manual'
  | 'RerunOnFailure'
  | 'Once'
  | 'WaitAsReceiver'
  | (string & {});

export interface Volume {
  name: string;
  dataVolume?: { name: string; hotpluggable?: boolean };
  persistentVolumeClaim?: { claimName: string; hotpluggable?: boolean; readOnly?: boolean };
  [source: string]: unknown;
}

export interface Interface {
  name: string;
  macAddress?: string;
  model?: string;
  [other: string]: unknown;
}

export interface Disk {
  name: string;
  bootOrder?: number;
  serial?: string;
  shareable?: boolean;
  disk?: { bus?: string };
  cdrom?: { bus?: string };
  lun?: { bus?: string; reservation?: boolean };
  [other: string]: unknown;
}

export interface Tpm {
  persistent?: boolean;
  enabled?: boolean;
}

export interface Domain {
  firmware?: {
    uuid?: string;
    serial?: string;
    bootloader?: { efi?: { persistent?: boolean; [other: string]: unknown }; bios?: object };
    [other: string]: unknown;
  };
  devices?: {
    disks?: Disk[];
    interfaces?: Interface[];
    filesystems?: { name: string; [other: string]: unknown }[];
    tpm?: Tpm;
    [other: string]: unknown;
  };
  chassis?: { serial?: string; [other: string]: unknown };
  cpu?: { cores?: number; sockets?: number; threads?: number; [other: string]: unknown };
  memory?: { guest?: string; [other: string]: unknown };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  [other: string]: unknown;
}

export interface VmiSpec {
  domain: Domain;
  volumes?: Volume[];
  networks?: { name: string; multus?: { networkName: string }; [other: string]: unknown }[];
  hostname?: string;
  terminationGracePeriodSeconds?: number;
  startStrategy?: string;
  resourceClaims?: { name: string; resourceClaimName?: string; resourceClaimTemplateName?: string }[];
  accessCredentials?: unknown[];
  [other: string]: unknown;
}

export interface VmTemplate {
  metadata?: {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [other: string]: unknown;
  };
  spec: VmiSpec;
}

export interface TypeMatcher {
  name?: string;
  kind?: string;
  revisionName?: string;
  [other: string]: unknown;
}

/** The fields of an instancetype and of a preference that a plan reads (KubeVirt api/instancetype/v1beta1). */
export interface TypedSpecs {
  instancetype: { cpu?: { guest?: number }; memory?: { guest?: string } };
  preference: {
    devices?: { preferredTPM?: Tpm };
    firmware?: { preferredEfi?: { persistent?: boolean } };
    preferredTerminationGracePeriodSeconds?: number;
  };
}

/** Which revision of an instancetype or preference virt-controller goes by. */
export interface RevisionRef {
  name?: string;
  kind?: string;
  controllerRevisionRef?: { name: string };
  [other: string]: unknown;
}

export interface VirtualMachine extends KubernetesResource {
  spec: {
    /** Deprecated form, exclusive with `runStrategy`. */
    running?: boolean;
    runStrategy?: RunStrategy;
    template: VmTemplate;
    dataVolumeTemplates?: { metadata: { name: string }; [other: string]: unknown }[];
    instancetype?: TypeMatcher;
    preference?: TypeMatcher;
    [other: string]: unknown;
  };
  status?: {
    printableStatus?: string;
    created?: boolean;
    ready?: boolean;
    observedGeneration?: number;
    /** The strategy that virt-controller last acted on. */
    runStrategy?: RunStrategy;
    stateChangeRequests?: { action: 'Start' | 'Stop' | (string & {}); uid?: string; data?: unknown }[];
    conditions?: Condition[];
    snapshotInProgress?: string;
    restoreInProgress?: string;
    volumeSnapshotStatuses?: unknown[];
    instancetypeRef?: RevisionRef;
    preferenceRef?: RevisionRef;
    changedBlockTracking?: { state?: string };
    memoryDumpRequest?: { phase?: string };
    [other: string]: unknown;
  };
}

export interface VirtualMachineInstance extends KubernetesResource {
  spec?: Partial<VmiSpec>;
  status?: {
    phase?:
      | 'Pending'
      | 'Scheduling'
      | 'Scheduled'
      | 'Running'
      | 'Succeeded'
      | 'Failed'
      | 'Unknown'
      | (string & {});
    nodeName?: string;
    interfaces?: { name?: string; mac?: string; ipAddress?: string; ipAddresses?: string[] }[];
    conditions?: Condition[];
    migrationState?: {
      completed?: boolean;
      failed?: boolean;
      endTimestamp?: string;
      [other: string]: unknown;
    };
    volumeStatus?: { name: string; hotplugVolume?: unknown; [other: string]: unknown }[];
    changedBlockTracking?: {
      backupStatus?: { backupName?: string; completed?: boolean; failed?: boolean };
    };
    guestOSInfo?: { prettyName?: string; name?: string; version?: string };
    [other: string]: unknown;
  };
}

/** A wish to move an instance to another node, and what has become of it. */
export interface Migration extends KubernetesResource {
  spec?: { vmiName?: string };
  status?: { phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | (string & {}) };
}

export interface DataVolume extends KubernetesResource {
  spec: {
    source?: { pvc?: { namespace: string; name: string }; [other: string]: unknown };
    storage?: ClaimSpec;
    pvc?: ClaimSpec;
    [other: string]: unknown;
  };
  status?: {
    phase?: string;
    progress?: string;
    restartCount?: number;
    claimName?: string;
    conditions?: Condition[];
  };
}

export interface ClaimSpec {
  accessModes?: string[];
  volumeMode?: 'Filesystem' | 'Block' | (string & {});
  storageClassName?: string;
  resources?: { requests?: { storage?: string; [other: string]: string | undefined } };
  volumeName?: string;
  volumeAttributesClassName?: string;
  dataSourceRef?: { apiGroup?: string; kind: string; name: string; namespace?: string };
  [other: string]: unknown;
}

export interface PersistentVolumeClaim extends KubernetesResource {
  spec: ClaimSpec;
  status?: { phase?: 'Pending' | 'Bound' | 'Lost' | (string & {}); capacity?: { storage?: string } };
}

export interface Pod extends KubernetesResource {
  spec?: {
    nodeName?: string;
    volumes?: {
      name: string;
      persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
      [other: string]: unknown;
    }[];
    [other: string]: unknown;
  };
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown' | (string & {});
    conditions?: Condition[];
    containerStatuses?: {
      name?: string;
      restartCount?: number;
      state?: Record<string, unknown>;
      [other: string]: unknown;
    }[];
    [other: string]: unknown;
  };
}

export interface ControllerRevision extends KubernetesResource {
  data?: unknown;
  revision: number;
}

/** CDI's advice for a storage class, named like the class. */
export interface StorageProfile extends KubernetesResource {
  spec?: { cloneStrategy?: string; [other: string]: unknown };
  status?: {
    cloneStrategy?: string;
    storageClass?: string;
    snapshotClass?: string;
    /** What the storage can do, best first. */
    claimPropertySets?: { accessModes?: string[]; volumeMode?: string }[];
    [other: string]: unknown;
  };
}

export interface StorageClass extends KubernetesResource {
  provisioner: string;
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer' | (string & {});
  allowVolumeExpansion?: boolean;
}

/** The object of that name that CDI keeps: how much of a volume its file system takes, as parts of 1. */
export interface CdiConfig extends KubernetesResource {
  status?: { filesystemOverhead?: FilesystemOverhead; [other: string]: unknown };
}

export interface FilesystemOverhead {
  global?: string;
  storageClass?: Record<string, string>;
}

export interface ResourceQuota extends KubernetesResource {
  spec?: { hard?: Record<string, string>; scopes?: string[]; scopeSelector?: unknown };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

export interface Service extends KubernetesResource {
  spec?: { selector?: Record<string, string>; type?: string; [other: string]: unknown };
}

/** Of these only the names matter here: what they hold is never kept. */
export interface Secret extends KubernetesResource {
  type?: string;
  immutable?: boolean;
  data?: Record<string, string>;
}

export interface ConfigMap extends KubernetesResource {
  immutable?: boolean;
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

export interface KubernetesEvent extends KubernetesResource {
  involvedObject: { kind?: string; namespace?: string; name?: string; uid?: string };
  reason?: string;
  message?: string;
  type?: string;
  lastTimestamp?: string;
  eventTime?: string;
}

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string };

/** Path segments of a JSON pointer, escaped (RFC 6901). */
export function pointer(...segments: string[]): string {
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
