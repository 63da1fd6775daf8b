import type { Blocker, CloneOptions, VmRef, Warning } from '../contract';
import { findBlockers } from './blockers';
import { type Configuration, describeConfiguration } from './configuration';
import { type CopiedClaimSpec, type PlanDisk, planDisks } from './disks';
import { type Downtime, expectedDowntime } from './downtime';
import { type Leftover, leftoverOf } from './leftover';
import { isOn, savedPower } from './power';
import type {
  DataVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  StorageProfile,
  VirtualMachine,
  VirtualMachineInstance,
} from './resources';
import { findWarnings } from './warnings';

export interface PlanRequest {
  source: VmRef;
  target: VmRef;
  startAfterClone: boolean;
  options: CloneOptions;
}

/** All that a plan depends on, read from the cluster beforehand. */
export interface PlanFacts {
  request: PlanRequest;
  source?: VirtualMachine;
  vmi?: VirtualMachineInstance;
  /** Of the source's namespace: those that the source names. */
  sourceClaims: PersistentVolumeClaim[];
  /** Of the source's namespace. */
  pods: Pod[];
  storageProfiles: StorageProfile[];
  storageClasses: StorageClass[];
  /** The VM that has the target's name already. */
  targetVm?: VirtualMachine;
  /** Of the target's namespace: those that have a planned name already. */
  targetClaims: PersistentVolumeClaim[];
  targetDataVolumes: DataVolume[];
  targetNamespaceExists: boolean;
  /** Ours: tells an earlier run's leftovers from another installation's. */
  installation?: string;
}

export interface ClonePlan {
  sourceUid: string;
  /** Whether the source is on, or is off only because clones keep it so: it is (to be) switched off and brought back. */
  sourceOn: boolean;
  disks: PlanDisk[];
  /** By name of the disk. */
  claimSpecs: Record<string, CopiedClaimSpec>;
  blockers: Blocker[];
  warnings: Warning[];
  configuration: Configuration;
  expectedDowntime: Downtime;
  /** How long the guest may take to shut down. */
  shutdownTimeoutSeconds: number;
  /** An earlier run of ours left its target behind: it is removed before anything is made. */
  leftover?: Leftover;
}

/** Of a VM that does not say (KubeVirt api/core/v1/types.go, DefaultGracePeriodSeconds). */
const DEFAULT_GRACE_PERIOD_SECONDS = 30;
const SHUTDOWN_MARGIN_SECONDS = 60;
const MIN_SHUTDOWN_TIMEOUT_SECONDS = 120;

/**
 * What cloning would do and what stands against it: the one computation behind the dry run, `POST /clones` and
 * the workflow. Changes nothing. With a blocker the clone must not be begun.
 */
export function planClone(facts: PlanFacts): ClonePlan {
  const { source, vmi, request } = facts;
  if (!source) return withoutSource(request);
  const sourceOn = savedPower(source) !== undefined || isOn(source, vmi);
  const { disks, claimSpecs, blockers } = planDisks(source, facts);
  const timeout = shutdownTimeout(source, request.options);
  return {
    sourceUid: source.metadata.uid ?? '',
    sourceOn,
    disks,
    claimSpecs,
    blockers: [...findBlockers(source, facts), ...blockers],
    warnings: findWarnings(source, facts, disks),
    configuration: describeConfiguration(source, vmi, disks),
    expectedDowntime: expectedDowntime({ sourceOn, disks, shutdownTimeoutSeconds: timeout }),
    shutdownTimeoutSeconds: timeout,
    leftover: leftoverOf(facts),
  };
}

/** The wish, or the VM's own grace period and a margin (kubevirt-rules, Power). */
export function shutdownTimeout(source: VirtualMachine, options: CloneOptions): number {
  if (options.shutdownTimeoutSeconds !== undefined) return options.shutdownTimeoutSeconds;
  const grace = source.spec.template.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_PERIOD_SECONDS;
  return Math.max(grace + SHUTDOWN_MARGIN_SECONDS, MIN_SHUTDOWN_TIMEOUT_SECONDS);
}

function withoutSource({ source, options }: PlanRequest): ClonePlan {
  return {
    sourceUid: '',
    sourceOn: false,
    disks: [],
    claimSpecs: {},
    blockers: [
      {
        type: 'SourceNotFound',
        message: `There is no VM ${source.name} in namespace ${source.namespace}: it may have been deleted or renamed.`,
      },
    ],
    warnings: [],
    configuration: { os: null, flavor: 'unknown', workload: null, nics: [], disks: [] },
    expectedDowntime: { seconds: null, text: 'Unknown.' },
    shutdownTimeoutSeconds: options.shutdownTimeoutSeconds ?? MIN_SHUTDOWN_TIMEOUT_SECONDS,
  };
}
