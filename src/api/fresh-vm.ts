import type { ActionName } from '../clone/actions';
import type { VirtualMachine, VirtualMachineInstance } from '../clone/resources';
import { type VmRow, vmRow } from '../clone/status';
import type { VmRef } from '../contract';
import { ApiError, type ClusterClient, isCode, Kinds } from '../kubernetes';
import { Problem } from './problem';
import { unreadableRow } from './unreadable-row';

/** A VM as the cluster has it now, whatever the caches say. */
export interface FreshVm {
  vm: VirtualMachine;
  vmi?: VirtualMachineInstance;
  row: VmRow;
}

/** Throws `vm-not-found`. */
export async function readFresh(cluster: ClusterClient, ref: VmRef): Promise<FreshVm> {
  const [vm, vmi] = await Promise.all([
    cluster.get(Kinds.VirtualMachine, ref),
    cluster.get(Kinds.VirtualMachineInstance, ref),
  ]);
  if (!vm) throw noSuchVm(ref);
  return { vm, vmi, row: rowOf(vm, vmi) };
}

function rowOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): VmRow {
  try {
    return vmRow({ vm, vmi });
  } catch {
    return unreadableRow(vm);
  }
}

export function noSuchVm({ namespace, name }: VmRef): Problem {
  return new Problem('vm-not-found', `There is no VM ${namespace}/${name}.`);
}

/** Throws `action-refused` with the reason that the list shows. */
export function refuseUnlessEnabled({ row }: FreshVm, action: ActionName): void {
  const { enabled, reason } = row.actions[action];
  if (!enabled) throw new Problem('action-refused', reason ?? 'That can not be done now.');
}

/**
 * Runs a write whose action was enabled a moment ago. Where the cluster refuses, the VM has changed meanwhile: it is
 * read anew for the reason, else the cluster's own words are it. Throws `vm-not-found` or `action-refused`; what
 * is no refusal is passed on.
 */
export async function unlessRefused<R>(
  cluster: ClusterClient,
  ref: VmRef,
  action: ActionName,
  write: () => Promise<R>,
): Promise<R> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    refuseUnlessEnabled(await readFresh(cluster, ref), action);
    if (!isRefusal(error)) throw error;
    throw new Problem('action-refused', `The cluster refused: ${error.message}`);
  }
}

/**
 * Whether the cluster said no to this request, on account of the object. That we lack a right, or are too many, is
 * another matter. KubeVirt wraps what its own patch was refused for, by a webhook or a policy, into a 500, and so it
 * answers a second start while one is pending (lifecycle.go, getChangeRequestJson).
 */
export function isRefusal(error: unknown): error is ApiError {
  if (isCode(error, 401, 429)) return false;
  if (isCode(error, 403)) return !/\bcannot \w+ resource\b/.test(error.message);
  if (isCode(error, 500)) return /\balready underway\b|\bdenied (the )?request\b/.test(error.message);
  return error instanceof ApiError && error.code >= 400 && error.code < 500;
}
