import { MARKS, type Owner } from '../contract';
import type { KubernetesResource } from './resources';

/** CDI's notes on what it makes for a DataVolume (CDI pkg/controller/common). */
export const CREATED_FOR = 'cdi.kubevirt.io/createdForDataVolume';
export const OWNED_BY_UID = 'cdi.kubevirt.io/OwnedByUID';

/** Selects everything that a clone made. */
export function ownerSelector({ cloneUid, installation }: Owner): string {
  return `${MARKS.cloneUid}=${cloneUid},${MARKS.installation}=${installation}`;
}

/**
 * Whether the object is one that this clone made: its marks fit and, where its uid was recorded, that too.
 * (Marks can be forged, copied with a manifest, or re-applied by GitOps.)
 */
export function isOurs(object: KubernetesResource, owner: Owner, recordedUid?: string): boolean {
  const labels = object.metadata.labels;
  return (
    labels?.[MARKS.cloneUid] === owner.cloneUid &&
    labels[MARKS.installation] === owner.installation &&
    (recordedUid === undefined || object.metadata.uid === recordedUid)
  );
}

/** The marks on everything that a clone makes, as its VM carries them. */
export function marksOf({ metadata: { labels, annotations } }: KubernetesResource) {
  return {
    labels: only(labels, [MARKS.cloneUid, MARKS.installation]),
    annotations: only(annotations, [MARKS.workflowId, MARKS.runId, MARKS.source]),
  };
}

/** The same object, owned by the clone's VM: it is collected with it. */
export function ownedBy<T extends KubernetesResource>(object: T, vm: KubernetesResource): T {
  const { name, uid } = vm.metadata;
  if (!uid) throw new Error(`VM ${name} has no uid yet`);
  const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name, uid };
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
  };
}

/** Whether a clone has not finished making this target: until its mark goes it is nobody's to work with. */
export function isInProgress(target: KubernetesResource): boolean {
  return target.metadata.annotations?.[MARKS.inProgress] !== undefined;
}

/**
 * Of `objects`, those that CDI made on the way for the objects of these uids, directly or through one another:
 * by annotation, label, owner reference, or a name made of such a uid (`tmp-pvc-<uid>`, `<uid>-source-pod`, …).
 * They lie in the source's namespace too.
 */
export function madeFor<T extends KubernetesResource>(uids: Iterable<string>, objects: readonly T[]): T[] {
  const known = new Set(uids);
  const made = new Set<T>();
  for (let before = -1; before !== made.size; ) {
    before = made.size;
    for (const object of objects) {
      if (made.has(object) || !comesFrom(object, known)) continue;
      made.add(object);
      if (object.metadata.uid) known.add(object.metadata.uid);
    }
  }
  return [...made];
}

function comesFrom({ metadata }: KubernetesResource, uids: ReadonlySet<string>): boolean {
  const noted = [metadata.annotations?.[CREATED_FOR], metadata.labels?.[OWNED_BY_UID]];
  if (noted.some((uid) => uid !== undefined && uids.has(uid))) return true;
  if (metadata.ownerReferences?.some(({ uid }) => uids.has(uid))) return true;
  return uidsIn(metadata.name).some((uid) => uids.has(uid));
}

function uidsIn(name: string): string[] {
  return name.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
}

function only(entries: Record<string, string> | undefined, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(entries ?? {}).filter(([key]) => keys.includes(key)));
}
