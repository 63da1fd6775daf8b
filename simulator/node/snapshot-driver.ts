import { Kinds } from '../../src/kubernetes';
import { SimKinds, type VolumeSnapshotContent } from '../controllers/kinds';
import {
  annotate,
  annotationOf,
  bytesOf,
  hasFinalizer,
  isDeleting,
  removeFinalizer,
  uidOf,
} from '../controllers/objects';
import { type ControllerDefinition, type SimContext, update, watching } from '../controllers/runtime';
import { milliseconds } from '../options';
import { CONTENT } from './copy-steering';
import { snapshotFault } from './snapshot-steering';
import { BEING_DELETED, CONTENT_PROTECTION } from './snapshots';

/**
 * The storage's part in a snapshot, as the sidecar csi-snapshotter does it: cuts it, says when it can be read, and
 * deletes it. What is on the volume at the cut is what is in it.
 */
export function snapshotDriver(context: SimContext): ControllerDefinition {
  const client = context.clientFor('csi-snapshotter');
  const contents = context.cache(SimKinds.VolumeSnapshotContent);
  const snapshots = context.cache(SimKinds.VolumeSnapshot);
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const volumes = context.cache(SimKinds.PersistentVolume);
  /** Since when each of them is worked at, by uid and step. */
  const begun = new Map<string, number>();

  /** Milliseconds until the step is done. */
  function left(content: VolumeSnapshotContent, step: string): number {
    const key = `${uidOf(content)} ${step}`;
    const since = begun.get(key) ?? Date.now();
    begun.set(key, since);
    const rest = since + milliseconds(context.options.provisionSeconds, context.options) - Date.now();
    if (rest <= 0) begun.delete(key);
    return rest;
  }

  function writeStatus(
    content: VolumeSnapshotContent,
    status: VolumeSnapshotContent['status'],
    signal: AbortSignal,
  ) {
    const change = (copy: VolumeSnapshotContent) => {
      copy.status = status;
    };
    return update(client, SimKinds.VolumeSnapshotContent, content, change, { subresource: 'status', signal });
  }

  async function cut(content: VolumeSnapshotContent, signal: AbortSignal): Promise<void> {
    const handle = content.spec.source.volumeHandle;
    const volume = volumes.list().find(({ spec }) => spec.csi?.volumeHandle === handle);
    if (!volume) return fail(content, `volume ${handle} not found`, signal);
    const written = annotationOf(volume, CONTENT);
    const noted = await update(
      client,
      SimKinds.VolumeSnapshotContent,
      content,
      (copy) => {
        if (written !== undefined) annotate(copy, { [CONTENT]: written });
      },
      { signal },
    );
    await writeStatus(
      noted,
      {
        creationTime: Date.now() * 1_000_000,
        readyToUse: false,
        restoreSize: bytesOf(volume.spec.capacity.storage),
        snapshotHandle: `snap-${uidOf(content)}`,
      },
      signal,
    );
  }

  async function fail(content: VolumeSnapshotContent, why: string, signal: AbortSignal): Promise<void> {
    const handle = content.spec.source.volumeHandle;
    const message =
      'Failed to check and update snapshot content: failed to take snapshot of the volume ' +
      `${handle}: "rpc error: code = Internal desc = ${why}"`;
    if (content.status?.error?.message === message) return;
    const error = { message, time: new Date().toISOString() };
    await writeStatus(content, { ...content.status, readyToUse: false, error }, signal);
  }

  async function remove(content: VolumeSnapshotContent, signal: AbortSignal): Promise<void> {
    if (!hasFinalizer(content, CONTENT_PROTECTION) || !annotationOf(content, BEING_DELETED)) return;
    const change = (copy: VolumeSnapshotContent) => removeFinalizer(copy, CONTENT_PROTECTION);
    await update(client, SimKinds.VolumeSnapshotContent, content, change, { signal });
  }

  const contentKey = ({ metadata }: { metadata: { uid?: string } }) => `/snapcontent-${metadata.uid}`;
  return {
    name: 'snapshot-driver',
    watches: [
      watching(SimKinds.VolumeSnapshotContent),
      watching(SimKinds.VolumeSnapshot, (snapshot) => [contentKey(snapshot)]),
      watching(Kinds.PersistentVolumeClaim, () => []),
      watching(SimKinds.PersistentVolume, () => []),
    ],
    async reconcile({ name }, signal) {
      const content = contents.get(undefined, name);
      if (!content) return undefined;
      if (isDeleting(content)) return remove(content, signal).then(() => undefined);
      if (content.status?.readyToUse) return undefined;
      const { namespace, name: snapshot } = content.spec.volumeSnapshotRef;
      const fault = snapshotFault(snapshots.get(namespace, snapshot), claims);
      if (fault === 'never') return undefined;
      if (fault === 'fail') return fail(content, 'storage is out of order', signal).then(() => undefined);
      const isCut = content.status?.creationTime !== undefined;
      if (isCut && fault === 'never-ready') return undefined;
      const wait = left(content, isCut ? 'upload' : 'cut');
      if (wait > 0) return { requeueAfterMs: wait };
      if (isCut) await writeStatus(content, { ...content.status, readyToUse: true }, signal);
      else await cut(content, signal);
      return undefined;
    },
  };
}
