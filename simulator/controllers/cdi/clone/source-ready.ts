import { milliseconds } from '../../../options';
import { isBound } from '../../objects';
import { isPopulated, podsWriting } from '../cdi';
import type { Clone, PhaseOutcome } from './phase';

/** There, bound, filled and not written to; a pod that writes to it is named in an Event on the target. */
export function isSourceReady({ cdi, target, source }: Clone): boolean {
  const claim = cdi.claims.get(source.namespace, source.name);
  if (!claim || !isBound(claim)) return false;
  const pods = podsWriting(cdi, source.namespace, source.name);
  for (const { metadata } of pods) {
    cdi.recordEvent(
      { ...target, apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
      'Warning',
      'CloneSourceInUse',
      `pod ${metadata.namespace}/${metadata.name} using PersistentVolumeClaim ${source.name}`,
    );
  }
  return pods.length === 0 && isPopulated(cdi, claim);
}

/** Looks again after a while: nothing tells when a source becomes ready. */
export function lookAgain({ cdi: { context } }: Clone): PhaseOutcome {
  const { options } = context;
  return { done: false, requeueAfterMs: milliseconds(options.progressIntervalSeconds, options) };
}
