import { CREATED_FOR, isInProgress, isOurs, madeFor } from '../clone/ownership';
import { isCdiPod } from '../clone/power';
import type {
  DataVolume,
  KubernetesResource,
  ObjectMeta,
  PersistentVolumeClaim,
  VirtualMachine,
} from '../clone/resources';
import {
  frozenPlanName,
  MARKS,
  type Owner,
  type PlannedCopy,
  type PlannedDisk,
  type TargetRecord,
  type VmRef,
} from '../contract';
import { ApiError, type ClusterClient, isCode, type Kind, Kinds } from '../kubernetes';
import type { View } from './view';

/** Which clone's objects. */
export interface TargetScope extends Owner {
  source: VmRef;
  target: VmRef;
  disks: Pick<PlannedDisk, 'dataVolume'>[];
  /** What it was to get copies of. */
  copies?: readonly PlannedCopy[];
  /** Uids as recorded when they were made; absent when `createTarget` did not come to its end. */
  record?: TargetRecord;
  /**
   * Of the run that undoes: a target without the in-progress mark that this very run made is unfinished, whoever
   * took the mark off. Any other is a clone that somebody works with (the workflow may have been reset).
   */
  runId?: string;
  /** Uids of DataVolumes and claims seen before they were deleted: temporary objects are known by these. */
  uids?: string[];
}

/** What of a clone still stands, as `kind namespace/name`; and the uids that its temporary objects carry. */
export interface Remains {
  names: string[];
  uids: string[];
  /** Names of the copy's own pods, in both namespaces. */
  pods: string[];
}

interface Found {
  vm?: VirtualMachine;
  dataVolumes: DataVolume[];
  /** All claims of the target's namespace with a planned name. */
  claims: PersistentVolumeClaim[];
  /** Those that were made for a DataVolume of ours which is gone without them. */
  abandoned: PersistentVolumeClaim[];
  /** The frozen plan, and copies of what the clone names. */
  companions: KubernetesResource[];
  remains: Remains;
}

/**
 * Asks for the deletion of what a clone made and is not being deleted yet. Never touches anything else: an
 * object must carry our marks and, where recorded, the uid; deletion is bound to that uid.
 *
 * A target without the in-progress mark is finished: it is its user's now, and stays with its disks. (The sweep
 * comes by for a source that is still owed its start.)
 *
 * A claim of a planned name that was not made for our DataVolume is somebody else's: the DataVolume goes
 * without it (`Orphan`), before the VM.
 */
export async function removeTarget(
  client: ClusterClient,
  view: View,
  scope: TargetScope,
  signal: AbortSignal,
): Promise<Remains> {
  const found = await find(view, scope);
  const { vm, dataVolumes, claims, companions } = found;
  const refusals: unknown[] = [];
  const remove = async (
    kind: Kind,
    object: KubernetesResource,
    propagationPolicy: 'Background' | 'Orphan',
  ) => {
    const { namespace, name, uid, deletionTimestamp } = object.metadata;
    if (deletionTimestamp) return;
    try {
      await client
        .delete(kind, { namespace, name }, { uid, propagationPolicy, signal })
        .catch(ignoreReplaced);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusals.push(error);
    }
  };
  for (const dataVolume of dataVolumes) {
    const claim = claims.find(({ metadata }) => metadata.name === dataVolume.metadata.name);
    const foreign = claim && claim.metadata.annotations?.[CREATED_FOR] !== dataVolume.metadata.uid;
    if (foreign) await remove(Kinds.DataVolume, dataVolume, 'Orphan');
    else if (!vm) await remove(Kinds.DataVolume, dataVolume, 'Background');
  }
  if (vm) await remove(Kinds.VirtualMachine, vm, 'Background');
  for (const claim of found.abandoned) await remove(Kinds.PersistentVolumeClaim, claim, 'Background');
  for (const companion of companions) await remove(kindOf(companion), companion, 'Background');
  // What may not be deleted keeps nothing else from going.
  if (refusals.length > 0) throw refusals[0];
  return found.remains;
}

/** What still stands. */
export async function remainsOf(view: View, scope: TargetScope): Promise<Remains> {
  return (await find(view, scope)).remains;
}

