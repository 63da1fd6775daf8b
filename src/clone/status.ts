import { IN_PROGRESS, MARKS, targetOfWorkflowId } from '../contract';
import { type Actions, actionsFor } from './actions';
import { diskOutcome } from './copy-outcome';
import { holdersOf, isLocked } from './lock';
import { isFinal, isOn, strategyOf } from './power';
import { powerRefusals } from './power-refusals';
import { overallPercent, raise } from './progress';
import { parseBytes } from './quantity';
import type { DataVolume, VirtualMachine, VirtualMachineInstance } from './resources';
import { isPaused, stateBlocker } from './source-state';

export const FILTER_GROUPS = ['Running', 'Offline', 'Error', 'Transitioning', 'Unknown'] as const;
export type FilterGroup = (typeof FILTER_GROUPS)[number];

/** One row of the list of VMs (`GET /vms`). */
export interface VmRow {
  namespace: string;
  name: string;
  /** As shown: "Running", "Off", "Locked", "Cloning (25%)", "Error: CrashLoopBackOff", … */
  status: string;
  /** More about an error, in the cluster's words. */
  statusDetail?: string;
  filterGroup: FilterGroup;
  /** Of a clone under way, 0–99; null while unknown, and for every other VM. */
  percent: number | null;
  ip: string | null;
  node: string | null;
  /** ISO 8601. */
  createdAt: string | null;
  /** Kept off as the source of clones. */
  locked: boolean;
  /** The clones that keep it off, `<namespace>/<name>` each. */
  lockedBy?: string[];
  /** `<namespace>/<name>` of the clone that is under way here: the id of `GET /clones/{ns}/{name}`. */
  cloneId?: string;
  actions: Actions;
}

export interface VmRowFacts {
  vm: VirtualMachine;
  vmi?: VirtualMachineInstance;
  /** Of a clone under way: its own. */
  dataVolumes?: readonly DataVolume[];
  /** Of a clone under way: what is known from elsewhere, never undercut. */
  percent?: number | null;
  cancelRequested?: boolean;
}

interface Status {
  status: string;
  filterGroup: FilterGroup;
  statusDetail?: string;
}

/** The row of one VM: status, filter group and actions, computed here alone so that every front end agrees. */
export function vmRow({
  vm,
  vmi,
  dataVolumes = [],
  percent = null,
  cancelRequested = false,
}: VmRowFacts): VmRow {
  const { namespace = '', name, creationTimestamp, annotations, deletionTimestamp } = vm.metadata;
  const mark = annotations?.[MARKS.inProgress];
  const locked = isLocked(vm);
  // Only the undo deletes a clone in progress, or a person who means the same.
  const clone = mark !== undefined && {
    copied: mark === IN_PROGRESS.copied,
    cancelling: cancelRequested || deletionTimestamp !== undefined,
  };
  const clonePercent = clone ? percentOf(clone.copied, dataVolumes, percent) : null;
  const live = vmi !== undefined && !isFinal(vmi);
  const shown = clone ? cloneStatus(clone, clonePercent) : statusOf(vm, vmi, locked, live);
  return {
    namespace,
    name,
    ...shown,
    percent: clonePercent,
    ip: clone ? null : ipOf(vmi),
    node: (live && vmi.status?.nodeName) || null,
    createdAt: creationTimestamp ?? null,
    locked,
    ...(locked && { lockedBy: lockedBy(vm) }),
    ...(clone && { cloneId: `${namespace}/${name}` }),
    actions: actionsFor({
      name,
      ...shown,
      live,
      on: isOn(vm, vmi),
      paused: live && isPaused(vm, vmi),
      once: strategyOf(vm) === 'Once',
      locked,
      deleting: deletionTimestamp !== undefined,
      refusals: powerRefusals(vm, vmi),
      cloneBlocker: stateBlocker(vm, vmi)?.message,
      ...(clone && { clone }),
    }),
  };
}

function percentOf(copied: boolean, dataVolumes: readonly DataVolume[], known: number | null): number | null {
  if (copied) return 99;
  const disks = dataVolumes.map((dataVolume) => {
    const { name } = dataVolume.metadata;
    const bytes =
      parseBytes((dataVolume.spec.pvc ?? dataVolume.spec.storage)?.resources?.requests?.storage) ?? 0;
    const planned = { name, sourceClaim: '', dataVolume: name, bytes, method: 'copy' as const };
    return { name, bytes, ...diskOutcome({ planned, dataVolume }) };
  });
  const percent = raise(known, overallPercent(disks));
  return percent === null ? null : Math.min(99, percent);
}

function cloneStatus(clone: { copied: boolean; cancelling: boolean }, percent: number | null): Status {
  if (clone.cancelling) return { status: 'Cancelling…', filterGroup: 'Transitioning' };
  return { status: percent === null ? 'Copying' : `Cloning (${percent}%)`, filterGroup: 'Transitioning' };
}

/** `printableStatus` that is shown by its own name (console.md, Status model). */
const TRANSITIONS = new Set([
  'Provisioning',
  'Starting',
  'Stopping',
  'Migrating',
  'WaitingForVolumeBinding',
  'WaitingForReceiver',
  'Paused',
]);
const ERROR = /^(Err|CrashLoopBackOff$|ImagePullBackOff$|DataVolumeError$)/;

/** The first row of console.md's status model that matches. */
function statusOf(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  locked: boolean,
  live: boolean,
): Status {
  const printable = vm.status?.printableStatus ?? '';
  if (locked && live) return { status: 'Shutting down to clone', filterGroup: 'Transitioning' };
  if (locked) return { status: 'Locked', filterGroup: 'Offline' };
  if (vm.metadata.deletionTimestamp || printable === 'Terminating') {
    return { status: 'Deleting', filterGroup: 'Transitioning' };
  }
  if (vm.status?.snapshotInProgress) return { status: 'Snapshot in progress', filterGroup: 'Transitioning' };
  if (vm.status?.restoreInProgress) return { status: 'Restore in progress', filterGroup: 'Transitioning' };
  if (TRANSITIONS.has(printable)) return { status: printable, filterGroup: 'Transitioning' };
  if (ERROR.test(printable)) return errorStatus(vm, vmi, printable);
  if (printable === 'Running') return { status: 'Running', filterGroup: 'Running' };
  if (printable === 'Stopped') return { status: 'Off', filterGroup: 'Offline' };
  return { status: 'Unknown', filterGroup: 'Unknown' };
}

function errorStatus(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined, printable: string): Status {
  const conditions = [...(vm.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])];
  const telling = conditions.filter(
    ({ type, status, message }) =>
      message && (type === 'Failure' ? status === 'True' : status === 'False' && type !== 'LiveMigratable'),
  );
  // Ready only says that something is wrong, the others what.
  const { message } = telling.find(({ type }) => type !== 'Ready') ?? telling[0] ?? {};
  return {
    status: `Error: ${printable}`,
    filterGroup: 'Error',
    ...(message && { statusDetail: message }),
  };
}

function ipOf(vmi: VirtualMachineInstance | undefined): string | null {
  if (!vmi || isFinal(vmi)) return null;
  return vmi.status?.interfaces?.find(({ ipAddress }) => ipAddress)?.ipAddress ?? null;
}

function lockedBy(vm: VirtualMachine): string[] {
  try {
    return holdersOf(vm).flatMap(({ workflowId }) => {
      const target = targetOfWorkflowId(workflowId);
      return target ? [`${target.namespace}/${target.name}`] : [];
    });
  } catch {
    return [];
  }
}
