import type { Blocker, CloneOptions, PlannedCopy, VmRef, Warning } from '../contract';
import { findBlockers } from './blockers';
import { type FieldChange, fieldChanges } from './changes';
import { type Configuration, describeConfiguration } from './configuration';
import { type ObjectName, planCopies } from './copies';
import { type PlanDisk, planDisks } from './disks';
import { type Downtime, expectedDowntime } from './downtime';
import { undrawnIdentity } from './identity';
import { type Leftover, leftoverOf } from './leftover';
import { currentSetting, isOn, savedPower, strategyOf } from './power';
import { quotaBlockers } from './quota';
import type {
  ControllerRevision,
  DataVolume,
  Migration,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Service,
  VirtualMachine,
  VirtualMachineInstance,
} from './resources';
import { recordedSpec } from './revisions';
import { serviceWarnings } from './services';
import type { CopiedClaimSpec, Storage } from './storage';
import { buildTarget, startStrategyFor } from './target';
import { findWarnings } from './warnings';

export interface PlanRequest {
  /** Once the clone has been asked for: the names of its copies carry it. */
  cloneUid?: string;
  source: VmRef;
  target: VmRef;
  description?: string;
  startAfterClone: boolean;
  options: CloneOptions;
}

/** All that a plan depends on, read from the cluster beforehand. */
export interface PlanFacts extends Storage {
  request: PlanRequest;
  source?: VirtualMachine;
  vmi?: VirtualMachineInstance;
  /** Of the source's namespace: those that made its claims. */
  sourceDataVolumes: DataVolume[];
  /** Of the source's namespace. */
  migrations: Migration[];
  /** Of the source's namespace: those that the source names, and those that KubeVirt keeps for it. */
  sourceClaims: PersistentVolumeClaim[];
  /** Of the source's namespace. */
  pods: Pod[];
  /** Of the source's namespace: those that the source goes by. */
  revisions: ControllerRevision[];
  /** Of both namespaces. */
  quotas: ResourceQuota[];
  /** Of the target's namespace. */
  services: Service[];
  /** Kinds that could not be read, as URLs name them. */
  unread: string[];
  /** Of all other VMs and their instances. */
  otherMacs: string[];
  /** Of what the source's template names; asked for only where the clone goes to another namespace. */
  availableInTarget: ObjectName[];
  /** The same in the source's namespace; asked for only where they are to be copied. */
  availableInSource: ObjectName[];
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
  /** In what the clone's VM differs from its source. */
  changes: FieldChange[];
  /** What it gets copies of beside its disks. */
  copies: PlannedCopy[];
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
  const copies = planCopies(source, facts);
  const target = draft(source, request, { disks, claimSpecs, copies });
  const timeout = shutdownTimeout(source, facts);
  return {
    sourceUid: source.metadata.uid ?? '',
    sourceOn,
    disks,
    claimSpecs,
    blockers: [...findBlockers(source, facts), ...blockers, ...quotaBlockers(facts, disks, copies)],
    warnings: [...findWarnings(source, facts, { disks, claimSpecs }), ...serviceWarnings(target, facts)],
    changes: fieldChanges(source, powered(target, source, request)),
    copies,
    configuration: describeConfiguration(source, facts, disks),
    expectedDowntime: expectedDowntime({ sourceOn, disks, shutdownTimeoutSeconds: timeout }),
    shutdownTimeoutSeconds: timeout,
    leftover: leftoverOf(facts),
  };
}

/** The clone's VM but for what makes each clone its own. */
function draft(
  source: VirtualMachine,
  request: PlanRequest,
  plan: Pick<ClonePlan, 'disks' | 'claimSpecs' | 'copies'>,
): VirtualMachine {
  const owner = { cloneUid: '', installation: '', runId: '', requestedBy: '' };
  const identity = undrawnIdentity(source, request.options);
  return buildTarget({ source, plan, request: { ...request, ...owner }, identity }).vm;
}

/** As the clone will stand in the end: it is made switched off. */
function powered(
  target: VirtualMachine,
  source: VirtualMachine,
  { startAfterClone }: PlanRequest,
): VirtualMachine {
  const setting = currentSetting(source);
  if (!startAfterClone || 'running' in setting) return target;
  // What a lock has done to the source is no difference.
  const end = savedPower(source) ? setting : { runStrategy: startStrategyFor(strategyOf(source)) };
  return { ...target, spec: { ...target.spec, ...end } };
}

/**
 * The wish, or the VM's own grace period and a margin (kubevirt-rules, Power): the running instance's, which may be
 * older than the template's, or what a preference gives it.
 */
function shutdownTimeout(source: VirtualMachine, { request, vmi, revisions }: PlanFacts): number {
  if (request.options.shutdownTimeoutSeconds !== undefined) return request.options.shutdownTimeoutSeconds;
  const preference = recordedSpec(source, 'preference', revisions);
  const { terminationGracePeriodSeconds: own } = source.spec.template.spec;
  const graces = [
    own ?? preference?.preferredTerminationGracePeriodSeconds ?? DEFAULT_GRACE_PERIOD_SECONDS,
    vmi?.spec?.terminationGracePeriodSeconds ?? 0,
  ];
  return Math.max(Math.max(...graces) + SHUTDOWN_MARGIN_SECONDS, MIN_SHUTDOWN_TIMEOUT_SECONDS);
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
    changes: [],
    copies: [],
    configuration: { os: null, flavor: 'unknown', workload: null, nics: [], disks: [] },
    expectedDowntime: { seconds: null, text: 'Unknown.' },
    shutdownTimeoutSeconds: options.shutdownTimeoutSeconds ?? MIN_SHUTDOWN_TIMEOUT_SECONDS,
  };
}
