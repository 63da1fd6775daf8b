import type { ControllerRevision, VirtualMachine } from '../../../../src/clone/resources';
import { pointer } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { controllerReference } from '../../objects';
import { ANNOTATIONS } from '../names';
import { isControlledBy, same } from '../objects';
import type { VmReconcile } from './vm-reconcile';

/**
 * Keeps the spec that a VMI was started from in a ControllerRevision, the VM's only one of its kind.
 * Returns its name.
 */
export async function recordRevision({ client, revisions, vm }: VmReconcile): Promise<string> {
  const { namespace, uid, generation = 0 } = vm.metadata;
  const name = `revision-start-vm-${uid}-${generation}`;
  const owned = revisions.list(namespace).filter((revision) => isControlledBy(revision, vm));
  for (const { metadata } of owned) {
    if (metadata.name === name) return name;
    if (metadata.name.startsWith('revision-start-vm-')) {
      await client.delete(
        Kinds.ControllerRevision,
        { namespace, name: metadata.name },
        { uid: metadata.uid },
      );
    }
  }
  await client.create(Kinds.ControllerRevision, {
    metadata: { namespace, name, ownerReferences: [controllerReference(Kinds.VirtualMachine, vm)] },
    data: { spec: vm.spec },
    revision: generation,
  });
  return name;
}

/**
 * A VMI runs the VM's current generation as long as the template is what it was started from: so a change of
 * the run strategy alone is observed while the VMI exists, and never without one (vm.go syncGenerationInfo).
 */
export async function bumpGeneration(run: VmReconcile): Promise<void> {
  const { client, revisions, vm, vmi } = run;
  if (!vmi) return;
  const generation = String(vm.metadata.generation);
  const seen = vmi.metadata.annotations?.[ANNOTATIONS.vmGeneration];
  if (seen === generation) return;
  const { namespace, name } = vmi.metadata;
  const revision = revisions.get(namespace, String(vmi.status?.virtualMachineRevisionName));
  if (!revision || !same(specOf(revision)?.template, vm.spec.template)) return;
  const path = pointer('metadata', 'annotations', ANNOTATIONS.vmGeneration);
  run.vmi = await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
    { op: 'test', path, value: seen ?? null },
    { op: seen === undefined ? 'add' : 'replace', path, value: generation },
  ]);
}

function specOf(revision: ControllerRevision): VirtualMachine['spec'] | undefined {
  return (revision.data as { spec?: VirtualMachine['spec'] } | undefined)?.spec;
}
