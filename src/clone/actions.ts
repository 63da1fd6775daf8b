import { NOT_CANCELLABLE } from './cancel';
import type { PowerRefusals } from './power-refusals';
import type { FilterGroup } from './status';

export const ACTIONS = [
  'run',
  'edit',
  'clone',
  'delete',
  'shutDown',
  'restart',
  'pause',
  'unpause',
  'cancelCloning',
] as const;
export type ActionName = (typeof ACTIONS)[number];
const POWER_ACTIONS = ['run', 'shutDown', 'restart', 'pause', 'unpause'] as const;
/** `reason`: a sentence, present exactly when the action is not enabled. */
export interface Action {
  enabled: boolean;
  reason?: string;
}
export type Actions = Record<ActionName, Action>;

/** What decides on a VM's actions. */
export interface ActionFacts {
  name: string;
  /** The status as it is shown. */
  status: string;
  filterGroup: FilterGroup;
  /** A live VMI. */
  live: boolean;
  /** A VMI, or a strategy that makes one. */
  on: boolean;
  paused: boolean;
  /** KubeVirt restarts every strategy but Halted and Once (kubevirt-observed, Stop, start, restart). */
  once: boolean;
  locked: boolean;
  deleting: boolean;
  /** What the cluster would refuse although the status allows it. */
  refusals?: PowerRefusals;
  /** Why it can't be cloned in its present power state. */
  cloneBlocker?: string;
  clone?: { copied: boolean; cancelling: boolean };
}

/** Every action of a VM, enabled or with the reason why not (console.md, The list; clone-vm.md). */
export function actionsFor(facts: ActionFacts): Actions {
  const reasons = facts.clone ? cloneReasons(facts, facts.clone) : reasonsOf(facts);
  return Object.fromEntries(
    ACTIONS.map((action) => {
      const reason = reasons[action];
      return [action, reason === undefined ? { enabled: true } : { enabled: false, reason }];
    }),
  ) as Actions;
}

type Reasons = Partial<Record<ActionName, string>>;

/** A clone in progress can only be cancelled. */
function cloneReasons(
  { name }: ActionFacts,
  { copied, cancelling }: { copied: boolean; cancelling: boolean },
): Reasons {
  const reason = `${name} is still being cloned.`;
  const reasons: Reasons = Object.fromEntries(ACTIONS.map((action) => [action, reason]));
  if (cancelling) reasons.cancelCloning = NOT_CANCELLABLE.cancelling;
  else if (copied) reasons.cancelCloning = NOT_CANCELLABLE.copied;
  else delete reasons.cancelCloning;
  return reasons;
}

function reasonsOf(facts: ActionFacts): Reasons {
  const { name, locked, deleting, cloneBlocker, refusals } = facts;
  const cancelCloning = `${name} is not being cloned into.`;
  if (deleting) {
    const reason = `${name} is being deleted.`;
    return { ...Object.fromEntries(ACTIONS.map((action) => [action, reason])), cancelCloning };
  }
  if (locked) {
    const reason = `${name} is locked while it is being cloned.`;
    const power = Object.fromEntries(POWER_ACTIONS.map((action) => [action, reason]));
    return { ...power, delete: reason, clone: cloneBlocker, cancelCloning };
  }
  const unpause = facts.paused ? undefined : `${name} is not paused.`;
  const power = powerReasons(facts);
  return {
    ...power,
    run: power.run ?? refusals?.run,
    shutDown: power.shutDown ?? refusals?.shutDown,
    unpause: unpause ?? refusals?.unpause,
    clone: cloneBlocker,
    cancelCloning,
  };
}

/** A guest that is going down and hangs can still be forced (KubeVirt lifecycle.go, StopVMRequestHandler). */
function powerReasons({ name, live, on, paused, once, status, filterGroup }: ActionFacts): Reasons {
  if (!on) {
    const off = `${name} is off.`;
    return { shutDown: off, restart: off, pause: off };
  }
  const run = live ? `${name} is already on.` : `${name} is already starting.`;
  if (!live) {
    const reason = `${name} is not running yet.`;
    return { run, restart: reason, pause: reason };
  }
  if (paused) {
    const reason = `${name} is paused: unpause it first.`;
    return { run, shutDown: reason, restart: reason, pause: `${name} is already paused.` };
  }
  if (filterGroup === 'Running') {
    const restart = `${name} has the run strategy Once, with which it can not be restarted.`;
    return { run, ...(once && { restart }) };
  }
  const reason = `${name} is not running (${status}).`;
  return { run, restart: reason, pause: reason };
}
