import { Context } from '@temporalio/activity';
import { type ClonePlan, type PlanFacts, planClone as plan } from '../clone';
import { buildCopy, isRevision } from '../clone/copies';
import { goesElsewhere } from '../clone/elsewhere';
import type { Leftover } from '../clone/leftover';
import type { KubernetesResource, VirtualMachine } from '../clone/resources';
import {
  type Blocker,
  type CloneInput,
  cloneWorkflowId,
  type FailureType,
  type PlannedDisk,
  type Warning,
} from '../contract';
import { type ClusterClient, isCode, type Kind, Kinds } from '../kubernetes';
import { readPlanFacts } from '../kubernetes/plan-facts';
import { attemptSignal } from './attempt';
import type { ActivityDeps } from './deps';
import { drawTarget } from './draw-target';
import { failure, finalIfRefused } from './failures';
import { planSurely } from './plan-surely';

/** What the workflow must know of a plan: names, sizes, times. The manifest stays in the cluster. */
export interface PlanResult {
  sourceUid: string;
  sourceOn: boolean;
  disks: PlannedDisk[];
  warnings: Warning[];
  shutdownTimeoutSeconds: number;
  /** An earlier run's unfinished target stands under the name: it must be removed first. */
  leftover?: Leftover;
}

/**
 * Step 1: reads, and touches nothing; last it asks the cluster whether it would take the clone's VM (a dry run, which
 * stores nothing). Blockers are final.
 */
export function planClone(deps: ActivityDeps) {
  return (input: CloneInput): Promise<PlanResult> =>
    finalIfRefused(async () => {
      const signal = attemptSignal();
      const seen = await readPlanFacts(deps, input, { signal, sourceFrom: 'cache' });
      const { facts, plan: planned } = await planSurely(deps, seen, input, signal);
      const made = unblocked(planned);
      const { sourceUid, sourceOn, disks, warnings, shutdownTimeoutSeconds, leftover } = made;
      if (leftover) await verifyLeftover(deps.clones, input, leftover);
      if (!leftover) await tryOut(deps, facts, made, input, signal);
      const named = disks.map(inHistory);
      return { sourceUid, sourceOn, disks: named, warnings, shutdownTimeoutSeconds, leftover };
    });
}

/**
 * What only the cluster knows: its webhooks, policies, quotas and our rights. They would refuse the clone's VM, or its
 * copies, when the source is off already. (An earlier run's leftover has the name, and counts: it is not tried then.)
 */
async function tryOut(
  deps: ActivityDeps,
  facts: PlanFacts,
  made: ClonePlan,
  input: CloneInput,
  signal: AbortSignal,
): Promise<void> {
  // The revisions of its types are copied later: here the source's stand for them, where the clone can see these.
  const copies = made.copies.map((copy) => (isRevision(copy) ? { ...copy, name: copy.from } : copy));
  const { runId } = Context.current().info.workflowExecution as { runId: string };
  const request = { ...input, runId };
  const { vm } = drawTarget(deps, facts.source as VirtualMachine, facts, { ...made, copies }, request);
  const tryOne = (kind: Kind, object: KubernetesResource) => wouldTake(deps.client, kind, object, signal);
  for (const copy of made.copies) {
    const empty = { metadata: {}, ...(isRevision(copy) && { revision: 0 }) } as KubernetesResource;
    await tryOne(Kinds[copy.kind] as Kind, buildCopy(empty, copy, vm));
  }
  if (made.copies.some(isRevision) && goesElsewhere(input)) return;
  if (await tryOne(Kinds.VirtualMachine, vm)) return;
  // The name is taken by what the caches did not show yet.
  unblocked(plan(await readPlanFacts({ client: deps.client }, input, { signal })));
}

/** False for a name that is taken. Throws the cluster's refusal as a blocker. */
async function wouldTake(
  client: ClusterClient,
  kind: Kind,
  object: KubernetesResource,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.create(kind, object, { signal, dryRun: true });
    return true;
  } catch (error) {
    if (isCode(error, 409)) return false;
    if (isDryRunUnsupported(error)) return true;
    if (!isCode(error, 400, 403, 422)) throw error;
    throw blocked([
      { type: 'TargetRefused', message: `The cluster would refuse the clone: ${error.message}` },
    ]);
  }
}

/** A webhook with side effects can't be tried out; it has its say when the clone is made. */
function isDryRunUnsupported(error: unknown): boolean {
  return isCode(error, 400) && /does not support dry run/.test(error.message);
}

/** The mark alone proves nothing: it may have been put back on a clone that somebody works with. */
async function verifyLeftover(
  clones: ActivityDeps['clones'],
  { target, installation }: CloneInput,
  { cloneUid, runId, vmUid }: Leftover,
): Promise<void> {
  const { stage, record } = await clones.find(cloneWorkflowId(target), { cloneUid, installation }, runId);
  const isUnfinished = stage === 'forward' || stage === 'undoing';
  if (isUnfinished && (!record || record.vmUid === vmUid)) return;
  throw failure(
    'NameTaken',
    `VM ${target.namespace}/${target.name} carries the marks of an unfinished clone, but is none: choose another name.`,
  );
}

/** What of a disk goes into history. */
export function inHistory({ name, sourceClaim, dataVolume, bytes, method }: PlannedDisk): PlannedDisk {
  return { name, sourceClaim, dataVolume, bytes, method };
}

/** The plan, if nothing stands against it. */
export function unblocked(made: ClonePlan): ClonePlan {
  if (made.blockers.length > 0) throw blocked(made.blockers);
  return made;
}

const OWN_TYPE: readonly FailureType[] = ['SourceNotFound', 'NameTaken'];

function blocked(blockers: Blocker[]): Error {
  const type = OWN_TYPE.find((candidate) => blockers[0]?.type === candidate) ?? 'PlanBlocked';
  return failure(type, blockers.map(({ message }) => message).join(' '), { blockers });
}
