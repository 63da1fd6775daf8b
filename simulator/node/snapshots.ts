import type { PersistentVolumeClaim } from '../../src/clone/resources';
import { Kinds } from '../../src/kubernetes';
import {
  type PersistentVolume,
  SimKinds,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from '../controllers/kinds';
import { annotationOf, uidOf } from '../controllers/objects';
import type { SimContext } from '../controllers/runtime';

const PREFIX = 'snapshot.storage.kubernetes.io';
const DEFAULT_CLASS = `${PREFIX}/is-default-class`;

export const SNAPSHOT_PROTECTION = [
  `${PREFIX}/volumesnapshot-as-source-protection`,
  `${PREFIX}/volumesnapshot-bound-protection`,
];
export const SOURCE_PROTECTION = `${PREFIX}/pvc-as-source-protection`;
export const CONTENT_PROTECTION = `${PREFIX}/volumesnapshotcontent-bound-protection`;
/** Only now may the storage delete what it has of a snapshot. */
export const BEING_DELETED = `${PREFIX}/volumesnapshot-being-deleted`;

export function contentName(snapshot: VolumeSnapshot): string {
  return `snapcontent-${uidOf(snapshot)}`;
}

/** What a snapshot has to do with, as the caches have it. */
export class SnapshotRelations {
  constructor(private readonly context: SimContext) {}

  contentOf(snapshot: VolumeSnapshot): VolumeSnapshotContent | undefined {
    return this.context.cache(SimKinds.VolumeSnapshotContent).get(undefined, contentName(snapshot));
  }

  sourceOf({ metadata, spec }: VolumeSnapshot): PersistentVolumeClaim | undefined {
    const { persistentVolumeClaimName = '' } = spec.source;
    return this.context.cache(Kinds.PersistentVolumeClaim).get(metadata.namespace, persistentVolumeClaimName);
  }

  volumeOf(claim: PersistentVolumeClaim | undefined): PersistentVolume | undefined {
    return this.context.cache(SimKinds.PersistentVolume).get(undefined, claim?.spec.volumeName ?? '');
  }

  /** The class that is named, else the default one of the source's driver. */
  classOf(snapshot: VolumeSnapshot): VolumeSnapshotClass | undefined {
    const classes = this.context.cache(SimKinds.VolumeSnapshotClass);
    const named = snapshot.spec.volumeSnapshotClassName;
    if (named !== undefined) return classes.get(undefined, named);
    const driver = this.volumeOf(this.sourceOf(snapshot))?.spec.csi?.driver;
    return classes
      .list()
      .find((each) => each.driver === driver && annotationOf(each, DEFAULT_CLASS) === 'true');
  }

  /** True while another snapshot of the same claim is being taken. */
  isSourceNeeded(snapshot: VolumeSnapshot): boolean {
    return this.context
      .cache(SimKinds.VolumeSnapshot)
      .list(snapshot.metadata.namespace)
      .some(
        (other) =>
          uidOf(other) !== uidOf(snapshot) &&
          other.spec.source.persistentVolumeClaimName === snapshot.spec.source.persistentVolumeClaimName &&
          !other.metadata.deletionTimestamp &&
          !other.status?.readyToUse,
      );
  }

  /** True while a claim that is filled from the snapshot has no volume yet. */
  isBeingRestored({ metadata }: VolumeSnapshot): boolean {
    return this.context
      .cache(Kinds.PersistentVolumeClaim)
      .list(metadata.namespace)
      .some(
        ({ spec, status }) =>
          spec.dataSourceRef?.kind === 'VolumeSnapshot' &&
          spec.dataSourceRef.name === metadata.name &&
          status?.phase === 'Pending',
      );
  }
}
