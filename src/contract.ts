/** Names and types that every part shares. Imports nothing. */

/** Workflows and short activities; compensations always find a free slot here. */
export const TASK_QUEUE = 'vm-clone';
/** The long copy alone: thousands of slots that wait. */
export const COPY_TASK_QUEUE = copyTaskQueue(TASK_QUEUE);

/** The copy's queue beside a queue of workflows. */
export function copyTaskQueue(taskQueue: string): string {
  return `${taskQueue}-copy`;
}

export const CLONE_WORKFLOW = 'cloneVm';
export const SWEEP_WORKFLOW = 'sweepOrphans';
export const SWEEP_SCHEDULE_ID = 'vm-clone-sweep';

export const PHASES = [
  'Queued',
  'Validating',
  'ShuttingDown',
  'Copying',
  'RestartingSource',
  'Finishing',
  'RollingBack',
  'Completed',
  'Cancelled',
  'Failed',
] as const;
export type Phase = (typeof PHASES)[number];
export type Outcome = Extract<Phase, 'Completed' | 'Cancelled' | 'Failed'>;

/** Why a clone ended in `Failed`. Each is something an operator can act on. */
export const FAILURES = [
  'PlanBlocked',
  'SourceNotFound',
  'SourceChanged',
  'SourceDeleted',
  'SourceShutdownFailed',
  'SourceUsedDuringCopy',
  'LockLost',
  'LockUnreadable',
  'NameTaken',
  'CopyFailed',
  'TargetDeleted',
  'CleanupIncomplete',
  'Forbidden',
  'Refused',
  'ClusterUnreachable',
  'Terminated',
  'TimedOut',
  'Internal',
] as const;
export type FailureType = (typeof FAILURES)[number];

/** What did not go as asked although the clone is whole. All other warnings are known before it begins. */
export const OUTCOME_WARNINGS = ['SourceSlowToReturn', 'SourceDeleted', 'StartFailed'] as const;
export type WarningType = (typeof OUTCOME_WARNINGS)[number] | (string & {});

export interface Failure {
  type: FailureType;
  message: string;
}
export interface Warning {
  type: WarningType;
  message: string;
}
/** A reason why a clone can't be made; found before anything is touched. */
export interface Blocker {
  type: string;
  message: string;
}

export interface VmRef {
  namespace: string;
  name: string;
}

/** Stands in every lock holder and on every object that a clone makes. */
export interface Owner {
  cloneUid: string;
  installation: string;
}

export interface CloneOptions {
  /** How long the guest may take to shut down, in seconds. Default: its grace period + 60, at least 120. */
  shutdownTimeoutSeconds?: number;
  /** Cut the power when the guest has not shut down in time. Default false: the clone fails instead. */
  forceShutdown?: boolean;
  /** Of all of the clone's disks. Default: that of each source disk. */
  storageClass?: string;
  /** What KubeVirt keeps for TPM and EFI can't be copied: refuse the clone (default), or let it start without. */
  persistentState?: 'refuse' | 'empty';
  /** Give a clone in another namespace copies of the Secrets and ConfigMaps that the VM names. Default false. */
  copySecrets?: boolean;
  /** Labels to set on the clone's VM and template; null leaves one out. */
  labels?: Edits;
  /** Annotations to set on the clone's VM and template; null leaves one out. */
  annotations?: Edits;
  /** Keep only where the two never share a network. Default "new". */
  macAddresses?: 'new' | 'keep';
}

export type Edits = Record<string, string | null>;

/** Argument of the workflow `cloneVm`. Goes into history: holds no secret and no VM spec. */
export interface CloneInput extends Owner {
  source: VmRef;
  target: VmRef;
  description?: string;
  startAfterClone: boolean;
  requestedBy: string;
  options: CloneOptions;
  /** After how many silent seconds a waiting activity counts as lost. Default 60. */
  heartbeatTimeoutSeconds?: number;
}

/** How CDI will make a disk, as its StorageProfile says. */
export type CopyMethod = 'csi-clone' | 'snapshot' | 'copy';

/** One disk of the plan. `bytes` is what its claim asks for. */
export interface PlannedDisk {
  /** Name of the volume and disk in the VM's spec. */
  name: string;
  /** The claim that is copied, in the source's namespace. */
  sourceClaim: string;
  /** The DataVolume and claim that are made, in the target's namespace. */
  dataVolume: string;
  bytes: number;
  method: CopyMethod;
}

/** An object beside its disks that a clone gets a copy of, in its own namespace and owned by it. */
export interface PlannedCopy {
  kind: 'ControllerRevision' | 'Secret' | 'ConfigMap';
  /** The one that is copied, in the source's namespace. */
  from: string;
  name: string;
}

/** What copying a disk has come to. `percent` is 0–100, or null while nobody knows. */
export interface DiskProgress {
  name: string;
  bytes: number;
  phase: string;
  percent: number | null;
}

/** Why nothing moves: since when (ISO 8601), and what to look at. */
export interface Stall {
  since: string;
  diagnosis: string;
}

/** Details that `copyDisks` heartbeats: the live state of the copy, never written to history. */
export interface CopyHeartbeat {
  percent: number | null;
  disks: DiskProgress[];
  stalled?: Stall;
}

export interface CancelRequest {
  requestedBy: string;
  reason?: string;
}

/** Times of one clone, ISO 8601. */
export interface Timings {
  startedAt: string;
  sourceStoppedAt?: string;
  copyStartedAt?: string;
  copiedAt?: string;
  sourceRunningAt?: string;
  endedAt?: string;
}

