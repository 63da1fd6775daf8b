import type { PersistentVolumeClaim } from '../../../../src/clone/resources';
import { annotationOf, bytesOf, requestOf } from '../../objects';
import { type Cdi, storageClassOf } from '../cdi';
import { sizeMismatch } from '../claim-spec';
import { csiClone } from './csi-clone';
import { hostClone } from './host-clone';
import type { ClonePhase } from './phase';
import { prepClaim } from './prep-claim';
import { rebind } from './rebind';

/** The phases of each strategy, under the name that CDI gives it. */
export const STRATEGIES: Record<string, ClonePhase[]> = {
  copy: [hostClone, rebind],
  'csi-clone': [csiClone, prepClaim, rebind],
};

const HOST_ASSISTED = 'copy';

export interface Choice {
  strategy: string;
  /** Why the strategy is not the one that the storage asks for. */
  fallback?: { reason: string; message: string };
}

function fallBack(reason: string, message: string): Choice {
  return { strategy: HOST_ASSISTED, fallback: { reason, message } };
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
  const strategy = profile?.status?.cloneStrategy ?? 'snapshot';
  if (strategy === HOST_ASSISTED) return { strategy };
  if (!STRATEGIES[strategy]) {
    return fallBack('NoVolumeSnapshotClass', 'No volumesnapshotclass is found for the storage class');
  }
  if (storageClassOf(cdi, source.spec.storageClassName)?.provisioner !== targetClass.provisioner) {
    return fallBack('IncompatibleProvisioners', 'Provisioners are incompatible');
  }
  if ((source.spec.volumeMode ?? 'Filesystem') !== (target.spec.volumeMode ?? 'Filesystem')) {
    return fallBack('IncompatibleVolumeModes', 'The volume modes of source and target are incompatible');
  }
  const capacity = source.status?.capacity?.storage;
  const asked = requestOf(target);
  if (!capacity || !asked) throw new Error('source/target size info missing');
  const expandable = (targetClass as { allowVolumeExpansion?: boolean }).allowVolumeExpansion === true;
  if (bytesOf(capacity) < bytesOf(asked) && !expandable) {
    return fallBack('NoVolumeExpansion', 'No volume expansion is possible');
  }
  return { strategy };
}
