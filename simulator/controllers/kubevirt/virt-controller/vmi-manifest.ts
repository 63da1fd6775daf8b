import type { VirtualMachine, VirtualMachineInstance, VmiSpec } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { controllerReference } from '../../objects';
import { applyAutoattach } from '../instancetype/preference';
import { ANNOTATIONS, FINALIZERS } from '../names';
import { legacyUuid } from './firmware';
import { applyTypes, type VmTypes } from './types';

/**
 * The VMI of a VM that starts: its template, owned, with the identity of its firmware fixed, and with what its
 * types say. Throws when they and the template contradict each other.
 */
export function vmiOf(vm: VirtualMachine, revision: string, types: VmTypes): VirtualMachineInstance {
  const { metadata, spec } = structuredClone(vm.spec.template);
  const { name, namespace, generation } = vm.metadata;
  applyAutoattach(types.preference, spec);
  const vmi: VirtualMachineInstance & { spec: VmiSpec } = {
    metadata: {
      name,
      namespace,
      labels: metadata?.labels,
      annotations: { ...metadata?.annotations, [ANNOTATIONS.vmGeneration]: String(generation) },
      finalizers: [FINALIZERS.vmController],
      ownerReferences: [controllerReference(Kinds.VirtualMachine, vm)],
    },
    spec: withDefaults(spec, vm),
    status: { virtualMachineRevisionName: revision },
  };
  applyTypes(vm, vmi, types);
  // By the webhook: too late for the preferred bus.
  vmi.spec.domain.devices = { ...vmi.spec.domain.devices, disks: disksOf(vmi.spec) };
  return vmi;
}

function withDefaults(spec: VmiSpec, vm: VirtualMachine): VmiSpec {
  const { firmware, devices } = spec.domain;
  const networking = networksOf(spec);
  return {
    ...spec,
    ...(isStartPaused(vm) && { startStrategy: 'Paused' }),
    domain: {
      ...spec.domain,
      firmware: { ...firmware, uuid: firmware?.uuid || legacyUuid(vm.metadata.name) },
      devices: { ...devices, interfaces: networking.interfaces },
    },
    networks: networking.networks,
  };
}

/** A volume that no disk names gets one of its own. */
function disksOf({ domain, volumes = [] }: VmiSpec) {
  const disks = domain.devices?.disks ?? [];
  const named = new Set(disks.map(({ name }) => name));
  return [...disks, ...volumes.filter(({ name }) => !named.has(name)).map(({ name }) => ({ name }))];
}

/** A VM that names no network is on the pod's. */
function networksOf({ domain, networks = [] }: VmiSpec) {
  const interfaces = domain.devices?.interfaces ?? [];
  const attached = domain.devices?.autoattachPodInterface !== false;
  if (interfaces.length > 0 || networks.length > 0 || !attached) return { interfaces, networks };
  return { interfaces: [{ name: 'default', masquerade: {} }], networks: [{ name: 'default', pod: {} }] };
}

function isStartPaused(vm: VirtualMachine): boolean {
  const request = vm.status?.stateChangeRequests?.[0];
  return request?.action === 'Start' && (request.data as { paused?: string } | undefined)?.paused === 'true';
}
