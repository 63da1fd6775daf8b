import { randomUUID } from 'node:crypto';
import type { VirtualMachine, VirtualMachineInstance, VmTemplate } from '../../../../src/clone/resources';
import type { AdmissionFunctions, AdmissionRequest, User } from '../../../apiserver';
import { ACCOUNTS, ANNOTATIONS, FINALIZERS } from '../names';
import { phaseTransitions, same } from '../objects';
import { schemaCauses } from './schema';
import { denied, vmCauses } from './validation';

/** Version of the PCI layout that a new guest gets. */
const PCI_TOPOLOGY = 'v3';

/** virt-api's webhooks: defaults and checks of VirtualMachines and VirtualMachineInstances. */
export const webhooks: AdmissionFunctions = {
  mutating: [mutateVm, mutateVmi],
  validating: [validateVm, validateVmi],
};

/** Written into a VM when it is made, and never later: who clears a field keeps it cleared. */
function mutateVm(request: AdmissionRequest): void {
  if (!isAbout(request, 'virtualmachines') || !request.object) return;
  const vm = request.object as unknown as VirtualMachine;
  const wrong = schemaCauses(vm);
  if (wrong.length > 0) throw denied('virtualmachines-mutator.kubevirt.io', wrong);
  const { spec, metadata } = vm;
  if (metadata.deletionTimestamp) return;
  const { domain } = spec.template.spec;
  spec.template.spec.architecture ??= 'amd64';
  domain.machine ??= { type: 'q35' };
  if (request.operation !== 'CREATE') return;
  const { uuid, serial, ...firmware } = domain.firmware ?? {};
  domain.firmware = { ...firmware, uuid: uuid || randomUUID(), serial: serial || randomUUID() };
  setPciTopology(spec.template);
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

function validateVm(request: AdmissionRequest): void {
  if (!isAbout(request, 'virtualmachines') || !request.object) return;
  const vm = request.object as unknown as VirtualMachine;
  if (vm.metadata.deletionTimestamp) return;
  const causes = vmCauses(vm);
  if (causes.length > 0) throw denied('virtualmachine-validator.kubevirt.io', causes);
}

function validateVmi(request: AdmissionRequest): void {
  const { operation, object, oldObject, user } = request;
  if (!isAbout(request, 'virtualmachineinstances') || operation !== 'UPDATE' || isKubeVirt(user)) return;
  if (same(object?.spec, oldObject?.spec)) return;
  const restricted = { reason: 'FieldValueNotSupported', message: 'update of VMI object is restricted' };
  throw denied('virtualmachineinstances-update-validator.kubevirt.io', [restricted]);
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
