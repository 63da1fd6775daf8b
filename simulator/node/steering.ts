import type { VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';
import type { SimulatorOptions } from '../options';

/** Prefix of the annotations that steer what the simulated node does with an object. */
export const STEERING_PREFIX = 'simulator.vm-clone.io/';

/** On a VM (in force at once), or on its template (in force from the next start). */
export const STEERING = {
  /** Seconds until the guest runs; `never`; `fails`: the launcher ends before the guest has run. */
  boot: `${STEERING_PREFIX}boot-seconds`,
  /**
   * Seconds until the guest is off after the shutdown signal, at most its grace period; `never`: only a forced
   * stop or restart (a grace period cut short) ends it; `dead`: its node stops answering, and nothing ends it.
   */
  stop: `${STEERING_PREFIX}stop-seconds`,
  /** `succeeded` or `failed`, or either with a colon and seconds: how, and how soon, each guest ends by itself. */
  guestExits: `${STEERING_PREFIX}guest-exits`,
} as const;

export interface Steering {
  boot: number | 'never' | 'fails';
  stop: number | 'never' | 'dead';
  guestExits?: { phase: 'Succeeded' | 'Failed'; afterSeconds: number };
}

/** How a guest behaves: as its VM or its template says, else as the options do. */
export function steeringOf(
  vmi: VirtualMachineInstance,
  vm: VirtualMachine | undefined,
  options: SimulatorOptions,
): Steering {
  const said = (name: string) => vm?.metadata.annotations?.[name] ?? vmi.metadata.annotations?.[name];
  return {
    boot: secondsOr(said(STEERING.boot), ['never', 'fails'], options.bootSeconds),
    stop: secondsOr(said(STEERING.stop), ['never', 'dead'], options.stopSeconds),
    guestExits: guestExit(said(STEERING.guestExits)),
  };
}

function secondsOr<W extends string>(said: string | undefined, words: W[], otherwise: number): number | W {
  const word = words.find((known) => known === said);
  if (word) return word;
  const seconds = Number(said ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : otherwise;
}

function guestExit(said: string | undefined): Steering['guestExits'] {
  const [, result, seconds] = /^(succeeded|failed)(?::(\d+(?:\.\d+)?))?$/.exec(said ?? '') ?? [];
  if (!result) return undefined;
  return { phase: result === 'failed' ? 'Failed' : 'Succeeded', afterSeconds: Number(seconds ?? 0) };
}
