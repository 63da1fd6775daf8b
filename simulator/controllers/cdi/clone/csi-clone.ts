import { Kinds } from '../../../../src/kubernetes';
import { milliseconds } from '../../../options';
import { isBound } from '../../objects';
import { isPopulated, podsWriting, storageClassOf, waitsForConsumer } from '../cdi';
import { type Clone, type ClonePhase, DONE, desiredClaim, temporaryClaim, WAIT } from './phase';

/** A claim whose data source is the source claim: the CSI driver copies (CDI pkg/controller/clone/csi-clone.go). */
export const csiClone: ClonePhase = {
  name: 'CSIClone',

  async reconcile(clone) {
    const { cdi, source, signal } = clone;
    let claim = temporaryClaim(clone);
    if (!claim) {
      if (!isSourceReady(clone)) {
        const { progressIntervalSeconds } = cdi.context.options;
        return { done: false, requeueAfterMs: milliseconds(progressIntervalSeconds, cdi.context.options) };
      }
      const sourceClaim = cdi.claims.get(source.namespace, source.name);
      if (!sourceClaim) throw new Error('source claim does not exist');
      const desired = desiredClaim(clone, {});
      const dataSource = { kind: 'PersistentVolumeClaim', name: source.name };
      desired.spec = {
        ...desired.spec,
        dataSource,
        dataSourceRef: dataSource,
        resources: { requests: { storage: sourceClaim.status?.capacity?.storage } },
      };
      claim = await cdi.client.create(Kinds.PersistentVolumeClaim, desired, { signal });
    }
    if (isBound(claim)) return DONE;
    const storageClass = storageClassOf(cdi, claim.spec.storageClassName);
    if (!storageClass) throw new Error('no storageclass for pvc');
    return waitsForConsumer(storageClass) ? DONE : WAIT;
  },
};

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
