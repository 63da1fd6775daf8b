import { canonicalJson } from '../clone/canonical-json';
import { isOurs } from '../clone/ownership';
import type {
  ControllerRevision,
  DataVolume,
  KubernetesResource,
  RunStrategy,
  TypeMatcher,
  VirtualMachine,
  VmTemplate,
} from '../clone/resources';
import {
  frozenPlanName,
  MARKS,
  type Owner,
  type PlannedCopy,
  type PlannedDisk,
  type VmRef,
} from '../contract';
import { apiVersionOf, type ClusterClient, isCode, Kinds } from '../kubernetes';
import { failure } from './failures';

/** What a clone will be, as planned when its source was locked. Later edits of the source don't change it. */
export interface FrozenPlan {
  /** What of the source it depends on: an edit of that calls for another plan. */
  madeFrom: {
    template: VmTemplate;
    strategy: RunStrategy;
    instancetype?: TypeMatcher;
    preference?: TypeMatcher;
  };
  disks: PlannedDisk[];
  copies: PlannedCopy[];
  shutdownTimeoutSeconds?: number;
  vm: VirtualMachine;
  dataVolumes: DataVolume[];
}

type PlanOwner = Owner & { workflowId: string; runId: string };

/** Where the frozen plan is kept: beside the source, so that it is as secret as the source's own spec. */
function refOf(source: VmRef, { cloneUid }: Owner) {
  return { namespace: source.namespace, name: frozenPlanName(cloneUid) };
}

/** The frozen plan, or undefined when there is none. */
export async function readFrozenPlan(
  client: ClusterClient,
  source: VmRef,
  owner: Owner,
  signal: AbortSignal,
): Promise<{ uid: string; plan: FrozenPlan } | undefined> {
  const revision = await client.get(Kinds.ControllerRevision, refOf(source, owner), { signal });
  if (!revision) return undefined;
  if (!isOurs(revision, owner)) {
    throw failure(
      'NameTaken',
      `ControllerRevision ${source.namespace}/${revision.metadata.name} is not ours.`,
    );
  }
  // What an earlier version froze names no copies.
  const plan: FrozenPlan = { copies: [], ...(revision.data as Omit<FrozenPlan, 'copies'>) };
  return { uid: revision.metadata.uid as string, plan };
}

/**
 * Freezes the plan, unless one made from the same source is there already: a repeated attempt keeps the identity
 * that the first one drew. Returns the one that counts.
 */
export async function freezePlan(
  client: ClusterClient,
  source: VirtualMachine,
  owner: PlanOwner,
  plan: FrozenPlan,
  signal: AbortSignal,
): Promise<FrozenPlan> {
  const ref = { namespace: source.metadata.namespace as string, name: source.metadata.name };
  const revision = revisionOf(source, owner, plan);
  try {
    await client.create(Kinds.ControllerRevision, revision, { signal });
    return plan;
  } catch (error) {
    if (!isCode(error, 409)) throw error;
  }
  const existing = await readFrozenPlan(client, ref, owner, signal);
  if (existing && canonicalJson(existing.plan.madeFrom) === canonicalJson(plan.madeFrom))
    return existing.plan;
  await removeFrozenPlan(client, ref, owner, signal, existing?.uid);
  await client.create(Kinds.ControllerRevision, revision, { signal });
  return plan;
}

/** Removes the frozen plan; nothing to do when it is gone or another one's. */
export async function removeFrozenPlan(
  client: ClusterClient,
  source: VmRef,
  owner: Owner,
  signal: AbortSignal,
  uid?: string,
): Promise<void> {
  const known = uid ?? (await readFrozenPlan(client, source, owner, signal))?.uid;
  if (known) await client.delete(Kinds.ControllerRevision, refOf(source, owner), { uid: known, signal });
}

function revisionOf(
  source: VirtualMachine,
  { cloneUid, installation, workflowId, runId }: PlanOwner,
  plan: FrozenPlan,
): ControllerRevision {
  return {
    metadata: {
      namespace: source.metadata.namespace,
      name: frozenPlanName(cloneUid),
      labels: { [MARKS.cloneUid]: cloneUid, [MARKS.installation]: installation },
      annotations: { [MARKS.workflowId]: workflowId, [MARKS.runId]: runId },
      ownerReferences: [ownerReference(source)],
    },
    revision: 1,
    data: plan,
  };
}

/** Deleted with the source, whoever deletes that. */
function ownerReference({ metadata }: KubernetesResource) {
  const { kind } = Kinds.VirtualMachine;
  return {
    apiVersion: apiVersionOf(Kinds.VirtualMachine),
    kind,
    name: metadata.name,
    uid: metadata.uid as string,
  };
}
