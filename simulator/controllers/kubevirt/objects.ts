import { isDeepStrictEqual } from 'node:util';
import type {
  Condition,
  KubernetesResource,
  Pod,
  RunStrategy,
  VirtualMachine,
  VirtualMachineInstance,
  Volume,
} from '../../../src/clone/resources';
import { controllerOf } from '../objects';

/** The API's time format, in whole seconds. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** Equality of what JSON would carry: absent and undefined are the same. */
export function same(left: unknown, right: unknown): boolean {
  const plain = (value: unknown) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
  return isDeepStrictEqual(plain(left), plain(right));
}

export function isControlledBy(object: KubernetesResource, owner: KubernetesResource): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

export function conditionOf(conditions: Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function hasCondition(conditions: Condition[] | undefined, type: string, status: string): boolean {
  return conditionOf(conditions, type)?.status === status;
}

/** The conditions with one put in its place; its transition time only moves when it has changed. */
export function withCondition(conditions: Condition[] = [], next: Condition): Condition[] {
  const old = conditionOf(conditions, next.type);
  if (!old) return [...conditions, { lastTransitionTime: now(), ...next }];
  if (old.status === next.status && old.reason === next.reason && old.message === next.message) {
    return conditions;
  }
  const replaced = { lastTransitionTime: now(), ...next };
  return conditions.map((condition) => (condition === old ? replaced : condition));
}

export function withoutCondition(conditions: Condition[] = [], type: string): Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

/** The run strategy in either form: the deprecated `running` counts as Always or Halted. */
export function runStrategyOf({ spec }: VirtualMachine): RunStrategy {
  if (spec.running !== undefined) return spec.running ? 'Always' : 'Halted';
  return spec.runStrategy ?? 'Halted';
}

/** Succeeded or Failed: the guest won't run again. */
export function isFinal(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed';
}

/** A VMI's launcher: of those on its node, once it is on one; one that stays before one that goes. */
export function currentPod({ status }: VirtualMachineInstance, pods: readonly Pod[]): Pod | undefined {
  const here = pods.filter(({ spec }) => !status?.nodeName || spec?.nodeName === status.nodeName);
  return here.find((pod) => !pod.metadata.deletionTimestamp) ?? here[0];
}

/** A migration has begun and not ended (pkg/util/migrations IsMigrating). */
export function isMigrating(vmi: VirtualMachineInstance | undefined): boolean {
  const state = vmi?.status?.migrationState;
  return state?.startTimestamp !== undefined && state.endTimestamp === undefined;
}

/** The claim behind a volume, if it has one. A DataVolume's claim has its name. */
export function claimNameOf(volume: Volume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName;
}

/** Adds the phase's time to the list that a VMI keeps of them. */
export function phaseTransitions(vmi: VirtualMachineInstance, phase: string): unknown[] {
  const earlier = (vmi.status?.phaseTransitionTimestamps ?? []) as { phase: string }[];
  return [
    ...earlier.filter((transition) => transition.phase !== phase),
    { phase, phaseTransitionTimestamp: now() },
  ];
}

/** True when the VMI has been Running at any time. */
export function hasRun(vmi: VirtualMachineInstance | undefined): boolean {
  const transitions = (vmi?.status?.phaseTransitionTimestamps ?? []) as { phase: string }[];
  return transitions.some(({ phase }) => phase === 'Running');
}
