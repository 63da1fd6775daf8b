import { uidOf } from '../../objects';
import { isBoundOrWaits } from '../cdi';
import { temporarySnapshotName } from '../names';
import { copyEvents } from './copy-events';
import { type ClonePhase, createClaim, DONE, desiredClaim, temporaryClaim, WAIT } from './phase';
import { temporarySnapshot } from './snapshot';

const GROUP = 'snapshot.storage.k8s.io';

/** A claim whose data source is the snapshot, once that can be read (CDI pkg/controller/clone/snap-clone.go). */
export const snapshotClone: ClonePhase = {
  name: 'SnapshotClone',

  async reconcile(clone) {
    const { cdi, target } = clone;
    let claim = temporaryClaim(clone);
    if (!claim) {
      const { status } = temporarySnapshot(clone) ?? {};
      if (!status) throw new Error('source snapshot does not exist');
      if (!status.readyToUse) return WAIT;
      if (status.restoreSize === undefined) throw new Error('snapshot missing restoresize');
      const desired = desiredClaim(clone, {});
      const dataSource = {
        apiGroup: GROUP,
        kind: 'VolumeSnapshot',
        name: temporarySnapshotName(uidOf(target)),
      };
      desired.spec = { ...desired.spec, dataSource, dataSourceRef: dataSource };
      if (status.restoreSize !== '0') desired.spec.resources = { requests: { storage: status.restoreSize } };
      claim = await createClaim(clone, desired);
    }
    copyEvents(clone, claim);
    return isBoundOrWaits(cdi, claim) ? DONE : WAIT;
  },
};
