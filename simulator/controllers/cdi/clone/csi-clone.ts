import { isBoundOrWaits } from '../cdi';
import { copyEvents } from './copy-events';
import { type ClonePhase, createClaim, DONE, desiredClaim, temporaryClaim, WAIT } from './phase';
import { isSourceReady, lookAgain } from './source-ready';

/** A claim whose data source is the source claim: the CSI driver copies (CDI pkg/controller/clone/csi-clone.go). */
export const csiClone: ClonePhase = {
  name: 'CSIClone',

  async reconcile(clone) {
    const { cdi, source } = clone;
    let claim = temporaryClaim(clone);
    if (!claim) {
      if (!isSourceReady(clone)) return lookAgain(clone);
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
      claim = await createClaim(clone, desired);
    }
    copyEvents(clone, claim);
    return isBoundOrWaits(cdi, claim) ? DONE : WAIT;
  },
};