/** Answer of the query `getCloneState`; at the end, as the final document, the workflow's result. */
export interface CloneState {
  cloneUid: string;
  phase: Phase;
  source: VmRef;
  target: VmRef;
  requestedBy: string;
  startAfterClone: boolean;
  disks: DiskProgress[];
  timings: Timings;
  warnings: Warning[];
  cancelRequested?: CancelRequest;
  failure?: Failure;
  /** Seconds between the stop of the source and its return; absent when it was off or is not back yet. */
  sourceDowntimeSeconds?: number;
}

/** The last word about a clone: the workflow's result, or the details of its failure. */
export interface FinalDocument extends CloneState {
  outcome: Outcome;
}

/** One clone as the API shows it; times are ISO 8601. */
export interface CloneView {
  /** `<namespace>/<name>` of the target. */
  id: string;
  workflowId: string;
  runId: string;
  /** Of this clone: the same through resets, new for a retry. */
  cloneUid?: string;
  phase: Phase;
  /** Of the whole; null while nobody knows. 100 only when completed. */
  percent: number | null;
  disks: DiskProgress[];
  source: VmRef;
  target: VmRef;
  description?: string;
  startAfterClone: boolean;
  requestedBy: string;
  startedAt: string;
  endedAt?: string;
  outcome?: Outcome;
  /** Shows as soon as the undo begins. */
  failure?: Failure;
  warnings: Warning[];
  cancelRequested?: CancelRequest;
  /** While no disk moves. */
  stalled?: Stall;
  /** A step that failed and is tried again. */
  retrying?: { step: string; attempt: number; message: string };
  timings?: Timings;
  sourceDowntimeSeconds?: number;
}

export const CANCEL_SIGNAL = 'cancelClone';
export const STATE_QUERY = 'getCloneState';

/** Search attributes, all of type Keyword; registered when the server is set up. */
export const SEARCH_ATTRIBUTES = {
  phase: 'ClonePhase',
  source: 'CloneSource',
  namespace: 'CloneNamespace',
  requestedBy: 'CloneRequestedBy',
} as const;

/** Keys of a clone workflow's memo. */
export const MEMO = {
  /** UUID of this clone: the same through resets, new for a retry. */
  cloneUid: 'cloneUid',
  installation: 'installation',
  /** SHA-256 of the canonical request: tells a repeated request from a different one. */
  requestHash: 'requestHash',
  idempotencyKey: 'idempotencyKey',
  requestedBy: 'requestedBy',
  /** `CloneInput` without the owner: what was asked for. */
  request: 'request',
  /** `PlannedDisk[]` as planned when the clone was asked for. */
  disks: 'disks',
  /** `TargetRecord`: uids of what was made, by which the sweep knows ours from a forgery. */
  target: 'target',
  /** `Failure`, written when the undo begins, so that it shows while the undo runs. */
  failure: 'failure',
  /** `CancelRequest`, written when it is asked for. */
  cancel: 'cancel',
  /** `FinalDocument` of a clone that Temporal's own cancel ended: that close can carry nothing. */
  final: 'final',
} as const;

/** Uids of the objects that a clone made: what is deleted must carry the recorded uid. */
export interface TargetRecord {
  vmUid: string;
  dataVolumes: { name: string; uid: string }[];
}

/** Marks on cluster objects. */
const PREFIX = 'vm-clone.io';
export const MARKS = {
  prefix: `${PREFIX}/`,
  /** Annotation on a source: JSON array of the holders that keep it off. */
  lock: `${PREFIX}/lock`,
  /** Annotation on a source: JSON of the power state that the first holder found. */
  power: `${PREFIX}/power`,
  /** Label on everything that a clone makes. */
  cloneUid: `${PREFIX}/clone-uid`,
  /** Label on everything that a clone makes. */
  installation: `${PREFIX}/installation`,
  /** Annotation on everything that a clone makes. */
  workflowId: `${PREFIX}/workflow-id`,
  /** Annotation on everything that a clone makes: the run that did; by this the sweep learns how that ended. */
  runId: `${PREFIX}/run-id`,
  /** Annotation on a target until it is finished: `copying`, then `copied`. */
  inProgress: `${PREFIX}/in-progress`,
  /** Annotation on a target: `<namespace>/<name>` of its source. */
  source: `${PREFIX}/source`,
  /** Annotation on a target until it is started: the run strategy to start it with; absent when it stays off. */
  startStrategy: `${PREFIX}/start-strategy`,
} as const;
export const IN_PROGRESS = { copying: 'copying', copied: 'copied' } as const;
/** Annotation that KubeVirt's consoles show as the VM's description. */
export const DESCRIPTION_ANNOTATION = 'description';

/** The workflow id reserves the target's name. */
export function cloneWorkflowId(target: VmRef): string {
  return `clone/${target.namespace}/${target.name}`;
}

/** Inverse of `cloneWorkflowId`; undefined for any other id. */
export function targetOfWorkflowId(workflowId: string): VmRef | undefined {
  const [kind, namespace, name, ...rest] = workflowId.split('/');
  return kind === 'clone' && namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

export function isSameVm(one: VmRef, other: VmRef): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}

/** The ControllerRevision that freezes a planned clone, in the source's namespace. */
export function frozenPlanName(cloneUid: string): string {
  return `vm-clone-${cloneUid}`;
}
