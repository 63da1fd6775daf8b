import type { Condition, KubernetesResource, VirtualMachine } from '../../../src/clone/resources';
import type { Kind } from '../../../src/kubernetes';

/** CPUs, memory and the like that a VM takes instead of naming them (instancetype v1beta1). */
export interface InstancetypeSpec {
  cpu: {
    guest: number;
    model?: string;
    maxSockets?: number;
    dedicatedCPUPlacement?: boolean;
    isolateEmulatorThread?: boolean;
    numa?: unknown;
    realtime?: unknown;
  };
  memory: { guest: string; overcommitPercent?: number; hugepages?: unknown; maxGuest?: string };
  annotations?: Record<string, string>;
  gpus?: unknown[];
  hostDevices?: unknown[];
  ioThreads?: { supplementalPoolThreadCount?: number };
  ioThreadsPolicy?: string;
  launchSecurity?: unknown;
  nodeSelector?: Record<string, string>;
  schedulerName?: string;
}

type Features = 'Acpi' | 'Apic' | 'Kvm' | 'Pvspinlock' | 'Smm';

/** What a VM gets where it says nothing itself (instancetype v1beta1). */
export interface PreferenceSpec {
  annotations?: Record<string, string>;
  cpu?: {
    preferredCPUTopology?: string;
    preferredCPUFeatures?: { name: string }[];
    spreadOptions?: { across?: string; ratio?: number };
  };
  preferSpreadSocketToCoreRatio?: number;
  devices?: Record<string, unknown>;
  features?: { [F in `preferred${Features}`]?: unknown } & { preferredHyperv?: Record<string, unknown> };
  firmware?: {
    preferredEfi?: { persistent?: boolean; secureBoot?: boolean };
    preferredUseEfi?: boolean;
    preferredUseSecureBoot?: boolean;
    preferredUseBios?: boolean;
    preferredUseBiosSerial?: boolean;
  };
  machine?: { preferredMachineType?: string };
  volumes?: { preferredStorageClassName?: string };
  preferredArchitecture?: string;
  preferredSubdomain?: string;
  preferredTerminationGracePeriodSeconds?: number;
  requirements?: { cpu?: { guest: number }; memory?: { guest: string }; architecture?: string };
}

export type Instancetype = KubernetesResource & { spec: InstancetypeSpec };
export type Preference = KubernetesResource & { spec: PreferenceSpec };

export interface MigrationState {
  migrationUid?: string;
  sourceNode?: string;
  sourcePod?: string;
  sourcePersistentStatePVCName?: string;
  targetNode?: string;
  targetPod?: string;
  targetNodeAddress?: string;
  targetNodeDomainReadyTimestamp?: string;
  targetPersistentStatePVCName?: string;
  startTimestamp?: string;
  endTimestamp?: string;
  completed?: boolean;
  failed?: boolean;
  failureReason?: string;
  abortRequested?: boolean;
  abortStatus?: string;
  [other: string]: unknown;
}

/** A request to move a VMI to another node. */
export interface Migration extends KubernetesResource {
  spec: { vmiName?: string; addedNodeSelector?: Record<string, string>; priority?: string };
  status?: {
    phase?: string;
    migrationState?: MigrationState;
    phaseTransitionTimestamps?: { phase: string; phaseTransitionTimestamp: string }[];
    conditions?: Condition[];
  };
}

interface Reference {
  apiGroup?: string;
  kind: string;
  name: string;
}

export interface VmSnapshot extends KubernetesResource {
  spec: { source: Reference; deletionPolicy?: 'Delete' | 'Retain'; failureDeadline?: string };
  status?: {
    phase?: 'InProgress' | 'Succeeded' | 'Failed' | 'Deleting';
    readyToUse?: boolean;
    creationTime?: string;
    sourceUID?: string;
    virtualMachineSnapshotContentName?: string;
    indications?: string[];
    conditions?: Condition[];
    [other: string]: unknown;
  };
}

export interface VmRestore extends KubernetesResource {
  spec: { target: Reference; virtualMachineSnapshotName: string; targetReadinessPolicy?: string };
  status?: { complete?: boolean; restoreTime?: string; conditions?: Condition[]; [other: string]: unknown };
}

/** What a snapshot has kept. */
export interface VmSnapshotContent extends KubernetesResource {
  spec: { virtualMachineSnapshotName: string; source: { virtualMachine: VirtualMachine } };
  status?: { creationTime?: string; readyToUse?: boolean };
}

const types = { group: 'instancetype.kubevirt.io', version: 'v1beta1' };
const snapshots = { group: 'snapshot.kubevirt.io', version: 'v1beta1', namespaced: true };

/** Kinds of KubeVirt that the product does not need. */
export const KubeVirtKinds = {
  Instancetype: {
    ...types,
    plural: 'virtualmachineinstancetypes',
    kind: 'VirtualMachineInstancetype',
    namespaced: true,
  } as Kind<Instancetype>,
  ClusterInstancetype: {
    ...types,
    plural: 'virtualmachineclusterinstancetypes',
    kind: 'VirtualMachineClusterInstancetype',
    namespaced: false,
  } as Kind<Instancetype>,
  Preference: {
    ...types,
    plural: 'virtualmachinepreferences',
    kind: 'VirtualMachinePreference',
    namespaced: true,
  } as Kind<Preference>,
  ClusterPreference: {
    ...types,
    plural: 'virtualmachineclusterpreferences',
    kind: 'VirtualMachineClusterPreference',
    namespaced: false,
  } as Kind<Preference>,
  Migration: {
    group: 'kubevirt.io',
    version: 'v1',
    plural: 'virtualmachineinstancemigrations',
    kind: 'VirtualMachineInstanceMigration',
    namespaced: true,
  } as Kind<Migration>,
  VmSnapshot: {
    ...snapshots,
    plural: 'virtualmachinesnapshots',
    kind: 'VirtualMachineSnapshot',
  } as Kind<VmSnapshot>,
  VmSnapshotContent: {
    ...snapshots,
    plural: 'virtualmachinesnapshotcontents',
    kind: 'VirtualMachineSnapshotContent',
  } as Kind<VmSnapshotContent>,
  VmRestore: {
    ...snapshots,
    plural: 'virtualmachinerestores',
    kind: 'VirtualMachineRestore',
  } as Kind<VmRestore>,
};
