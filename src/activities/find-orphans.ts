import { Context } from '@temporalio/activity';
import { holdersOf, LockUnreadable } from '../clone/lock';
import { savedPower } from '../clone/power';
import type { KubernetesResource, VirtualMachine } from '../clone/resources';
import {
  IN_PROGRESS,
  MARKS,
  type Owner,
  type TargetRecord,
  targetOfWorkflowId,
  type VmRef,
} from '../contract';
import { Kinds } from '../kubernetes';
import type { ActivityDeps } from './deps';

/** What a clone whose workflow is closed has left in the cluster. */
export interface Orphan extends Owner {
  workflowId: string;
  target: VmRef;
  /** Sources that it still holds, or owes a start. */
  sources: { source: VmRef; sourceUid: string }[];
  /** Its unfinished target: to be finished when all its disks were copied, else deleted. */
  unfinished?: { vmUid: string; copied: boolean };
  /** Names of its DataVolumes that no VM owns, and of its frozen plan. */
  loose: string[];
  /** Where its frozen plan and temporary objects lie. */
  sourceNamespace: string;
  record?: TargetRecord;
}

/**
 * Reads the whole cluster through the shared caches for marks of this installation that are old enough and
 * whose clone Temporal says is closed. Touches nothing.
 */
export function findOrphans({ caches, client, clones, limits }: ActivityDeps) {
  return async ({ installation }: { installation: string }): Promise<Orphan[]> => {
    const signal = Context.current().cancellationSignal;
    const orphans = new Map<string, Orphan>();
    const oldEnough = (since: string | undefined) => Date.now() - Date.parse(since ?? '') >= limits.orphanAge;
    const orphanOf = (
      { cloneUid, ...owner }: Owner,
      workflowId: string | undefined,
      sourceNamespace: string,
    ): Orphan | undefined => {
      const target = targetOfWorkflowId(workflowId ?? '');
      if (!target || !workflowId || !cloneUid || owner.installation !== installation) return undefined;
      const known = orphans.get(cloneUid);
      if (known) return known;
      const orphan = { cloneUid, installation, workflowId, target, sources: [], loose: [], sourceNamespace };
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
      if (orphan && isNamed(vm, orphan.target)) orphan.unfinished = unfinished;
    }
    for (const object of await looseObjects()) {
      if (!oldEnough(object.metadata.creationTimestamp)) continue;
      orphanOf(ownerOf(object), workflowIdOf(object), sourceNamespaceOf(object))?.loose.push(
        object.metadata.name,
      );
    }
    return closed([...orphans.values()]);

    async function looseObjects(): Promise<KubernetesResource[]> {
      const labelSelector = `${MARKS.installation}=${installation}`;
      const { items } = await client.list(Kinds.ControllerRevision, { labelSelector, signal });
      const loose = caches.dataVolumes
        .list()
        .filter(
          ({ metadata }) =>
            metadata.labels?.[MARKS.installation] === installation && !metadata.ownerReferences?.length,
        );
      return [...items, ...loose];
    }

    /** What a cache that is behind shows unfinished may be a clone that its user works with. */
    async function unfinishedNow({ target, unfinished }: Orphan): Promise<Orphan['unfinished']> {
      const vm = await client.get(Kinds.VirtualMachine, target, { signal });
      const now = vm && unfinishedTarget(vm);
      return now?.vmUid === unfinished?.vmUid ? now : undefined;
    }

    async function closed(candidates: Orphan[]): Promise<Orphan[]> {
      const found: Orphan[] = [];
      for (const orphan of candidates) {
        const { live, record } = await clones.find(orphan.workflowId, orphan);
        if (live) continue;
        orphan.unfinished &&= await unfinishedNow(orphan);
        // Marks that were forged or re-applied stand on an object of another uid than the recorded one.
        if (record && orphan.unfinished && record.vmUid !== orphan.unfinished.vmUid) delete orphan.unfinished;
        const left = orphan.sources.length + orphan.loose.length + (orphan.unfinished ? 1 : 0);
        if (left > 0) found.push({ ...orphan, record });
      }
      return found;
    }
  };
}

/** The holders of a VM's lock, and who owes it a start. An unreadable lock is for a person to look at. */
function claimantsOf(vm: VirtualMachine) {
  try {
    const debtor = savedPower(vm)?.debtor;
    return debtor ? [...holdersOf(vm), debtor] : holdersOf(vm);
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

/** As the mark on a target or DataVolume says; a frozen plan lies beside its source. */
function sourceNamespaceOf({ metadata }: KubernetesResource): string {
  return metadata.annotations?.[MARKS.source]?.split('/')[0] ?? (metadata.namespace as string);
}

function isNamed({ metadata }: KubernetesResource, { namespace, name }: VmRef): boolean {
  return metadata.namespace === namespace && metadata.name === name;
}
