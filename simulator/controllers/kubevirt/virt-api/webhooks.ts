import { randomUUID } from 'node:crypto';
import type { VirtualMachine, VirtualMachineInstance, VmTemplate } from '../../../../src/clone/resources';
import type { ClusterClient } from '../../../../src/kubernetes';
import type { AdmissionFunctions, AdmissionRequest, User } from '../../../apiserver';
import { findPreference, ifFound } from '../instancetype/find';
import type { PreferenceSpec } from '../kinds';
import { ACCOUNTS, ANNOTATIONS, FINALIZERS } from '../names';
import { phaseTransitions, same } from '../objects';
import { denied } from './causes';
import { migrationWebhooks } from './migration-webhooks';
import { schemaCauses } from './schema';
import { snapshotWebhooks } from './snapshot-webhooks';
import { matcherCauses, withTypes } from './types';
import { inProgressCauses, reservedLabelsOf, vmCauses, vmiCauses } from './validation';

/** Version of the PCI layout that a new guest gets. */
const PCI_TOPOLOGY = 'v3';

/** virt-api's webhooks: defaults and checks of the objects of KubeVirt. They read the cluster as virt-api. */
export function webhooks(client: ClusterClient): AdmissionFunctions {
  const migrations = migrationWebhooks(client);
  return {
    mutating: [(request) => mutateVm(client, request), mutateVmi, migrations.mutate],
    validating: [
      (request) => validateVm(client, request),
      validateVmi,
      migrations.validate,
      snapshotWebhooks(client),
    ],
  };
}

/** Defaults. The firmware's are written into a new VM and never later: who clears them keeps them cleared. */
async function mutateVm(client: ClusterClient, request: AdmissionRequest): Promise<void> {
  if (!isAbout(request, 'virtualmachines') || !request.object) return;
  const webhook = 'virtualmachines-mutator.kubevirt.io';
  const vm = request.object as unknown as VirtualMachine;
  const wrong = schemaCauses(vm);
  if (wrong.length > 0) throw denied(webhook, wrong);
  const { spec, metadata } = vm;
  if (metadata.deletionTimestamp) return;
  const misfits = matcherCauses(vm, request.oldObject as unknown as VirtualMachine | undefined);
  if (misfits.length > 0) throw denied(webhook, misfits);
  const preference = spec.preference && (await ifFound(findPreference(client, vm)));
  setDefaults(vm, preference);
  if (request.operation !== 'CREATE') return;
  const { domain } = spec.template.spec;
  const { uuid, serial, ...firmware } = domain.firmware ?? {};
  domain.firmware = { ...firmware, uuid: uuid || randomUUID(), serial: serial || randomUUID() };
  setPciTopology(spec.template);
}

/** What has to be in the VM before its VMI is made (instancetype/webhooks/vm/mutator.go Mutate). */
function setDefaults({ spec }: VirtualMachine, preference: PreferenceSpec | undefined): void {
  const { domain } = spec.template.spec;
  spec.template.spec.architecture ||= preference?.preferredArchitecture || 'amd64';
  const machine = domain.machine as { type?: string } | undefined;
  domain.machine = {
    ...machine,
    type: machine?.type || preference?.machine?.preferredMachineType || 'q35',
  };
  const storageClassName = preference?.volumes?.preferredStorageClassName;
  if (!storageClassName) return;
  for (const { spec: wanted } of spec.dataVolumeTemplates ?? []) {
    const { pvc, storage } = wanted as Record<'pvc' | 'storage', { storageClassName?: string } | undefined>;
    for (const claim of [pvc, storage]) if (claim) claim.storageClassName ??= storageClassName;
  }
}

function mutateVmi(request: AdmissionRequest): void {
  if (!isAbout(request, 'virtualmachineinstances') || !request.object) return;
  const vmi = request.object as unknown as VirtualMachineInstance;
  if (request.operation === 'CREATE') {
    setPciTopology(vmi);
    vmi.metadata.finalizers = [...(vmi.metadata.finalizers ?? []), FINALIZERS.vmi];
    vmi.status = {
      ...vmi.status,
      phase: 'Pending',
      phaseTransitionTimestamps: phaseTransitions(vmi, 'Pending'),
    };
  } else if (request.operation === 'UPDATE' && !isKubeVirt(request.user)) {
    // There is no status subresource: what users write into the status is put back.
    vmi.status = (request.oldObject as unknown as VirtualMachineInstance).status;
  }
}

async function validateVm(client: ClusterClient, request: AdmissionRequest): Promise<void> {
  if (!isAbout(request, 'virtualmachines') || !request.object) return;
  const webhook = 'virtualmachine-validator.kubevirt.io';
  const vm = request.object as unknown as VirtualMachine;
  if (vm.metadata.deletionTimestamp) return;
  const typed = await withTypes(client, vm);
  if (typed.causes.length > 0) throw denied(webhook, typed.causes);
  const causes = vmCauses(typed.vm, isKubeVirt(request.user));
  if (causes.length > 0) throw denied(webhook, causes);
  const old = request.oldObject as unknown as VirtualMachine | undefined;
  const refused = old ? inProgressCauses(vm, old) : [];
  if (refused.length > 0) throw denied(webhook, refused);
}

function validateVmi({ operation, object, oldObject, user, ...request }: AdmissionRequest): void {
  if (!isAbout({ operation, user, ...request }, 'virtualmachineinstances')) return;
  const vmi = object as unknown as VirtualMachineInstance;
  if (operation === 'CREATE') {
    const causes = vmiCauses(vmi.spec as Parameters<typeof vmiCauses>[0]);
    if (causes.length > 0) throw denied('virtualmachineinstances-create-validator.kubevirt.io', causes);
    return;
  }
  if (isKubeVirt(user)) return;
  const refuse = (message: string) =>
    denied('virtualmachineinstances-update-validator.kubevirt.io', [
      { reason: 'FieldValueNotSupported', message },
    ]);
  if (!same(object?.spec, oldObject?.spec)) throw refuse('update of VMI object is restricted');
  const old = oldObject as unknown as VirtualMachineInstance;
  if (!same(reservedLabelsOf(vmi.metadata.labels), reservedLabelsOf(old.metadata.labels))) {
    throw refuse('modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited');
  }
}

function isAbout({ kind, subresource, operation }: AdmissionRequest, plural: string): boolean {
  const written = operation === 'CREATE' || operation === 'UPDATE';
  return written && subresource === '' && kind.group === 'kubevirt.io' && kind.plural === plural;
}

function isKubeVirt(user: User): boolean {
  return (Object.values(ACCOUNTS) as string[]).includes(user.name);
}

function setPciTopology(holder: VmTemplate | VirtualMachineInstance): void {
  const annotations = holder.metadata?.annotations;
  if (annotations?.[ANNOTATIONS.pciTopology]) return;
  const set = { ...annotations, [ANNOTATIONS.pciTopology]: PCI_TOPOLOGY };
  (holder as VmTemplate).metadata = { ...holder.metadata, annotations: set };
}
