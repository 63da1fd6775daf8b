import type { Caches, ClusterClient } from '../kubernetes';
import type { CloneLookup } from '../temporal/clone-lookup';
import type { HeartbeatTicker } from './heartbeat';

/** What activities work with; `worker.ts` and tests put it together. */
export interface ActivityDeps {
  client: ClusterClient;
  caches: Caches;
  heartbeats: HeartbeatTicker;
  /** Asks Temporal about other clones, for the sweep. */
  clones: CloneLookup;
  /** Random bytes for identities. */
  random: (bytes: number) => Uint8Array;
  limits: Limits;
}

/** Bounds of waiting, in milliseconds. */
export interface Limits {
  /** For the source to run again, before the clone goes on with a warning. */
  sourceReturn: number;
  /** For the copy pods of a deleted target to let go of the source's disks. */
  copyPodsGone: number;
  /** For a forced power-off, after the guest's own time is over. */
  forcedShutdown: number;
  /** From the stop of a source until no controller acts on what it saw before. */
  settle: number;
  /** Without any move of any disk, until the copy counts as stalled. */
  stall: number;
  /** Least age of what the sweep touches. */
  orphanAge: number;
}

export const DEFAULT_LIMITS: Limits = {
  sourceReturn: 5 * 60_000,
  copyPodsGone: 10 * 60_000,
  forcedShutdown: 60_000,
  settle: 3_000,
  stall: 5 * 60_000,
  orphanAge: 10 * 60_000,
};
