import type { PersistentVolumeClaim } from '../../src/clone/resources';
import type { WatchCache } from '../../src/kubernetes';
import { Label } from '../controllers/cdi/names';
import type { VolumeSnapshot } from '../controllers/kinds';
import { annotationOf, labelOf, uidOf } from '../controllers/objects';
import { STEERING_PREFIX } from './steering';

/**
 * What a user of the simulator asks of a snapshot, by the annotation `simulator.vm-clone.io/snapshot` on the
 * VolumeSnapshot, on the DataVolume of the clone that it is taken for (CDI carries it to the claim), or on the claim
 * that it is taken of: `never` is cut, `never-ready` is cut and can't be read, `fail`s again and again.
 */
export type SnapshotFault = 'never' | 'never-ready' | 'fail';

const SNAPSHOT = `${STEERING_PREFIX}snapshot`;
const FAULTS: readonly string[] = ['never', 'never-ready', 'fail'] satisfies SnapshotFault[];

export function snapshotFault(
  snapshot: VolumeSnapshot | undefined,
  claims: WatchCache<PersistentVolumeClaim>,
): SnapshotFault | undefined {
  if (!snapshot) return undefined;
  const target = labelOf(snapshot, Label.ownedByUid);
  const source = snapshot.spec.source.persistentVolumeClaimName ?? '';
  const asked = [
    snapshot,
    target ? claims.list().find((claim) => uidOf(claim) === target) : undefined,
    claims.get(snapshot.metadata.namespace, source),
  ].map((object) => annotationOf(object, SNAPSHOT));
  const said = asked.find((value) => value !== undefined);
  return FAULTS.includes(said ?? '') ? (said as SnapshotFault) : undefined;
}
