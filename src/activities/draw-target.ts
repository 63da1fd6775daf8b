import { buildTarget, type ClonePlan, newIdentity, type PlanFacts } from '../clone';
import type { DataVolume, VirtualMachine } from '../clone/resources';
import type { TargetRequest } from '../clone/target';
import type { ActivityDeps } from './deps';

/** The clone's objects, with an identity that no other VM has. */
export function drawTarget(
  { random }: Pick<ActivityDeps, 'random'>,
  source: VirtualMachine,
  { otherMacs }: PlanFacts,
  plan: ClonePlan,
  request: TargetRequest,
): { vm: VirtualMachine; dataVolumes: DataVolume[] } {
  const identity = newIdentity(source, random, otherMacs, request.options);
  return buildTarget({ source, plan, request, identity });
}
