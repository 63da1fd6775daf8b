import type { PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { CacheIndex } from '../cache-index';
import { type PersistentVolume, SimKinds } from '../kinds';
import { isDeleting, uidOf } from '../objects';
import { type RunningController, type SimContext, startController, update, watching } from '../runtime';

/** How much later, in lags of the caches, a claim that has lost its volume is found out. */
const RESYNC_LAGS = 2;

/**
 * Binds claims to the volumes that name them, marks claims whose volume has gone elsewhere Lost, and volumes whose
 * claim is gone Released (kube-controller-manager, pv_controller.go). Making and deleting volumes is storage's part.
 */
export async function startVolumeBinder(context: SimContext): Promise<RunningController> {
  const client = context.clientFor('persistent-volume-binder');
  await Promise.all([context.synced(SimKinds.PersistentVolume), context.synced(Kinds.PersistentVolumeClaim)]);
  const volumes = context.cache(SimKinds.PersistentVolume);
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const volumesByClaim = new CacheIndex(volumes, ({ spec }) =>
    spec.claimRef?.uid ? [spec.claimRef.uid] : [],
  );

  /** Since when claims are without the volume that they name. */
  const bereft = new Map<string, number>();

  async function syncClaim(claim: PersistentVolumeClaim, signal: AbortSignal) {
    const named = claim.spec.volumeName;
    if (!named) {
      const volume = volumesByClaim.get(uidOf(claim))[0];
      if (volume) await bind(claim, volume, signal);
      return undefined;
    }
    const volume = volumes.get(undefined, named);
    const isOurs = volume?.spec.claimRef?.uid === uidOf(claim);
    if (volume && isOurs) await setBound(claim, volume, signal);
    else if (claim.status?.phase === 'Bound') return lose(claim, named, signal);
    return undefined;
  }

  /** A claim that lost its volume is looked at later than the one that got it: at its own next change, or resync. */
  async function lose(claim: PersistentVolumeClaim, named: string, signal: AbortSignal) {
    const since = bereft.get(uidOf(claim)) ?? Date.now();
    bereft.set(uidOf(claim), since);
    const left = since + RESYNC_LAGS * context.options.lagMs - Date.now();
    if (left > 0 && !isDeleting(claim)) return { requeueAfterMs: left };
    bereft.delete(uidOf(claim));
    const live = await client.get(SimKinds.PersistentVolume, { name: named }, { signal });
    if (live?.spec.claimRef?.uid !== uidOf(claim)) await setStatus(claim, { phase: 'Lost' }, signal);
    return undefined;
  }

  async function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal) {
    await setVolumePhase(volume, 'Bound', signal);
    const bound = await update(
      client,
      Kinds.PersistentVolumeClaim,
      claim,
      (copy) => {
        copy.spec.volumeName = volume.metadata.name;
        copy.metadata.annotations = {
          ...copy.metadata.annotations,
          'pv.kubernetes.io/bind-completed': 'yes',
          'pv.kubernetes.io/bound-by-controller': 'yes',
        };
      },
      { signal },
    );
    await setBound(bound, volume, signal);
  }

  function setBound(claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal) {
    const { capacity, accessModes } = volume.spec;
    const known = claim.status?.phase === 'Bound' ? claim.status.capacity : undefined;
    return setStatus(claim, { phase: 'Bound', accessModes, capacity: known ?? capacity }, signal);
  }

  async function setStatus(claim: PersistentVolumeClaim, status: object, signal: AbortSignal): Promise<void> {
    const change = (copy: PersistentVolumeClaim) => {
      copy.status = status;
    };
    await update(client, Kinds.PersistentVolumeClaim, claim, change, { subresource: 'status', signal });
  }

  async function setVolumePhase(
    volume: PersistentVolume,
    phase: 'Bound' | 'Released' | 'Available',
    signal: AbortSignal,
  ): Promise<void> {
    const change = (copy: PersistentVolume) => {
      copy.status = { ...copy.status, phase };
    };
    await update(client, SimKinds.PersistentVolume, volume, change, { subresource: 'status', signal });
  }

  async function syncVolume(volume: PersistentVolume, signal: AbortSignal): Promise<void> {
    const { claimRef } = volume.spec;
    if (!claimRef) return setVolumePhase(volume, 'Available', signal);
    if (volume.status?.phase === 'Released') return;
    if (claims.get(claimRef.namespace, claimRef.name)?.metadata.uid === claimRef.uid) return;
    // the cache lags: only a claim that the server does not have either is gone
    const live = await client.get(Kinds.PersistentVolumeClaim, claimRef, { signal });
    if (claimRef.uid && live?.metadata.uid !== claimRef.uid) await setVolumePhase(volume, 'Released', signal);
  }

  const claimController = await startController(context, {
    name: 'claim-binder',
    watches: [
      watching(Kinds.PersistentVolumeClaim),
      watching(SimKinds.PersistentVolume, ({ spec }) =>
        spec.claimRef ? [`${spec.claimRef.namespace}/${spec.claimRef.name}`] : [],
      ),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = claims.get(namespace, name);
      if (claim) return syncClaim(claim, signal);
    },
  });
  const volumeController = await startController(context, {
    name: 'volume-binder',
    watches: [
      watching(SimKinds.PersistentVolume),
      watching(Kinds.PersistentVolumeClaim, ({ spec }) => (spec.volumeName ? [`/${spec.volumeName}`] : [])),
    ],
    async reconcile({ name }, signal) {
      const volume = volumes.get(undefined, name);
      if (volume) await syncVolume(volume, signal);
    },
  });
  return {
    async stop() {
      await Promise.all([claimController.stop(), volumeController.stop()]);
      volumesByClaim.close();
    },
  };
}
