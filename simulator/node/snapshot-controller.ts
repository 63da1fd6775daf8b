import type { PersistentVolumeClaim } from '../../src/clone/resources';
import { isCode, Kinds } from '../../src/kubernetes';
import { eventRecorder } from '../controllers/events';
import { SimKinds, type VolumeSnapshot, type VolumeSnapshotContent } from '../controllers/kinds';
import {
  addFinalizer,
  annotate,
  hasFinalizer,
  isBound,
  isDeleting,
  removeFinalizer,
} from '../controllers/objects';
import { formatQuantity } from '../controllers/quantity';
import { type ControllerDefinition, keyOf, type SimContext, update, watching } from '../controllers/runtime';
import {
  BEING_DELETED,
  CONTENT_PROTECTION,
  contentName,
  SNAPSHOT_PROTECTION,
  SnapshotRelations,
  SOURCE_PROTECTION,
} from './snapshots';

/**
 * Gives each VolumeSnapshot of a claim its VolumeSnapshotContent, tells what the storage says of it, and keeps claim
 * and snapshot while they are needed (kubernetes-csi/external-snapshotter, pkg/common-controller).
 */
export function snapshotController(context: SimContext): ControllerDefinition {
  const controller = new SnapshotController(context);
  const snapshots = context.cache(SimKinds.VolumeSnapshot);
  return {
    name: 'snapshot-controller',
    watches: [
      watching(SimKinds.VolumeSnapshot),
      watching(SimKinds.VolumeSnapshotContent, ({ spec: { volumeSnapshotRef: ref } }) => [
        `${ref.namespace}/${ref.name}`,
      ]),
      watching(SimKinds.VolumeSnapshotClass, () => snapshots.list().map(keyOf)),
      watching(Kinds.PersistentVolumeClaim, ({ metadata, spec }) =>
        snapshots
          .list(metadata.namespace)
          .filter(
            (snapshot) =>
              snapshot.spec.source.persistentVolumeClaimName === metadata.name ||
              spec.dataSourceRef?.name === snapshot.metadata.name,
          )
          .map(keyOf),
      ),
      watching(SimKinds.PersistentVolume, () => []),
    ],
    async reconcile({ namespace, name }, signal) {
      const snapshot = snapshots.get(namespace, name);
      if (!snapshot) return;
      if (isDeleting(snapshot)) await controller.remove(snapshot, signal);
      else await controller.sync(snapshot, signal);
    },
  };
}

class SnapshotController {
  private readonly client;
  private readonly recordEvent;
  private readonly relations;

  constructor(context: SimContext) {
    this.relations = new SnapshotRelations(context);
    this.client = context.clientFor('snapshot-controller');
    this.recordEvent = eventRecorder(context, 'snapshot-controller');
  }

  async sync(stored: VolumeSnapshot, signal: AbortSignal): Promise<void> {
    const protect = (copy: VolumeSnapshot) => {
      for (const finalizer of SNAPSHOT_PROTECTION) addFinalizer(copy, finalizer);
    };
    const snapshot = await update(this.client, SimKinds.VolumeSnapshot, stored, protect, { signal });
    const content = this.relations.contentOf(snapshot);
    if (!content) return this.createContent(snapshot, signal);
    await this.tell(snapshot, content, signal);
    if (content.status?.readyToUse) await this.releaseSource(snapshot, signal);
  }

  async remove(snapshot: VolumeSnapshot, signal: AbortSignal): Promise<void> {
    if (!SNAPSHOT_PROTECTION.some((finalizer) => hasFinalizer(snapshot, finalizer))) return;
    if (this.relations.isBeingRestored(snapshot)) {
      const message = 'Snapshot is being used to restore a PVC';
      this.recordEvent(aboutSnapshot(snapshot), 'Warning', 'SnapshotDeletePending', message);
      return; // comes back with the claim's change
    }
    const ref = { name: contentName(snapshot) };
    const content = await this.client.get(SimKinds.VolumeSnapshotContent, ref, { signal });
    if (content) {
      const mark = (copy: VolumeSnapshotContent) => annotate(copy, { [BEING_DELETED]: 'yes' });
      await update(this.client, SimKinds.VolumeSnapshotContent, content, mark, { signal });
    }
    await this.releaseSource(snapshot, signal);
    if (content?.spec.deletionPolicy === 'Delete') {
      if (!isDeleting(content)) await this.client.delete(SimKinds.VolumeSnapshotContent, ref, { signal });
      return; // comes back when it is gone
    }
    const unprotect = (copy: VolumeSnapshot) => {
      for (const finalizer of SNAPSHOT_PROTECTION) removeFinalizer(copy, finalizer);
    };
    await update(this.client, SimKinds.VolumeSnapshot, snapshot, unprotect, { signal });
  }

