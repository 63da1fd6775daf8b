import { type ClonePlan, type PlanFacts, planClone } from '../clone';
import type { CloneInput } from '../contract';
import { readPlanFacts } from '../kubernetes/plan-facts';
import type { ActivityDeps } from './deps';

/**
 * The plan as `seen` has it, and what it was made from. What stands against it as the caches show it may be gone by
 * now: only the API's own answer condemns. `kept` is what the caller has read anew itself.
 */
export async function planSurely(
  { client }: Pick<ActivityDeps, 'client'>,
  seen: PlanFacts,
  input: CloneInput,
  signal: AbortSignal,
  kept: Pick<PlanFacts, 'source' | 'vmi'> | undefined = undefined,
): Promise<{ facts: PlanFacts; plan: ClonePlan }> {
  const plan = planClone(seen);
  if (plan.blockers.length === 0) return { facts: seen, plan };
  const { otherMacs } = seen;
  const facts = { ...(await readPlanFacts({ client }, input, { signal })), ...kept, otherMacs };
  return { facts, plan: planClone(facts) };
}
