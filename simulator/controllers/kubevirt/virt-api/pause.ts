import type { VirtualMachineInstance } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import type { SubresourceHandler } from '../../../apiserver';
import { conditionOf } from '../objects';
import { internal, vmConflict, vmiConflict, vmiForbidden, vmiNotFound } from './answers';

/** What virt-api calls on a node: its virt-handler. Rejects when the node doesn't answer. */
export interface NodeAgent {
  pause(vmi: VirtualMachineInstance): Promise<void>;
  unpause(vmi: VirtualMachineInstance): Promise<void>;
}

/** The subresources of a VirtualMachineInstance that virt-api passes on to its node. */
export function pauseHandlers(client: ClusterClient, node: NodeAgent): Record<string, SubresourceHandler> {
  const handler =
    (check: (vmi: VirtualMachineInstance) => void, act: (vmi: VirtualMachineInstance) => Promise<void>) =>
    async ({ namespace, name }: { namespace?: string; name: string }) => {
      const vmi = await client.get(Kinds.VirtualMachineInstance, { namespace, name });
      if (!vmi) throw vmiNotFound(name);
      check(vmi);
      try {
        await act(vmi);
      } catch (error) {
        throw internal((error as Error).message);
      }
      return { code: 200 };
    };
  return {
    pause: handler(checkPause, (vmi) => node.pause(vmi)),
    unpause: async (request) => {
      const vm = await client.get(Kinds.VirtualMachine, request);
      if (vm?.status?.snapshotInProgress) {
        throw vmConflict(request.name, 'VM snapshot is in progress');
      }
      return handler(checkUnpause, (vmi) => node.unpause(vmi))(request);
    },
  };
}

function checkPause({ metadata, spec, status }: VirtualMachineInstance): void {
  if (status?.phase !== 'Running') throw vmiConflict(metadata.name, 'VM is not running');
  const probe = spec?.livenessProbe as { guestAgentPing?: unknown } | undefined;
  if (probe && !probe.guestAgentPing) {
    throw vmiForbidden(
      metadata.name,
      'Pausing VMIs with a non-GuestAgentPing LivenessProbe is not supported',
    );
  }
  if (conditionOf(status.conditions, 'Paused')) throw vmiConflict(metadata.name, 'VMI is already paused');
}

function checkUnpause({ metadata, status }: VirtualMachineInstance): void {
  if (status?.phase !== 'Running') throw vmiConflict(metadata.name, 'VMI is not running');
  if (!conditionOf(status.conditions, 'Paused')) throw vmiConflict(metadata.name, 'VMI is not paused');
}
