import type { VirtualMachine, VirtualMachineInstance } from '../../../../src/clone/resources';
import type { ClusterClient } from '../../../../src/kubernetes';
import { applyToVmi, type Target } from '../instancetype/apply';
import { findInstancetype, findPreference, INSTANCETYPE, kindOf, PREFERENCE } from '../instancetype/find';
import { storeTypes } from '../instancetype/store';
import type { InstancetypeSpec, PreferenceSpec } from '../kinds';
import { ANNOTATIONS } from '../names';
import { SyncError } from './sync-error';
import type { VmReconcile } from './vm-reconcile';

/** What a VM's matchers name. */
export interface VmTypes {
  instancetype?: InstancetypeSpec;
  preference?: PreferenceSpec;
}

/**
 * A VM's types must be there before anything else is done for it, also for one that is off, and are kept in
 * revisions of its own. (pkg/instancetype/controller/vm/controller.go Sync)
 */
export async function syncTypes(run: VmReconcile): Promise<void> {
  const { client, vm, record } = run;
  if (!vm.spec.instancetype && !vm.spec.preference) return;
  await findTypes(client, vm);
  try {
    run.vm = await storeTypes(client, vm);
  } catch (error) {
    const why = (error as Error).message;
    const message = `error encountered while storing instancetype.kubevirt.io controllerRevisions: ${why}`;
    record(vm, 'Warning', 'FailedCreate', message);
    throw new SyncError('FailedCreate', message);
  }
}

/** Rejects with the reason FailedFindInstancetype or FailedFindPreference. */
async function findTypes(client: ClusterClient, vm: VirtualMachine): Promise<VmTypes> {
  const found = async <S>(reason: string, find: Promise<S>): Promise<S> => {
    try {
      return await find;
    } catch (error) {
      throw new SyncError(reason, (error as Error).message);
    }
  };
  return {
    instancetype: await found('FailedFindInstancetype', findInstancetype(client, vm)),
    preference: await found('FailedFindPreference', findPreference(client, vm)),
  };
}

/** What a VM that starts takes from its types. */
export async function typesOf(client: ClusterClient, vm: VirtualMachine): Promise<VmTypes> {
  if (!vm.spec.instancetype && !vm.spec.preference) return {};
  return findTypes(client, vm);
}

/** Writes the types into a new VMI, with their names as annotations. Throws on a conflict. */
export function applyTypes(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
  { instancetype, preference }: VmTypes,
): void {
  if (!instancetype && !preference) return;
  vmi.metadata.annotations = { ...vmi.metadata.annotations, ...namesOf(vm) };
  const conflicts = applyToVmi('spec', instancetype, preference, vmi as Target);
  if (conflicts.length > 0) {
    throw new Error(`VMI conflicts with instancetype spec in fields: [${conflicts.join(', ')}]`);
  }
}

function namesOf({ spec }: VirtualMachine): Record<string, string> {
  const names: Record<string, string> = {};
  for (const which of [INSTANCETYPE, PREFERENCE]) {
    const matcher = spec[which.field];
    if (!matcher) continue;
    const { own, cluster } = ANNOTATIONS[`${which.field}Name`];
    names[kindOf(which, matcher).namespaced ? own : cluster] = matcher.name ?? '';
  }
  return names;
}
