import { holds, lockPatch, mustStop } from '../clone/lock';
import { savedPower, strategyOf } from '../clone/power';
import {
  type CloneInput,
  cloneWorkflowId,
  type PlannedCopy,
  type PlannedDisk,
  type VmRef,
} from '../contract';
import { isCode, isFailedTest, Kinds } from '../kubernetes';
import { readPlanFacts } from '../kubernetes/plan-facts';
import { attemptSignal } from './attempt';
import type { ActivityDeps } from './deps';
import { drawTarget } from './draw-target';
import { failure, finalIfRefused } from './failures';
import { type FrozenPlan, freezePlan, readFrozenPlan } from './frozen-plan';
import { inHistory, unblocked } from './plan-clone';
import { planSurely } from './plan-surely';

export type LockInput = CloneInput & {
  sourceUid: string;
  /** Of the workflow: marks what it makes. */
  runId: string;
};

export interface LockedSource {
  /** Of the plan that is frozen now: the source may have been edited since step 1. */
  disks: PlannedDisk[];
  /** What else the clone gets copies of. */
  copies: PlannedCopy[];
  /** Of that plan, too; absent in those of earlier versions. */
  shutdownTimeoutSeconds?: number;
  /** The source was on and stands switched off for clones. */
  stopped: boolean;
}

/** Edits that a lock puts up with. */
const ROUNDS = 3;
/** Other holders that may come and go between reading and writing in one attempt. */
const CONTENDERS = 50;

/**
 * Step 2: freezes the planned clone, then locks the source and, where it is on, switches it off, in one patch
 * that holds only if the source still is what was planned. Undone by `unlockSource`.
 */
export function lockSource(deps: ActivityDeps) {
  return (input: LockInput): Promise<LockedSource> =>
    finalIfRefused(async () => {
      const signal = attemptSignal();
      const edits = new Set<string>();
      for (let tries = 0; tries < CONTENDERS; tries++) {
        const attempt = await tryLock(deps, input, signal);
        if ('disks' in attempt) return attempt;
        edits.add(attempt.planned);
        if (edits.size >= ROUNDS) throw editedAgain(input.source);
      }
      throw new Error(`Other clones locked or unlocked ${input.source.name} in each of ${CONTENDERS} rounds`);
    });
}

function editedAgain({ name }: VmRef): Error {
  return failure(
    'SourceChanged',
    `${name} was changed each time it was about to be locked: clone it again when nobody edits it.`,
  );
}

/** One round; else what was planned, when the source has changed between reading and writing. */
async function tryLock(
  deps: ActivityDeps,
  input: LockInput,
  signal: AbortSignal,
): Promise<LockedSource | { planned: string }> {
  const { client } = deps;
  const [facts, vmi] = await Promise.all([
    readPlanFacts(deps, input, { signal }),
    client.get(Kinds.VirtualMachineInstance, input.source, { signal }),
  ]);
  const vm = facts.source;
  if (!vm || vm.metadata.uid !== input.sourceUid) {
    throw failure('SourceDeleted', `${input.source.namespace}/${input.source.name} was deleted meanwhile.`);
  }
  if (holds(vm, input)) {
    const frozen = await readFrozenPlan(client, input.source, input, signal);
    if (frozen) return lockedAs(frozen.plan, savedPower(vm) !== undefined);
    // Locked by a run that was reset: its plan has become a target, which is gone. It is planned anew.
  }
  const read = { source: vm, vmi };
  const plan = unblocked((await planSurely(deps, { ...facts, ...read }, input, signal, read)).plan);
  const workflowId = cloneWorkflowId(input.target);
  const { template, instancetype, preference } = vm.spec;
  const drawn: FrozenPlan = {
    madeFrom: { template, strategy: strategyOf(vm), instancetype, preference },
    disks: plan.disks.map(inHistory),
    copies: plan.copies,
    shutdownTimeoutSeconds: plan.shutdownTimeoutSeconds,
    ...drawTarget(deps, vm, facts, plan, input),
  };
  const frozen = await freezePlan(client, vm, { ...input, workflowId }, drawn, signal);
  const { cloneUid, installation } = input;
  const holder = { cloneUid, installation, workflowId, since: new Date().toISOString() };
  try {
    const locked = await client.patchJson(Kinds.VirtualMachine, input.source, lockPatch(vm, vmi, holder), {
      signal,
    });
    return lockedAs(frozen, savedPower(locked) !== undefined || mustStop(vm, vmi));
  } catch (error) {
    if (isCode(error, 404, 409) || isFailedTest(error)) return { planned: JSON.stringify(drawn.madeFrom) };
    throw error;
  }
}

function lockedAs({ disks, copies, shutdownTimeoutSeconds }: FrozenPlan, stopped: boolean): LockedSource {
  return { disks, copies, shutdownTimeoutSeconds, stopped };
}