  private async createContent(snapshot: VolumeSnapshot, signal: AbortSignal): Promise<void> {
    const { namespace = '', name, uid = '' } = snapshot.metadata;
    const storageClass = this.relations.classOf(snapshot);
    if (!storageClass) {
      const wanted = snapshot.spec.volumeSnapshotClassName;
      const missing = `volumesnapshotclass.snapshot.storage.k8s.io "${wanted}" not found`;
      const error = wanted === undefined ? 'cannot find default snapshot class' : missing;
      const why = `Failed to get snapshot class with error ${error}`;
      return this.refuse(snapshot, 'GetSnapshotClassFailed', why, signal);
    }
    const claim = this.relations.sourceOf(snapshot);
    const volume = claim && isBound(claim) ? this.relations.volumeOf(claim) : undefined;
    if (!claim || !volume?.spec.csi) {
      const source = snapshot.spec.source.persistentVolumeClaimName;
      const what = claim ? 'is not yet bound to a PV, will not attempt to take a snapshot' : 'not found';
      const why = `Failed to create snapshot content with error the PVC ${source} ${what}`;
      return this.refuse(snapshot, 'SnapshotContentCreationFailed', why, signal);
    }
    const protect = (copy: PersistentVolumeClaim) => addFinalizer(copy, SOURCE_PROTECTION);
    await update(this.client, Kinds.PersistentVolumeClaim, claim, protect, { signal });
    try {
      await this.client.create(
        SimKinds.VolumeSnapshotContent,
        {
          metadata: { name: contentName(snapshot), finalizers: [CONTENT_PROTECTION] },
          spec: {
            deletionPolicy: storageClass.deletionPolicy,
            driver: storageClass.driver,
            source: { volumeHandle: volume.spec.csi.volumeHandle },
            sourceVolumeMode: volume.spec.volumeMode ?? 'Filesystem',
            volumeSnapshotClassName: storageClass.metadata.name,
            volumeSnapshotRef: {
              apiVersion: 'snapshot.storage.k8s.io/v1',
              kind: 'VolumeSnapshot',
              namespace,
              name,
              uid,
            },
          },
        },
        { signal },
      );
    } catch (error) {
      if (!isCode(error, 409)) throw error;
    }
  }

  /** Copies what the storage says to where the user looks. */
  private async tell(
    snapshot: VolumeSnapshot,
    { metadata, status = {} }: VolumeSnapshotContent,
    signal: AbortSignal,
  ): Promise<void> {
    const { creationTime, restoreSize, readyToUse = false, error } = status;
    const next: VolumeSnapshot['status'] = {
      boundVolumeSnapshotContentName: metadata.name,
      readyToUse,
      ...(creationTime !== undefined && { creationTime: new Date(creationTime / 1_000_000).toISOString() }),
      ...(restoreSize !== undefined && { restoreSize: formatQuantity({ value: restoreSize, binary: true }) }),
      ...(error && { error }),
    };
    const change = (copy: VolumeSnapshot) => {
      copy.status = next;
    };
    await update(this.client, SimKinds.VolumeSnapshot, snapshot, change, { subresource: 'status', signal });
    const message = error?.message;
    if (message && message !== snapshot.status?.error?.message) {
      this.recordEvent(aboutSnapshot(snapshot), 'Warning', 'SnapshotCreationFailed', message);
    }
  }

  private async refuse(snapshot: VolumeSnapshot, reason: string, message: string, signal: AbortSignal) {
    if (snapshot.status?.error?.message === message) return;
    this.recordEvent(aboutSnapshot(snapshot), 'Warning', reason, message);
    const change = (copy: VolumeSnapshot) => {
      copy.status = { readyToUse: false, error: { message, time: new Date().toISOString() } };
    };
    await update(this.client, SimKinds.VolumeSnapshot, snapshot, change, { subresource: 'status', signal });
  }

  /** Lets the claim go, unless another snapshot of it is still being taken. */
  private async releaseSource(snapshot: VolumeSnapshot, signal: AbortSignal): Promise<void> {
    const claim = this.relations.sourceOf(snapshot);
    if (!claim || !hasFinalizer(claim, SOURCE_PROTECTION)) return;
    if (this.relations.isSourceNeeded(snapshot)) return;
    const unprotect = (copy: PersistentVolumeClaim) => removeFinalizer(copy, SOURCE_PROTECTION);
    await update(this.client, Kinds.PersistentVolumeClaim, claim, unprotect, { signal });
  }
}

function aboutSnapshot(snapshot: VolumeSnapshot): VolumeSnapshot {
  return { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', ...snapshot };
}
