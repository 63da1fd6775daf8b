import type { Pod, VirtualMachineInstance } from '../../../../src/clone/resources';
import type { Migration, MigrationState } from '../kinds';
import { isFinal } from '../objects';
import { hasTarget, isEnded, isHandedOver, stateOf } from './migration-phase';
import { isDown } from './migration-target';

/**
 * Why a migration that is under way has failed, if it has (migration.go updateStatus). `others`: the migrations of its
 * namespace.
 */
export function failureOf(
  migration: Migration,
  vmi: VirtualMachineInstance,
  pod: Pod | undefined,
  others: readonly Migration[],
): string | undefined {
  const state = vmi.status?.migrationState as MigrationState | undefined;
  const own = stateOf(migration, vmi);
  if (isFinal(vmi)) return 'Migration failed vmi shutdown during migration.';
  const handedOver = own !== undefined || isHandedOver(migration);
  if (migration.metadata.deletionTimestamp && !handedOver) {
    return 'Migration failed due to being canceled';
  }
  if (pod && isDown(pod)) return 'Migration failed because target pod shutdown during migration';
  if (!pod && hasTarget(migration)) return 'Migration target pod was removed during active migration.';
  if (isHandedOver(migration) && !state) {
    return "VMI's migration state was cleared during the active migration.";
  }
  if (isHandedOver(migration) && !own) {
    return "VMI's migration state was taken over by another migration job during active migration.";
  }
  if (own?.failed) return 'source node reported migration failed';
  if (!migration.status?.phase && !isFree(state, others)) {
    return 'VMI is not eligible for migration because another migration job is in progress.';
  }
  return undefined;
}

/** No other migration that goes on has the VMI. */
function isFree(state: MigrationState | undefined, others: readonly Migration[]): boolean {
  const holder = others.find(({ metadata }) => metadata.uid === state?.migrationUid);
  return !holder || isEnded(holder);
}
