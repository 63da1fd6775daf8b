import type { Pod, VirtualMachineInstance } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import type { Migration, MigrationState } from '../kinds';
import { LABELS } from '../names';
import { now } from '../objects';

const PATH = '/status/migrationState';

/** From now on the VMI says which migration it is in, and the node that it moves to prepares itself. */
export async function handOver(
  client: ClusterClient,
  migration: Migration,
  vmi: VirtualMachineInstance,
  pods: { source?: Pod; target: Pod },
): Promise<void> {
  const { namespace, name, labels } = vmi.metadata;
  const targetNode = pods.target.spec?.nodeName as string;
  const state: MigrationState = {
    migrationUid: migration.metadata.uid,
    sourceNode: vmi.status?.nodeName,
    sourcePod: pods.source?.metadata.name,
    targetNode,
    targetPod: pods.target.metadata.name,
  };
  await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
    { op: 'test', path: '/metadata/labels', value: labels ?? null },
    { op: 'add', path: '/metadata/labels', value: { ...labels, [LABELS.migrationTargetNode]: targetNode } },
    { op: 'test', path: PATH, value: vmi.status?.migrationState ?? null },
    { op: 'add', path: PATH, value: state },
  ]);
}

/** Writes into what the VMI says of this migration; 422 when it says something of another one by now. */
export async function patchState(
  client: ClusterClient,
  migration: Migration,
  { metadata: { namespace, name } }: VirtualMachineInstance,
  change: MigrationState,
): Promise<void> {
  await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
    { op: 'test', path: `${PATH}/migrationUid`, value: migration.metadata.uid },
    ...Object.entries(change).map(([field, value]) => ({
      op: 'add' as const,
      path: `${PATH}/${field}`,
      value,
    })),
  ]);
}

/** How a migration ends in the VMI's status when it has failed. */
export function endOf(state: MigrationState, failureReason: string): MigrationState {
  return {
    failed: true,
    completed: true,
    ...(!state.endTimestamp && { endTimestamp: now() }),
    ...(!state.startTimestamp && { startTimestamp: now() }),
    ...(!state.failureReason && { failureReason }),
  };
}
