/**
 * How fast the simulated cluster is. All times are in seconds of simulated time, `timeScale` real seconds each;
 * a test makes everything quick, `npm start` makes it look like a cluster.
 */
export interface SimulatorOptions {
  /** How far controllers' caches are behind the API server, in real milliseconds. */
  lagMs: number;
  /** Real seconds that a simulated second takes: 0.01 runs a hundred times as fast. */
  timeScale: number;
  /** From the pod's start to a running guest. */
  bootSeconds: number;
  /** From the shutdown signal to a guest that is off. */
  stopSeconds: number;
  /** From a schedulable pod to running containers. */
  podStartSeconds: number;
  /** Until a volume is provisioned and bound. */
  provisionSeconds: number;
  /** Until a volume is cloned by its CSI driver, or made from a snapshot. */
  csiCloneSeconds: number;
  /** Of a host-assisted copy, per simulated second. */
  copyBytesPerSecond: number;
  /** Between two looks of CDI at a copy that is under way, and between two numbers that the copy publishes. */
  progressIntervalSeconds: number;
  /** Names of the nodes. */
  nodes: string[];
}

/** As `npm start` runs it: a running VM with 8 GiB cloned by CSI and 4 GiB copied is a clone in some 30 s. */
export const DEFAULT_OPTIONS: SimulatorOptions = {
  lagMs: 30,
  timeScale: 1,
  bootSeconds: 6,
  stopSeconds: 4,
  podStartSeconds: 1,
  provisionSeconds: 1,
  csiCloneSeconds: 4,
  copyBytesPerSecond: 200 * 2 ** 20,
  progressIntervalSeconds: 2,
  nodes: ['node-1', 'node-2', 'node-3'],
};

/** For tests: every step takes some ten milliseconds, so that all of them still happen one after another. */
export const FAST_OPTIONS: SimulatorOptions = {
  ...DEFAULT_OPTIONS,
  lagMs: 5,
  bootSeconds: 0.05,
  stopSeconds: 0.05,
  podStartSeconds: 0.01,
  provisionSeconds: 0.02,
  csiCloneSeconds: 0.05,
  copyBytesPerSecond: 40 * 2 ** 30,
  progressIntervalSeconds: 0.02,
};

/** Real milliseconds of so many simulated seconds. */
export function milliseconds(seconds: number, { timeScale }: Pick<SimulatorOptions, 'timeScale'>): number {
  return seconds * 1000 * timeScale;
}
