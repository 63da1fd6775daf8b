import type { Pod } from '../../src/clone/resources';
import { COPY_PROGRESS, type PublishedProgress } from '../controllers/cdi/copy-progress';

export type PodStatus = NonNullable<Pod['status']>;
type Container = NonNullable<PodStatus['containerStatuses']>[number];

export function containerOf(pod: Pod): Container | undefined {
  return pod.status?.containerStatuses?.[0];
}

export function isRunning(pod: Pod): boolean {
  return containerOf(pod)?.state?.running !== undefined;
}

export function progressOf(pod: Pod): PublishedProgress | undefined {
  return pod.status?.conditions?.find(({ type }) => type === COPY_PROGRESS);
}

/** Since when the container works, exact to the millisecond; undefined until it has begun. */
export function startOf(pod: Pod): string | undefined {
  return progressOf(pod)?.lastTransitionTime;
}

export function conditionsWithout(status: PodStatus) {
  return (status.conditions ?? []).filter(({ type }) => type !== COPY_PROGRESS);
}

export function setContainer(status: PodStatus, change: Partial<Container>): void {
  const [first, ...others] = status.containerStatuses ?? [];
  status.containerStatuses = [{ ...first, ...change }, ...others];
}

export function crash(status: PodStatus): void {
  const terminated = { exitCode: 1, reason: 'Error', finishedAt: new Date().toISOString() };
  setContainer(status, {
    ready: false,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } },
    lastState: { terminated },
  });
  status.conditions = conditionsWithout(status);
}
