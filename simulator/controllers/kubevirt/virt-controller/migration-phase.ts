import type { VirtualMachineInstance } from '../../../../src/clone/resources';
import type { Migration, MigrationState } from '../kinds';

/** Phases of a migration in which its target pod is there. */
const MOVING = ['Scheduling', 'Scheduled', 'PreparingTarget', 'TargetReady', 'Running'];

/** Phases in which the VMI knows of the migration, and the nodes carry it out. */
const HANDED_OVER = ['PreparingTarget', 'TargetReady', 'Running'];

export function isEnded({ status }: Migration): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** A migration of this VMI that has a target pod and hasn't ended (types.go IsRunning). */
export function isMoving({ spec, status }: Migration, { metadata }: VirtualMachineInstance): boolean {
  return spec.vmiName === metadata.name && MOVING.includes(status?.phase ?? '');
}

export function hasTarget({ status }: Migration): boolean {
  return MOVING.includes(status?.phase ?? '');
}

export function isHandedOver({ status }: Migration): boolean {
  return HANDED_OVER.includes(status?.phase ?? '');
}

/** What a VMI says of its migration, if that is this one. */
export function stateOf(
  { metadata }: Migration,
  { status }: VirtualMachineInstance,
): MigrationState | undefined {
  const state = status?.migrationState as MigrationState | undefined;
  return state?.migrationUid === metadata.uid ? state : undefined;
}

/** The phase that follows, or the same one, from what pod and VMI show (migration.go processMigrationPhase). */
export function nextPhase(
  migration: Migration,
  vmi: VirtualMachineInstance,
  target: { exists: boolean; isReady: boolean },
): string | undefined {
  const phase = migration.status?.phase;
  const state = stateOf(migration, vmi);
  const steps: Record<string, [next: string, holds: unknown]> = {
    '': ['Pending', true],
    Pending: ['Scheduling', target.exists],
    Scheduling: ['Scheduled', target.isReady],
    Scheduled: ['PreparingTarget', state?.targetNode],
    PreparingTarget: ['TargetReady', state?.targetNodeAddress],
    TargetReady: ['Running', state?.startTimestamp],
    Running: ['Succeeded', state?.completed],
  };
  const step = steps[phase ?? ''];
  return step?.[1] ? step[0] : phase;
}
