import type { KubernetesResource } from '../../src/clone/resources';
import { milliseconds, type SimulatorOptions } from '../options';
import { STEERING_PREFIX } from './steering';

/**
 * How long an operation on a VM takes, in seconds; `never` holds it until the annotation changes; `fails`: a migration
 * goes wrong when it would be done. On the VM, or on the object that asks for the operation; in force at once.
 */
export const OPERATION_STEERING = {
  migration: `${STEERING_PREFIX}migration-seconds`,
  snapshot: `${STEERING_PREFIX}snapshot-seconds`,
  restore: `${STEERING_PREFIX}restore-seconds`,
} as const;

/** Of each operation, when nothing is said: as long as a guest takes to boot. */
export function operationSteering(
  operation: keyof typeof OPERATION_STEERING,
  places: readonly (KubernetesResource | undefined)[],
  { bootSeconds }: SimulatorOptions,
): number | 'never' | 'fails' {
  const name = OPERATION_STEERING[operation];
  const said = places.map((place) => place?.metadata.annotations?.[name]).find((text) => text !== undefined);
  if (said === 'never' || said === 'fails') return said;
  const seconds = Number(said ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : bootSeconds;
}

/** Since when operations are under way, by uid. Lost with the process: what was under way then begins anew. */
export class OperationClock {
  private readonly since = new Map<string, number>();

  constructor(private readonly options: SimulatorOptions) {}

  /** Milliseconds until an operation of so many seconds is over; it begins with the first question. */
  leftOf(uid: string, seconds: number): number {
    const since = this.since.get(uid) ?? Date.now();
    this.since.set(uid, since);
    return since + milliseconds(seconds, this.options) - Date.now();
  }

  forget(uid: string): void {
    this.since.delete(uid);
  }
}
