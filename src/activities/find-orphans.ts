import { holdersOf, LockUnreadable } from '../clone/lock';
import { OWNED_BY_UID } from '../clone/ownership';
import { powerNote } from '../clone/power';
import type { KubernetesResource, VirtualMachine } from '../clone/resources';
import {
  frozenPlanName,
  IN_PROGRESS,
  MARKS,
  type Owner,
  type TargetRecord,
  targetOfWorkflowId,
  type VmRef,
} from '../contract';
import { Kinds } from '../kubernetes';
import { attemptSignal } from './attempt';
import type { ActivityDeps } from './deps';

/** What a clone whose workflow is closed has left in the cluster. */
export interface Orphan extends Owner {
  workflowId: string;
  target: VmRef;
  /** Sources that it still holds, or owes a start. */
  sources: { source: VmRef; sourceUid: string }[];
  /** Its unfinished target: to be finished when all its disks were copied, else deleted. */
  unfinished?: { vmUid: string; copied: boolean };
  /** Names of its DataVolumes and claims that nothing owns, and of its frozen plan, unless it is to be finished. */
  loose: string[];
  /** Where its frozen plan and temporary objects lie. */
  sourceNamespace: string;
  record?: TargetRecord;
}

/** Found in the cluster; whether its clone is closed is still to be asked. */
interface Candidate extends Orphan {
  /** The run that made its marks, where they say so. */
  runId?: string;
}

/** Clones that Temporal is asked about at once, and orphans that one look reports: the next one goes on. */
const AT_ONCE = 20;
const MOST = 500;

/**
 * Reads the whole cluster through the shared caches for marks of this installation that are old enough and
 * whose clone Temporal says is closed. Touches nothing.
 */
export function findOrphans({ caches, client, clones, limits }: ActivityDeps) {
  return async ({ installation }: { installation: string }): Promise<Orphan[]> => {
    const signal = attemptSignal();
    const orphans = new Map<string, Candidate>();
    // Marks without a time are nobody's fresh ones.
    const oldEnough = (since: string | undefined) =>
      !(Date.now() - Date.parse(since ?? '') < limits.orphanAge);
    const orphanOf = (
      { cloneUid, ...owner }: Owner,
      workflowId: string | undefined,
      sourceNamespace: string,
    ): Candidate | undefined => {
      const target = targetOfWorkflowId(workflowId ?? '');
      if (!target || !workflowId || !cloneUid || owner.installation !== installation) return undefined;
      const known = orphans.get(cloneUid);
      if (known) return known;
      const orphan: Candidate = {
        cloneUid,
        installation,
        workflowId,
        target,
        sources: [],
        loose: [],
        sourceNamespace,
      };
      orphans.set(cloneUid, orphan);
      return orphan;
    };

    for (const vm of caches.virtualMachines.list()) {
      for (const claimant of claimantsOf(vm)) {
        if (!oldEnough(claimant.since)) continue;
        const namespace = vm.metadata.namespace as string;
        orphanOf(claimant, claimant.workflowId, namespace)?.sources.push({
          source: { namespace, name: vm.metadata.name },
          sourceUid: vm.metadata.uid as string,
        });
      }
      const unfinished = unfinishedTarget(vm);
      if (!unfinished || !oldEnough(vm.metadata.creationTimestamp)) continue;
      const orphan = orphanOf(ownerOf(vm), workflowIdOf(vm), sourceNamespaceOf(vm));
      // A manifest that was copied to another name carries the marks, not the name.
      if (!orphan || !isNamed(vm, orphan.target)) continue;
      orphan.unfinished = unfinished;
      orphan.runId = runIdOf(vm);
    }
    for (const object of await looseObjects()) {
      if (!oldEnough(object.metadata.creationTimestamp)) continue;
      const orphan = orphanOf(ownerOf(object), workflowIdOf(object), sourceNamespaceOf(object));
      if (!orphan) continue;
      orphan.loose.push(object.metadata.name);
      orphan.runId ??= runIdOf(object);
    }
    return closed([...orphans.values()]);

    async function looseObjects(): Promise<KubernetesResource[]> {
      const labelSelector = `${MARKS.installation}=${installation}`;
      const revisions = await client.list(Kinds.ControllerRevision, { labelSelector, signal });
      // A clone's own copies of revisions go with its VM, once it owns them.
      const left = revisions.items.filter(
        (each) =>
          !each.metadata.ownerReferences?.length ||
          each.metadata.name === frozenPlanName(ownerOf(each).cloneUid),
      );
      // CDI hands the labels on to temporary claims too; those go with what they serve.
      const claims = caches.claims
        .list()
        .filter(({ metadata }) => metadata.labels?.[OWNED_BY_UID] === undefined);
      const loose = [...caches.dataVolumes.list(), ...claims].filter(
        ({ metadata }) =>
          metadata.labels?.[MARKS.installation] === installation && !metadata.ownerReferences?.length,
      );
      return [...left, ...loose];
    }

    /** What a cache that is behind shows unfinished may be a clone that its user works with. */
    async function unfinishedNow({ target, unfinished }: Orphan): Promise<Orphan['unfinished']> {
      const vm = await client.get(Kinds.VirtualMachine, target, { signal });
      const now = vm && unfinishedTarget(vm);
      return now?.vmUid === unfinished?.vmUid ? now : undefined;
    }

    async function closed(candidates: Orphan[]): Promise<Orphan[]> {
      const found: Orphan[] = [];
      while (candidates.length > 0 && found.length < MOST) {
        const batch = candidates.splice(0, AT_ONCE);
        for (const orphan of await Promise.all(batch.map(settledOf))) if (orphan) found.push(orphan);
      }
      return found;
    }

    /** What there is to do for a candidate; undefined when its clone is live, or nothing is left of it. */
    async function settledOf({ runId, ...orphan }: Candidate): Promise<Orphan | undefined> {
      const { live, stage, record } = await clones.find(orphan.workflowId, orphan, runId);
      if (live) return undefined;
      const unfinished = orphan.unfinished && (await unfinishedNow(orphan));
      // Marks that were forged or re-applied stand on an object of another uid than the recorded one. A clone past
      // its commit point is only ever finished; one that nobody remembers is left to its user.
      const isOurs = unfinished && stage !== undefined && (!record || record.vmUid === unfinished.vmUid);
      const copied = stage === 'committed' || (stage === 'forward' && unfinished?.copied === true);
      return leftOf({
        ...orphan,
        record,
        unfinished: isOurs ? { ...unfinished, copied } : undefined,
        loose: stage === undefined || copied ? [] : orphan.loose,
      });
    }
  };
}

