import type { Blocker, Warning } from '../contract';
import { goesElsewhere } from './elsewhere';
import type { PlanFacts } from './plan';
import type { VirtualMachine } from './resources';

/** Annotation of a template: JSON list of the containers that change a guest's domain (KubeVirt pkg/hooks). */
const HOOK_SIDECARS = 'hooks.kubevirt.io/hookSidecars';

interface HookSidecar {
  configMap?: { name?: string };
  pvc?: { name?: string };
}

/** A claim that a sidecar mounts is no disk: it is not copied, and would be shared. */
export function sidecarBlockers(source: VirtualMachine): Blocker[] {
  return sidecarsOf(source).flatMap(({ pvc }) =>
    pvc?.name
      ? [
          {
            type: 'HookSidecarClaim',
            message: `A hook sidecar of ${source.metadata.name} mounts claim ${pvc.name}, which the clone would share. Remove it from annotation ${HOOK_SIDECARS} first.`,
          },
        ]
      : [],
  );
}

export function sidecarWarnings(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  if (!goesElsewhere(request)) return [];
  return sidecarsOf(source).flatMap(({ configMap }) =>
    configMap?.name
      ? [
          {
            type: 'HookSidecarResolvesElsewhere',
            message: `ConfigMap ${configMap.name} of a hook sidecar is looked up in namespace ${request.target.namespace} by the clone: without it there it does not start.`,
          },
        ]
      : [],
  );
}

function sidecarsOf({ spec }: VirtualMachine): HookSidecar[] {
  try {
    const sidecars: unknown = JSON.parse(spec.template.metadata?.annotations?.[HOOK_SIDECARS] ?? '[]');
    return Array.isArray(sidecars)
      ? sidecars.filter((each) => typeof each === 'object' && each !== null)
      : [];
  } catch {
    return []; // KubeVirt starts no VM of which it can't read it
  }
}
