import { isCode } from '../../../../src/kubernetes';
import { SimKinds, type VolumeSnapshot } from '../../kinds';
import { uidOf } from '../../objects';
import { APP, Label, temporarySnapshotName } from '../names';
import { type Clone, type ClonePhase, DONE, WAIT } from './phase';
import { snapshotClassFor } from './snapshot-class';
import { isSourceReady, lookAgain } from './source-ready';

/** A snapshot of the source, in the source's namespace, until the storage has cut it (CDI pkg/controller/clone/snapshot.go). */
export const snapshotSource: ClonePhase = {
  name: 'Snapshot',

  async reconcile(clone) {
    const snapshot = temporarySnapshot(clone);
    if (snapshot) return snapshot.status?.creationTime ? DONE : WAIT;
    if (!isSourceReady(clone)) return lookAgain(clone);
    await createSnapshot(clone);
    return WAIT;
  },
};

export function temporarySnapshot({ cdi, target, source }: Clone): VolumeSnapshot | undefined {
  return cdi.snapshots.get(source.namespace, temporarySnapshotName(uidOf(target)));
}

async function createSnapshot({ cdi, target, source, signal }: Clone): Promise<void> {
  const volumeSnapshotClassName = snapshotClassFor(cdi, target)?.name;
  try {
    await cdi.client.create(
      SimKinds.VolumeSnapshot,
      {
        metadata: {
          namespace: source.namespace,
          name: temporarySnapshotName(uidOf(target)),
          labels: { [Label.app]: APP, [Label.ownedByUid]: uidOf(target) },
        },
        spec: { source: { persistentVolumeClaimName: source.name }, volumeSnapshotClassName },
      },
      { signal },
    );
  } catch (error) {
    if (!isCode(error, 409)) throw error; // made before, and the cache lags
  }
}