function leftOf(orphan: Orphan): Orphan | undefined {
  return orphan.sources.length + orphan.loose.length > 0 || orphan.unfinished ? orphan : undefined;
}

/**
 * The holders of a VM's lock, or who owes it its power state when there is none (or owed it: a note that a person
 * has overruled is to be removed). An unreadable lock is for a person to look at.
 */
function claimantsOf(vm: VirtualMachine) {
  try {
    const holders = holdersOf(vm);
    const debtor = powerNote(vm)?.debtor;
    return holders.length === 0 && debtor ? [debtor] : holders;
  } catch (error) {
    if (error instanceof LockUnreadable) return [];
    throw error;
  }
}

/** As the marks on a target say; undefined when it is finished. */
function unfinishedTarget({ metadata }: VirtualMachine): Orphan['unfinished'] {
  const progress = metadata.annotations?.[MARKS.inProgress];
  if ((progress ?? metadata.annotations?.[MARKS.startStrategy]) === undefined) return undefined;
  return { vmUid: metadata.uid as string, copied: progress !== IN_PROGRESS.copying };
}

function ownerOf({ metadata }: KubernetesResource): Owner {
  return {
    cloneUid: metadata.labels?.[MARKS.cloneUid] ?? '',
    installation: metadata.labels?.[MARKS.installation] ?? '',
  };
}

function workflowIdOf({ metadata }: KubernetesResource): string | undefined {
  return metadata.annotations?.[MARKS.workflowId];
}

function runIdOf({ metadata }: KubernetesResource): string | undefined {
  return metadata.annotations?.[MARKS.runId];
}

/** As the mark on a target or DataVolume says; a frozen plan lies beside its source. */
function sourceNamespaceOf({ metadata }: KubernetesResource): string {
  return metadata.annotations?.[MARKS.source]?.split('/')[0] ?? (metadata.namespace as string);
}

function isNamed({ metadata }: KubernetesResource, { namespace, name }: VmRef): boolean {
  return metadata.namespace === namespace && metadata.name === name;
}
