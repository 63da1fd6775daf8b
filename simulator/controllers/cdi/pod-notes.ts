import type { PersistentVolumeClaim, Pod } from '../../../src/clone/resources';
import { annotate, annotationOf } from '../objects';
import { Ann } from './names';

/**
 * Notes on a claim how the container of its pod does, under `prefix`. One that doesn't run turns off the *target's*
 * running mark whichever side it is: that is what makes Running flicker while the source pod crashes
 * (CDI pkg/controller/util.go, setAnnotationsFromPodWithPrefix).
 */
export function notePod(claim: PersistentVolumeClaim, pod: Pod, prefix: string): void {
  const container = pod.status?.containerStatuses?.[0];
  if (!container) return;
  const restarts = container.restartCount ?? 0;
  if (restarts >= Number(annotationOf(claim, Ann.podRestarts) ?? 0)) {
    annotate(claim, { [Ann.podRestarts]: String(restarts) });
  }
  const { running, waiting, terminated } = (container.state ?? {}) as Record<
    string,
    { reason?: string; message?: string } | undefined
  >;
  if (running) {
    annotate(claim, { [prefix]: 'true', [`${prefix}.message`]: '', [`${prefix}.reason`]: 'Pod is running' });
    return;
  }
  annotate(claim, { [Ann.running]: 'false' });
  const stopped = terminated ?? (waiting?.reason === 'CrashLoopBackOff' ? undefined : waiting);
  if (!stopped) return;
  annotate(claim, {
    [`${prefix}.message`]: stopped.message ?? '',
    [`${prefix}.reason`]: stopped.reason ?? '',
  });
}
