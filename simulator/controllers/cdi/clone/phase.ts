import type { PersistentVolumeClaim } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { annotationOf, uidOf } from '../../objects';
import type { Cdi } from '../cdi';
import { Ann, Label, temporaryClaimName } from '../names';
import { isQuotaExceeded } from '../quota';

/** One clone: the claim that is to be filled, and the claim that it is filled from. */
export interface Clone {
  cdi: Cdi;
  target: PersistentVolumeClaim;
  source: { namespace: string; name: string };
  signal: AbortSignal;
}

export interface PhaseOutcome {
  /** False: come back when something has changed, or after `requeueAfterMs`. */
  done: boolean;
  requeueAfterMs?: number;
}

export interface PhaseStatus {
  progress?: string;
  /** Annotations of the temporary claim, which tell how its pods do. */
  annotations?: Record<string, string>;
}

/** A step of a strategy. All of them are gone through on each reconcile, up to the first that isn't done. */
export interface ClonePhase {
  name: string;
  reconcile(clone: Clone): Promise<PhaseOutcome>;
  status?(clone: Clone): PhaseStatus;
}

export const DONE: PhaseOutcome = { done: true };
export const WAIT: PhaseOutcome = { done: false };

/** The claim that is filled in the source's namespace, and whose volume then goes to the target. */
export function temporaryClaim({ cdi, target, source }: Clone): PersistentVolumeClaim | undefined {
  return cdi.claims.get(source.namespace, temporaryClaimName(uidOf(target)));
}

/** The temporary claim as all strategies make it (CDI pkg/controller/clone/planner.go, createDesiredClaim). */
export function desiredClaim(
  { target, source }: Clone,
  annotations: Record<string, string>,
): PersistentVolumeClaim {
  const { dataSource: _, dataSourceRef: __, ...spec } = structuredClone(target.spec);
  return {
    metadata: {
      namespace: source.namespace,
      name: temporaryClaimName(uidOf(target)),
      labels: {
        ...target.metadata.labels,
        [Label.ownedByUid]: uidOf(target),
        [Label.excludeFromBackup]: 'true',
      },
      annotations: {
        ...target.metadata.annotations,
        [Ann.populatorKind]: 'VolumeCloneSource',
        [Ann.eventSourceKind]: 'PersistentVolumeClaim',
        [Ann.eventSource]: `${target.metadata.namespace}/${target.metadata.name}`,
        ...annotations,
      },
    },
    spec,
  };
}

/** Creates the temporary claim; a quota of the source's namespace that forbids it is told on the target. */
export async function createClaim(
  { cdi, target, signal }: Clone,
  claim: PersistentVolumeClaim,
): Promise<PersistentVolumeClaim> {
  try {
    return await cdi.client.create(Kinds.PersistentVolumeClaim, claim, { signal });
  } catch (error) {
    if (isQuotaExceeded(error)) {
      const about = { ...target, apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
      cdi.recordEvent(about, 'Warning', 'ErrExceededQuota', error.message);
    }
    throw error;
  }
}

/** True once CDI has noted that the pod which writes to the claim has succeeded. */
export function isCopied(claim: PersistentVolumeClaim): boolean {
  return annotationOf(claim, Ann.podPhase) === 'Succeeded';
}
