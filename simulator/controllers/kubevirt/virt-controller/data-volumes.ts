import type { DataVolume, VirtualMachine } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { controllerOf, controllerReference } from '../../objects';
import { ANNOTATIONS, LABELS } from '../names';
import { conditionOf } from '../objects';
import type { VmReconcile } from './vm-reconcile';

type Template = NonNullable<VirtualMachine['spec']['dataVolumeTemplates']>[number];

/**
 * Makes the DataVolumes that the VM's templates ask for. True when each is far enough for the VM to start:
 * populated, or waiting for exactly that start (vm.go handleDataVolumes).
 */
export async function ensureDataVolumes(run: VmReconcile): Promise<boolean> {
  let ready = true;
  for (const template of run.vm.spec.dataVolumeTemplates ?? []) {
    const dataVolume = run.dataVolumes.get(run.vm.metadata.namespace, template.metadata.name);
    if (!dataVolume) await create(run, template);
    else if (isFarEnough(run, dataVolume)) continue;
    ready = false;
  }
  return ready;
}

function isFarEnough({ vm, record }: VmReconcile, { metadata, status }: DataVolume): boolean {
  const phase = status?.phase;
  if (phase === 'Succeeded' || phase === 'WaitForFirstConsumer' || phase === 'PendingPopulation') return true;
  if (phase === 'Failed') {
    const failed = `DataVolume ${metadata.name} failed to import disk image`;
    record(vm, 'Warning', 'FailedDataVolumeImport', failed);
  }
  const bound = conditionOf(status?.conditions, 'Bound');
  if (phase === 'Pending' && bound?.status !== 'True' && bound?.reason === 'ErrExceededQuota') {
    record(vm, 'Warning', 'FailedDataVolumeImport', `DataVolume ${metadata.name} exceeds quota limits`);
    throw new Error(`DataVolume ${metadata.name} importer is not running due to an error: ${bound.message}`);
  }
  return false;
}

async function create(run: VmReconcile, template: Template): Promise<void> {
  const { client, record, vm } = run;
  const { name } = template.metadata;
  const key = `${vm.metadata.namespace}/${name}`;
  if (run.dataVolumeExpectations.isCreating(key)) return;
  const dataVolume = dataVolumeOf(vm, template);
  const { pvc } = dataVolume.spec.source ?? {};
  if (pvc && !run.claims.get(pvc.namespace, pvc.name)) {
    const missing = `Source PVC ${pvc.name} not available: Target PVC ${name} will remain unpopulated until source is created`;
    record(vm, 'Warning', 'SourcePVCNotAvailabe', missing);
  }
  try {
    await run.dataVolumeExpectations.creating(key, () => client.create(Kinds.DataVolume, dataVolume));
  } catch (error) {
    const why = (error as Error).message;
    record(vm, 'Warning', 'FailedDataVolumeCreate', `Error creating DataVolume ${name}: ${why}`);
    throw new Error(`failed to create DataVolume: ${why}`, { cause: error });
  }
  record(vm, 'Normal', 'SuccessfulDataVolumeCreate', `Created DataVolume ${name}`);
}

/** Takes what a template names and nobody controls: it goes with the VM from now on. */
export async function adoptDataVolumes({ client, dataVolumes, vm }: VmReconcile): Promise<void> {
  for (const template of vm.spec.dataVolumeTemplates ?? []) {
    const found = dataVolumes.get(vm.metadata.namespace, template.metadata.name);
    if (!found || found.metadata.deletionTimestamp || controllerOf(found)) continue;
    const ownerReferences = [
      ...(found.metadata.ownerReferences ?? []),
      controllerReference(Kinds.VirtualMachine, vm),
    ];
    await client.replace(Kinds.DataVolume, { ...found, metadata: { ...found.metadata, ownerReferences } });
  }
}

/** A template's DataVolume adopts a claim of its name that exists already. */
function dataVolumeOf(vm: VirtualMachine, template: Template): DataVolume {
  const { metadata, spec } = structuredClone(template) as unknown as DataVolume;
  const { namespace, uid } = vm.metadata;
  const pvc = spec.source?.pvc;
  if (spec.source && pvc) spec.source.pvc = { ...pvc, namespace: pvc.namespace || (namespace as string) };
  return {
    metadata: {
      name: metadata.name,
      namespace,
      annotations: { ...metadata.annotations, [ANNOTATIONS.allowClaimAdoption]: 'true' },
      labels: { ...metadata.labels, [LABELS.createdBy]: uid as string },
      ownerReferences: [controllerReference(Kinds.VirtualMachine, vm)],
    },
    spec,
  };
}
