import type { KubernetesResource, VirtualMachine } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { eventRecorder } from '../../events';
import { type ControllerDefinition, type Key, keyOf, type SimContext, watching } from '../../runtime';
import { ANNOTATIONS, FINALIZERS } from '../names';
import { claimNameOf, isControlledBy, runStrategyOf, same } from '../objects';
import { adoptDataVolumes, ensureDataVolumes } from './data-volumes';
import { Expectations } from './expectations';
import { syncFirmware } from './firmware';
import { bumpGeneration } from './revisions';
import { syncRunStrategy } from './run-strategy';
import { stopVmi } from './start-stop';
import { SyncError } from './sync-error';
import { syncTypes } from './types';
import type { VmReconcile } from './vm-reconcile';
import { updateStatus } from './vm-status';

const NAME = 'virt-controller';

/**
 * What virt-controller does for VirtualMachines: DataVolumes from templates, the VMI as the run strategy says,
 * status. (pkg/virt-controller/watch/vm/vm.go)
 */
export function vmController(context: SimContext): ControllerDefinition {
  const client = context.clientFor(NAME);
  const vms = context.cache(Kinds.VirtualMachine);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const dataVolumes = context.cache(Kinds.DataVolume);
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const revisions = context.cache(Kinds.ControllerRevision);
  const expectations = new Expectations(vmis as never, keyOf);
  const dataVolumeExpectations = new Expectations(dataVolumes as never, keyOf);
  const record = eventRecorder(context, NAME);

  const vmsUsing = (object: KubernetesResource): string[] => {
    const { namespace, name } = object.metadata;
    return vms
      .list(namespace)
      .filter((vm) => uses(vm, name))
      .map(keyOf);
  };

  async function reconcile({ namespace, name }: Key): Promise<{ requeueAfterMs: number } | undefined> {
    const original = vms.get(namespace, name);
    if (!original) return;
    if (await observeApiVersion(original)) return;
    const vmi = vmis.get(namespace, name);
    const run: VmReconcile = {
      client,
      options: context.options,
      record,
      expectations,
      dataVolumeExpectations,
      dataVolumes,
      claims,
      revisions,
      key: keyOf(original),
      original,
      vm: structuredClone(original),
      vmi: vmi && isControlledBy(vmi, original) ? vmi : undefined,
    };
    const failure = await sync(run);
    if (!run.gone) await updateStatus(run, failure);
    if (failure) throw failure;
    return run.requeueAfterMs === undefined ? undefined : { requeueAfterMs: run.requeueAfterMs };
  }

  /** The very first write: a status begins to exist with it, and its word has a default (CRD: Stopped). */
  async function observeApiVersion(vm: VirtualMachine): Promise<boolean> {
    if (vm.metadata.annotations?.[ANNOTATIONS.latestApiVersion] === 'v1') return false;
    const annotations = {
      ...vm.metadata.annotations,
      [ANNOTATIONS.latestApiVersion]: 'v1',
      [ANNOTATIONS.storageApiVersion]: 'v1',
    };
    const written = await client.replace(Kinds.VirtualMachine, {
      ...vm,
      metadata: { ...vm.metadata, annotations },
    });
    if (!written.status?.printableStatus) {
      const status = { ...written.status, printableStatus: 'Stopped' };
      await client.replace(Kinds.VirtualMachine, { ...written, status }, { subresource: 'status' });
    }
    return true;
  }

  return {
    name: 'virt-controller-vm',
    watches: [
      watching(Kinds.VirtualMachine),
      watching(Kinds.VirtualMachineInstance),
      watching(Kinds.DataVolume, vmsUsing),
      watching(Kinds.PersistentVolumeClaim, vmsUsing),
      watching(Kinds.ControllerRevision, () => []),
    ],
    reconcile,
  };
}

function uses({ spec }: VirtualMachine, name: string): boolean {
  return (
    (spec.template.spec.volumes ?? []).some((volume) => claimNameOf(volume) === name) ||
    (spec.dataVolumeTemplates ?? []).some((template) => template.metadata.name === name)
  );
}

/** Brings the cluster nearer to the VM's spec; returns what went wrong and belongs into the VM's status. */
async function sync(run: VmReconcile): Promise<SyncError | undefined> {
  if (!run.expectations.satisfied(run.key)) return undefined;
  try {
    if (run.vm.metadata.deletionTimestamp) await finalize(run);
    else await converge(run);
    return undefined;
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
}

async function finalize(run: VmReconcile): Promise<void> {
  const { finalizers = [] } = run.vm.metadata;
  if (run.vmi && !finalizers.includes('orphan')) return stopVmi(run, run.vmi);
  if (!finalizers.includes(FINALIZERS.vmController)) return;
  const left = finalizers.filter((finalizer) => finalizer !== FINALIZERS.vmController);
  await writeFinalizers(run, left);
  run.gone = left.length === 0;
}

async function converge(run: VmReconcile): Promise<void> {
  const { finalizers = [], annotations } = run.vm.metadata;
  if (!finalizers.includes(FINALIZERS.vmController)) {
    await writeFinalizers(run, [...finalizers, FINALIZERS.vmController]);
  }
  await adoptDataVolumes(run);
  await bumpGeneration(run);
  const strategy = runStrategyOf(run.vm);
  await syncTypes(run);
  if (annotations?.[ANNOTATIONS.immediateDataVolumes] !== 'false') {
    const ready = await SyncError.wrap(
      'Error encountered while creating DataVolumes',
      'FailedCreate',
      ensureDataVolumes(run),
    );
    if (!ready && strategy !== 'Halted') return;
  }
  await syncRunStrategy(run, strategy);
  if (run.expectations.satisfied(run.key)) await writeSpec(run);
}

async function writeFinalizers(run: VmReconcile, finalizers: string[]): Promise<void> {
  const { finalizers: old, namespace, name } = run.vm.metadata;
  const path = '/metadata/finalizers';
  run.vm = await run.client.patchJson(Kinds.VirtualMachine, { namespace, name }, [
    { op: 'test', path, value: old ?? null },
    { op: old ? 'replace' : 'add', path, value: finalizers },
  ]);
}

/** What virt-controller adds to the VM's own spec: a firmware id, and the PCI layout that the guest was given. */
async function writeSpec(run: VmReconcile): Promise<void> {
  await syncFirmware(run);
  const topology = run.vmi?.metadata.annotations?.[ANNOTATIONS.pciTopology];
  const { template } = run.vm.spec;
  if (!topology || template.metadata?.annotations?.[ANNOTATIONS.pciTopology]) return;
  const annotations = { ...template.metadata?.annotations, [ANNOTATIONS.pciTopology]: topology };
  const spec = { ...run.vm.spec, template: { ...template, metadata: { ...template.metadata, annotations } } };
  if (same(spec, run.vm.spec)) return;
  run.vm = await run.client.replace(Kinds.VirtualMachine, { ...run.vm, spec });
}
