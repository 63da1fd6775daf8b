import { annotationOf, uidOf } from '../../objects';
import { copyProgress } from '../copy-progress';
import { Ann, PROGRESS_DONE } from '../names';
import { copyEvents } from './copy-events';
import {
  type Clone,
  type ClonePhase,
  createClaim,
  DONE,
  desiredClaim,
  isCopied,
  temporaryClaim,
} from './phase';
import { lookAgain } from './source-ready';

/** Two pods copy: the upload and clone-source controllers run them (CDI pkg/controller/clone/host-clone.go). */
export const hostClone: ClonePhase = {
  name: 'HostClone',

  async reconcile(clone) {
    const { target, source } = clone;
    const claim =
      temporaryClaim(clone) ??
      (await createClaim(
        clone,
        desiredClaim(clone, {
          [Ann.preallocationRequested]: 'false',
          [Ann.ownerUid]: uidOf(target),
          [Ann.podRestarts]: '0',
          [Ann.cloneRequest]: `${source.namespace}/${source.name}`,
          [Ann.boundImmediately]: '',
        }),
      ));
    copyEvents(clone, claim);
    return isCopied(claim) ? DONE : lookAgain(clone);
  },

  status(clone: Clone) {
    const claim = temporaryClaim(clone);
    if (!claim) return {};
    return { annotations: claim.metadata.annotations, progress: progressOf(clone) };
  },
};

/** What the source pod reports while it runs: unknown before and between its starts. */
function progressOf(clone: Clone): string | undefined {
  const claim = temporaryClaim(clone);
  if (claim && isCopied(claim)) return PROGRESS_DONE;
  const name = annotationOf(claim, Ann.cloneSourcePod);
  const pod = name ? clone.cdi.pods.get(clone.source.namespace, name) : undefined;
  const percent = pod && copyProgress(pod);
  return percent === undefined ? undefined : `${percent.toFixed(2)}%`;
}