async function find(view: View, scope: TargetScope): Promise<Found> {
  const { source, target, record } = scope;
  const planned = new Set(scope.disks.map(({ dataVolume }) => dataVolume));
  const namespaces = [...new Set([target.namespace, source.namespace])];
  const everywhere = async <T extends KubernetesResource>(kind: Kind<T>, owner?: Owner) =>
    (await Promise.all(namespaces.map((namespace) => view.list(kind, namespace, owner)))).flat();

  const [standing, labelled, claims, pods, snapshots, revisions, secrets] = await Promise.all([
    view.get(Kinds.VirtualMachine, target),
    everywhere(Kinds.DataVolume, scope),
    everywhere(Kinds.PersistentVolumeClaim),
    everywhere(Kinds.Pod),
    everywhere(Kinds.VolumeSnapshot),
    everywhere(Kinds.ControllerRevision, scope),
    copiesIn(view, scope),
  ]);
  const { vm, keeper, isFinished } = statusOf(standing, scope);
  const isKept = ({ metadata }: KubernetesResource) => isOwnedBy(metadata, keeper);
  const dataVolumes = labelled.filter(
    (each) =>
      !isFinished &&
      !isKept(each) &&
      each.metadata.namespace === target.namespace &&
      (planned.has(each.metadata.name) || isOwnedBy(each.metadata, vm)) &&
      (!record || record.dataVolumes.some(({ uid }) => uid === each.metadata.uid)),
  );
  const origins = isFinished
    ? []
    : [
        ...(scope.uids ?? []),
        ...(record?.dataVolumes.map(({ uid }) => uid) ?? []),
        ...dataVolumes.map(({ metadata }) => metadata.uid as string),
      ];
  const made = madeFor(origins, [...claims, ...pods, ...snapshots]);
  const uids = new Set([...origins, ...made.map(({ metadata }) => metadata.uid as string)]);
  const pod = new Set<KubernetesResource>(pods);
  const targetClaims = claims.filter(
    ({ metadata }) => metadata.namespace === target.namespace && planned.has(metadata.name),
  );
  // A finished clone keeps its copies: all that may be left of its making is the frozen plan.
  const isFrozen = ({ metadata }: KubernetesResource) => metadata.name === frozenPlanName(scope.cloneUid);
  const companions = [...revisions, ...secrets].filter((each) =>
    isFinished ? isFrozen(each) : !isKept(each),
  );
  const filled = new Set(labelled.map(({ metadata }) => metadata.uid));
  return {
    vm,
    dataVolumes,
    claims: targetClaims,
    abandoned: targetClaims.filter((claim) => {
      const origin = claim.metadata.annotations?.[CREATED_FOR];
      if (isFinished || origin === undefined || filled.has(origin)) return false;
      return origins.includes(origin) || (!record && isOurs(claim, scope));
    }),
    companions,
    remains: {
      names: [...(vm ? [vm] : []), ...dataVolumes, ...made, ...companions].map(describe),
      uids: [...uids],
      pods: made.filter((each) => pod.has(each) && isCdiPod(each)).map(({ metadata }) => metadata.name),
    },
  };
}

/**
 * What the VM of the target's name is: one that is to be deleted (`vm`); or a finished clone, whose labels its user may
 * have taken off; or somebody's. What one of the latter owns is its own, whatever its labels say (`keeper`).
 */
function statusOf(standing: VirtualMachine | undefined, scope: TargetScope) {
  if (!standing) return { isFinished: false };
  const { record, runId } = scope;
  const isMarked = isOurs(standing, scope, record?.vmUid);
  const isTarget = record ? standing.metadata.uid === record.vmUid : isMarked;
  const isFinished = isTarget && !isInProgress(standing) && !isMadeBy(standing, runId);
  return {
    vm: isMarked && !isFinished ? standing : undefined,
    keeper: isFinished || !isTarget ? standing : undefined,
    isFinished,
  };
}

/** Copied Secrets and ConfigMaps are known by name: nobody lists Secrets. */
async function copiesIn(view: View, scope: TargetScope): Promise<KubernetesResource[]> {
  const named = (scope.copies ?? []).filter(({ kind }) => kind !== 'ControllerRevision');
  const found = await Promise.all(
    named.map(({ kind, name }) => view.get(Kinds[kind] as Kind, { namespace: scope.target.namespace, name })),
  );
  return found.filter((each) => each !== undefined).filter((each) => isOurs(each, scope));
}

/** Gone, or replaced by another object of that name, between reading and deleting. */
function ignoreReplaced(error: unknown): boolean {
  if (isCode(error, 409)) return false;
  throw error;
}

function isOwnedBy({ ownerReferences }: ObjectMeta, owner: KubernetesResource | undefined): boolean {
  return owner !== undefined && (ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false);
}

function isMadeBy({ metadata }: VirtualMachine, runId: string | undefined): boolean {
  return runId !== undefined && metadata.annotations?.[MARKS.runId] === runId;
}

function kindOf({ kind }: KubernetesResource): Kind {
  return Kinds[kind as PlannedCopy['kind']];
}

function describe({ kind, metadata }: KubernetesResource): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}
