import type { VirtualMachine } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import { annotationOf } from '../../objects';
import type { VmRestore, VmSnapshotContent } from '../kinds';
import { runStrategyOf } from '../objects';

const LAST_RESTORE = 'restore.kubevirt.io/lastRestoreUID';

/** True when the VM's spec has been written by this restore. */
export function isWrittenBy(restore: VmRestore, vm: VirtualMachine | undefined): vm is VirtualMachine {
  return vm !== undefined && annotationOf(vm, LAST_RESTORE) === markOf(restore);
}

/** Says in the VM's status that it is being restored. Throws when another restore of it is under way. */
export async function mark(
  client: ClusterClient,
  { metadata }: VmRestore,
  vm: VirtualMachine,
): Promise<VirtualMachine> {
  const other = vm.status?.restoreInProgress;
  if (other === metadata.name) return vm;
  if (other) throw new Error(`vm restore ${other} in progress`);
  const status = { ...vm.status, restoreInProgress: metadata.name };
  return client.replace(Kinds.VirtualMachine, { ...vm, status }, { subresource: 'status' });
}

export async function unmark(
  client: ClusterClient,
  { metadata }: VmRestore,
  vm: VirtualMachine,
): Promise<void> {
  if (vm.status?.restoreInProgress !== metadata.name) return;
  const { restoreInProgress: _, ...status } = vm.status;
  await client.replace(Kinds.VirtualMachine, { ...vm, status }, { subresource: 'status' });
}

/** A VM that exists keeps its run strategy; one that is made anew is off. */
export async function writeVm(
  client: ClusterClient,
  restore: VmRestore,
  vm: VirtualMachine | undefined,
  content: VmSnapshotContent,
): Promise<void> {
  const { metadata, spec } = content.spec.source.virtualMachine;
  const { running, runStrategy: _, ...kept } = structuredClone(spec);
  const written = { [LAST_RESTORE]: markOf(restore) };
  if (!vm) {
    const { labels, annotations } = metadata;
    await client.create(Kinds.VirtualMachine, {
      metadata: {
        name: restore.spec.target.name,
        namespace: restore.metadata.namespace,
        labels,
        annotations: { ...annotations, ...written },
      },
      spec: { ...kept, ...(running === undefined ? { runStrategy: 'Halted' } : { running: false }) },
    });
    return;
  }
  const power = vm.spec.running === undefined ? { runStrategy: runStrategyOf(vm) } : { running: false };
  await client.replace(Kinds.VirtualMachine, {
    ...vm,
    metadata: { ...vm.metadata, annotations: { ...vm.metadata.annotations, ...written } },
    spec: { ...kept, ...power },
  });
}

function markOf({ metadata }: VmRestore): string {
  return `${metadata.name}-${metadata.uid}`;
}
