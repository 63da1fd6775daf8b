import type { PersistentVolumeClaim } from '../../../../src/clone/resources';
import { isCode, Kinds } from '../../../../src/kubernetes';
import { annotationOf, bytesOf, isBound, requestOf, uidOf } from '../../objects';
import { update } from '../../runtime';
import { Ann, APP, Component, Label, prepPodName } from '../names';
import { podFor } from '../pods';
import { type Clone, type ClonePhase, DONE, temporaryClaim, WAIT } from './phase';

/**
 * Has the temporary claim bound and grown to the size that was asked for, by a pod that mounts it and ends
 * (CDI pkg/controller/clone/prep-claim.go).
 */
export const prepClaim: ClonePhase = {
  name: 'PrepClaim',

  async reconcile(clone) {
    const { cdi, target, source, signal } = clone;
    const claim = temporaryClaim(clone);
    if (!claim) throw new Error(`claim ${source.namespace}/tmp-pvc-${uidOf(target)} does not exist`);
    const asked = requestOf(target);
    const requested = requestOf(claim);
    if (!asked || !requested) throw new Error('requested PVC sizes missing');
    const actual = claim.status?.capacity?.storage;
    if (actual && bytesOf(requested) < bytesOf(asked)) {
      await update(
        cdi.client,
        Kinds.PersistentVolumeClaim,
        claim,
        ({ spec }) => {
          spec.resources = { ...spec.resources, requests: { ...spec.resources?.requests, storage: asked } };
        },
        { signal },
      );
      return WAIT;
    }
    if (!actual && isBound(claim)) throw new Error('actual PVC size missing');
    const needsPod = !actual || bytesOf(actual) < bytesOf(asked);
    const pod = cdi.pods.get(source.namespace, prepPodName(uidOf(target)));
    if (!needsPod && !pod) return DONE;
    if (pod?.status?.phase === 'Succeeded') {
      await cdi.client.delete(Kinds.Pod, pod.metadata, { uid: uidOf(pod), signal });
    }
    if (needsPod && !pod) await createPod(clone, claim);
    return WAIT;
  },
};

async function createPod({ cdi, target, signal }: Clone, claim: PersistentVolumeClaim): Promise<void> {
  const node = annotationOf(claim, Ann.selectedNode);
  const pod = podFor({
    namespace: claim.metadata.namespace,
    name: prepPodName(uidOf(target)),
    claim,
    labels: {
      [Label.app]: APP,
      [Label.component]: Component.prep,
      [Label.ownedByUid]: uidOf(target),
    },
    annotations: { [Ann.createdBy]: 'yes' },
    container: 'dummy',
  });
  if (node) pod.spec = { ...pod.spec, nodeName: node };
  try {
    await cdi.client.create(Kinds.Pod, pod, { signal });
  } catch (error) {
    if (!isCode(error, 409)) throw error;
  }
}
