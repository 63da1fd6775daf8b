import type { DataVolume, PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { annotationOf, isDeleting, uidOf } from '../objects';
import { type Cdi, storageClassOf, waitsForConsumer } from './cdi';
import { conditionOf, conditionsOf, type Explanation } from './conditions';
import { Ann, PROGRESS_DONE, PROGRESS_UNKNOWN } from './names';
import type { PhaseEvent, Population } from './population';

/** A phase that the sync decided on, because no claim could be made or read. */
export interface DecidedPhase extends Explanation {
  phase: string;
}

type Status = NonNullable<DataVolume['status']>;

/**
 * Writes the DataVolume's status as its claim and what the populator noted there say
 * (CDI pkg/controller/datavolume/controller-base.go, updateStatus). A patch of the changed fields alone, without a
 * resourceVersion, as CDI does: several controllers write to a DataVolume.
 */
export async function updateStatus(
  cdi: Cdi,
  dataVolume: DataVolume,
  population: Population,
  decided: DecidedPhase | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = dataVolume.metadata;
  const claim = cdi.claims.get(namespace, name);
  const old = dataVolume.status ?? {};
  const next = decided ? { ...old, phase: decided.phase } : statusOf(cdi, dataVolume, population, old, claim);
  next.conditions = conditionsOf(
    old.conditions ?? [],
    next.phase ?? '',
    decided ? undefined : claim,
    decided ?? {},
    new Date().toISOString(),
  );
  const changed = Object.entries(next).filter(
    ([field, value]) =>
      // an empty field is left out (`omitempty`)
      !(value === '' && old[field as keyof Status] === undefined) &&
      JSON.stringify(value) !== JSON.stringify(old[field as keyof Status]),
  );
  if (changed.length === 0) return;
  const stored = await cdi.client.patchMerge(
    Kinds.DataVolume,
    { namespace, name },
    { status: Object.fromEntries(changed) },
    { subresource: 'status', signal },
  );
  tell(cdi, dataVolume, stored, decided ? undefined : population.event(dataVolume, next.phase ?? ''));
}

function statusOf(
  cdi: Cdi,
  dataVolume: DataVolume,
  population: Population,
  old: Status,
  claim: PersistentVolumeClaim | undefined,
): Status {
  if (!claim) return old.phase ? { ...old } : { ...old, phase: 'Pending' };
  if (isDeleting(claim)) return { ...old };
  const next: Status = { ...old, claimName: claim.metadata.name };
  const phase = phaseOf(cdi, dataVolume, population, old.phase ?? '', claim);
  if (phase !== undefined) next.phase = phase;
  const restarts = Number(annotationOf(claim, Ann.podRestarts) ?? 0);
  if (restarts > 0) next.restartCount = restarts;
  next.progress = usesPopulator(claim)
    ? (annotationOf(claim, Ann.populatorProgress) ?? PROGRESS_UNKNOWN)
    : (old.progress ?? PROGRESS_UNKNOWN);
  if (next.phase === 'Succeeded' && annotationOf(claim, Ann.podPhase) === 'Succeeded') {
    next.progress = PROGRESS_DONE;
  }
  return next;
}

function phaseOf(
  cdi: Cdi,
  dataVolume: DataVolume,
  population: Population,
  phase: string,
  claim: PersistentVolumeClaim,
): string | undefined {
  if (claim.status?.phase === 'Lost') return 'Failed';
  if (!requiresWork(claim, dataVolume)) return 'Succeeded';
  if (annotationOf(claim, Ann.podPhase) === 'Succeeded') {
    return population.phase(cdi, dataVolume, claim) ?? phase;
  }
  const waits = waitsForConsumer(storageClassOf(cdi, claim.spec.storageClassName));
  if (claim.status?.phase === 'Pending') {
    if (!usesPopulator(claim)) return waits ? 'WaitForFirstConsumer' : 'Pending';
    const consumer =
      annotationOf(claim, Ann.selectedNode) !== undefined ||
      annotationOf(claim, Ann.boundImmediately) !== undefined;
    if (waits && !consumer) return 'PendingPopulation';
    return population.phase(cdi, dataVolume, claim);
  }
  const bound = ['Pending', 'WaitForFirstConsumer', 'Unknown'].includes(phase) ? 'PVCBound' : phase;
  return population.phase(cdi, dataVolume, claim) ?? bound;
}

export function usesPopulator(claim: PersistentVolumeClaim): boolean {
  return Boolean(claim.spec.dataSourceRef) && annotationOf(claim, Ann.usePopulator) === 'true';
}

/** False for a claim that was there before: already filled, or adopted as it is when the DataVolume allows it. */
export function requiresWork(claim: PersistentVolumeClaim | undefined, dataVolume: DataVolume): boolean {
  if (!claim) return true;
  if (annotationOf(claim, Ann.populatedFor) === dataVolume.metadata.name) return false;
  if (annotationOf(claim, Ann.createdForDataVolume) === uidOf(dataVolume)) return true;
  return annotationOf(dataVolume, Ann.allowClaimAdoption) !== 'true';
}

/** Events on a new phase, on a new Bound condition, and on a copy that stopped running with a message. */
function tell(cdi: Cdi, before: DataVolume, after: DataVolume, event: PhaseEvent | undefined): void {
  const about = { ...after, apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' };
  if (event && before.status?.phase !== after.status?.phase) {
    cdi.recordEvent(about, event.type, event.reason, event.message);
  }
  const bound = conditionOf(after, 'Bound');
  const wasBound = conditionOf(before, 'Bound');
  if (bound?.reason && (bound.reason !== wasBound?.reason || bound.message !== wasBound?.message)) {
    cdi.recordEvent(about, 'Normal', bound.reason, bound.message ?? '');
  }
  const running = conditionOf(after, 'Running');
  const ready = conditionOf(after, 'Ready');
  const isNew = running?.message !== conditionOf(before, 'Running')?.message;
  if (running?.status === 'False' && ready?.status === 'False' && running.message && isNew) {
    cdi.recordEvent(about, 'Warning', running.reason ?? '', running.message);
  }
}
