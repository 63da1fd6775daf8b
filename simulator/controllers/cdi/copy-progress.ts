import type { Condition, Pod } from '../../../src/clone/resources';

/**
 * How the node side publishes what a copying container would serve as its metric: a pod condition of this type,
 * whose message is the percentage, whose transition time is the container's start and whose probe time says when it
 * was published. Only while the container runs.
 */
export const COPY_PROGRESS = 'simulator.vm-clone.io/CopyProgress';

export type PublishedProgress = Condition & { lastProbeTime?: string };

/** Percent that the pod's copy has come to; undefined while nobody could ask it. */
export function copyProgress(pod: Pod): number | undefined {
  const running = pod.status?.containerStatuses?.[0]?.state?.running;
  if (pod.status?.phase !== 'Running' || !running) return undefined;
  const published = pod.status.conditions?.find(({ type }) => type === COPY_PROGRESS)?.message;
  return published === undefined ? undefined : Number(published);
}

export function progressCondition(percent: number, since: string): PublishedProgress {
  return {
    type: COPY_PROGRESS,
    status: 'True',
    message: String(percent),
    lastTransitionTime: since,
    lastProbeTime: new Date().toISOString(),
  };
}
