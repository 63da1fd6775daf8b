import type { PlanRequest } from '../clone/plan';
import { type ClonePlan, planClone } from '../clone/plan';
import { Kinds } from '../kubernetes';
import { readPlanFacts } from '../kubernetes/plan-facts';
import type { ApiDeps } from './deps';

type Deps = Pick<ApiDeps, 'cluster' | 'caches' | 'installation'>;

/** The plan as the watch caches have it: cheap, and a moment behind. For the dry run. */
export async function readPlan(deps: Deps, request: PlanRequest, signal?: AbortSignal): Promise<ClonePlan> {
  const { cluster: client, caches, installation } = deps;
  const cached = caches.synced ? { caches } : {};
  return planClone(
    await readPlanFacts({ client, ...cached }, { ...request, installation: installation() }, { signal }),
  );
}

/**
 * The plan to act on. The caches may not show yet what a caller has just made, so what stands against the clone
 * is read anew before it is refused, and so is the VM that may have taken its name.
 */
export async function readFreshPlan(
  deps: Deps,
  request: PlanRequest,
  signal?: AbortSignal,
): Promise<ClonePlan> {
  const { cluster: client, installation } = deps;
  const [plan, taken] = await Promise.all([
    readPlan(deps, request, signal),
    client.get(Kinds.VirtualMachine, request.target, { signal }),
  ]);
  if (plan.blockers.length === 0 && (!taken || plan.leftover)) return plan;
  return planClone(await readPlanFacts({ client }, { ...request, installation: installation() }, { signal }));
}
