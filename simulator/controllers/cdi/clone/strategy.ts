import type { PersistentVolumeClaim, StorageClass } from '../../../../src/clone/resources';
import { annotationOf, bytesOf, requestOf } from '../../objects';
import { type Cdi, storageClassOf } from '../cdi';
import { sizeMismatch } from '../claim-spec';
import { csiClone } from './csi-clone';
import { hostClone } from './host-clone';
import type { Clone, ClonePhase } from './phase';
import { prepClaim } from './prep-claim';
import { rebind } from './rebind';
import { snapshotSource } from './snapshot';
import { commonDriver, snapshotClassFor } from './snapshot-class';
import { snapshotClone } from './snapshot-clone';

/** The phases of each strategy, under the name that CDI gives it. */
const STRATEGIES: Record<string, ClonePhase[]> = {
  copy: [hostClone, rebind],
  snapshot: [snapshotSource, snapshotClone, prepClaim, rebind],
  'csi-clone': [csiClone, prepClaim, rebind],
};

const HOST_ASSISTED = 'copy';
const SNAPSHOT = 'snapshot';
/** Strategies by which the storage makes the clone by itself. */
const ADVANCED = [SNAPSHOT, 'csi-clone'];

/**
 * The phases of a clone by that strategy. Throws, whatever it has come to, when a snapshot's source or class is gone
 * (CDI pkg/controller/clone/planner.go, Plan).
 */
export function planOf({ cdi, target, source }: Clone, strategy: string): ClonePhase[] {
  const phases = STRATEGIES[strategy];
  if (!phases) throw new Error(`unknown strategy/source ${strategy}`);
  if (strategy !== SNAPSHOT) return phases;
  if (!cdi.claims.get(source.namespace, source.name)) throw new Error('source claim does not exist');
  if (!snapshotClassFor(cdi, target)) throw new Error('no compatible volumesnapshotclass');
  return phases;
}

export interface Choice {
  strategy: string;
  /** Why the strategy is not the one that the storage asks for. */
  fallback?: { reason: string; message: string };
  /** The snapshot class that was chosen, and why, for an Event. */
  selected?: string;
}

/** A clone that must not be made: tried again only because the source or the target may change. */
export class CloneRefused extends Error {
  override readonly name = 'CloneRefused';

  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * How the storage wants the claim to be cloned, or host-assisted where that can't be
 * (CDI pkg/controller/clone/planner.go, computeStrategyForSourcePVC). Undefined while the source is missing.
 */
export function chooseStrategy(
  cdi: Cdi,
  target: PersistentVolumeClaim,
  source: PersistentVolumeClaim | undefined,
): Choice | undefined {
  const targetClass = storageClassOf(cdi, target.spec.storageClassName);
  if (!targetClass) throw new Error('target storage class not found');
  if (!source) return undefined;
  const tooSmall =
    annotationOf(target, 'cdi.kubevirt.io/permissiveClone') === undefined
      ? sizeMismatch(source, target.spec)
      : undefined;
  if (tooSmall) throw new CloneRefused('ErrIncompatiblePVC', tooSmall);
  const profile = cdi.profiles.get(undefined, targetClass.metadata.name);
  const strategy = profile?.status?.cloneStrategy ?? SNAPSHOT;
  const snapshotClass = strategy === SNAPSHOT ? snapshotClassFor(cdi, source, target) : undefined;
  const selected = snapshotClass && `${snapshotClass.why} ${snapshotClass.name}`;
  if (strategy === SNAPSHOT && !snapshotClass) {
    const message = 'No compatible volumesnapshotclass found';
    return { strategy: HOST_ASSISTED, fallback: { reason: 'NoVolumeSnapshotClass', message } };
  }
  if (!ADVANCED.includes(strategy)) return { strategy };
  const fallback = whyNotAdvanced(cdi, source, target, targetClass);
  return fallback ? { strategy: HOST_ASSISTED, fallback, selected } : { strategy, selected };
}

/** Why storage can't make the clone by itself (planner.go, validateAdvancedClonePVC). */
function whyNotAdvanced(
  cdi: Cdi,
  source: PersistentVolumeClaim,
  target: PersistentVolumeClaim,
  targetClass: StorageClass,
): Choice['fallback'] {
  if (commonDriver(cdi, source, target) === undefined) {
    return { reason: 'IncompatibleProvisioners', message: 'Provisioners are incompatible' };
  }
  if ((source.spec.volumeMode ?? 'Filesystem') !== (target.spec.volumeMode ?? 'Filesystem')) {
    const message = 'The volume modes of source and target are incompatible';
    return { reason: 'IncompatibleVolumeModes', message };
  }
  const capacity = source.status?.capacity?.storage;
  const asked = requestOf(target);
  if (!capacity || !asked) throw new Error('source/target size info missing');
  const expandable = (targetClass as { allowVolumeExpansion?: boolean }).allowVolumeExpansion === true;
  if (bytesOf(capacity) < bytesOf(asked) && !expandable) {
    return { reason: 'NoVolumeExpansion', message: 'No volume expansion is possible' };
  }
  return undefined;
}
