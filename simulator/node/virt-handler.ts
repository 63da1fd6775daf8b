import type { Pod, VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';
import { Kinds } from '../../src/kubernetes';
import { DEFAULT_GRACE_PERIOD_SECONDS } from '../controllers/kubevirt/names';
import {
  currentPod,
  isControlledBy,
  isFinal,
  withCondition,
  withoutCondition,
} from '../controllers/kubevirt/objects';
import type { NodeAgent } from '../controllers/kubevirt/virt-api';
import { controllerOf } from '../controllers/objects';
import { type ControllerDefinition, type SimContext, watching } from '../controllers/runtime';
import { milliseconds } from '../options';
import { ended, PAUSED, running } from './guest';
import { GuestMigrations } from './guest-migration';
import { type Steering, steeringOf } from './steering';

type Wait = { requeueAfterMs: number } | undefined;

/** When the step that a guest is in began, in milliseconds since the epoch. */
interface Progress {
  step: 'booting' | 'running' | 'stopping';
  since: number;
}

/**
 * Every node's virt-handler with its guests: boots what is Scheduled, reports it Running, shuts it down when the
 * VMI or its pod is deleted, and reports how it ended. It writes VMIs as a whole, under their resourceVersion.
 */
export function virtHandler(context: SimContext): ControllerDefinition & NodeAgent {
  const client = context.clientFor('virt-handler');
  const { options } = context;
  const vms = context.cache(Kinds.VirtualMachine);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const pods = context.cache(Kinds.Pod);
  /** By uid of the VMI. Lost with the process: what was under way then begins anew, what ran goes on. */
  const guests = new Map<string, Progress>();
  const migrations = new GuestMigrations(context);
  const claims = context.cache(Kinds.PersistentVolumeClaim);

  const vmOf = (vmi: VirtualMachineInstance): VirtualMachine | undefined => {
    const owner = controllerOf(vmi);
    return owner && vms.get(vmi.metadata.namespace, owner.name);
  };

  async function reconcile({ namespace, name }: { namespace: string; name: string }): Promise<Wait> {
    const vmi = vmis.get(namespace, name);
    if (!vmi) return;
    const phase = vmi.status?.phase;
    if (phase !== 'Scheduled' && phase !== 'Running') {
      if (isFinal(vmi)) guests.delete(vmi.metadata.uid as string);
      return;
    }
    const launchers = pods.list(namespace).filter((candidate) => isControlledBy(candidate, vmi));
    const pod = currentPod(vmi, launchers);
    if (!pod) return;
    const steering = steeringOf(vmi, vmOf(vmi), options);
    if (vmi.metadata.deletionTimestamp || pod.metadata.deletionTimestamp) return shutDown(vmi, steering);
    if (phase === 'Scheduled') return boot(vmi, pod, steering);
    await migrations.retire(vmi, launchers);
    const step = migrations.step(vmi, vmOf(vmi), launchers);
    if (step && 'report' in step) return report(step.report);
    return soonest(step, await run(vmi, steering));
  }

  async function boot(vmi: VirtualMachineInstance, pod: Pod, { boot: how }: Steering): Promise<Wait> {
    if (how === 'never') return;
    const left = leftOf(vmi, 'booting', how === 'fails' ? options.bootSeconds : how);
    if (left > 0) return { requeueAfterMs: left };
    await report(how === 'fails' ? ended(vmi, 'Failed') : running(vmi, pod, vmOf(vmi), claims));
  }

  async function run(vmi: VirtualMachineInstance, { guestExits }: Steering): Promise<Wait> {
    const left = leftOf(vmi, 'running', guestExits?.afterSeconds ?? 0);
    if (!guestExits) return;
    if (left > 0) return { requeueAfterMs: left };
    await report(ended(vmi, guestExits.phase));
  }

  async function shutDown(vmi: VirtualMachineInstance, { stop: how }: Steering): Promise<Wait> {
    if (how === 'dead') return;
    const grace = vmi.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_PERIOD_SECONDS;
    const template = vmOf(vmi)?.spec.template.spec;
    const agreed = template?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_PERIOD_SECONDS;
    // A forced stop leaves it no time, a forced restart a second.
    const forced = grace === 0 || grace < agreed;
    const left = leftOf(vmi, 'stopping', how === 'never' ? grace : Math.min(how, grace));
    if (how === 'never' && !forced) return;
    if (left > 0) return { requeueAfterMs: left };
    await report(ended(vmi, 'Succeeded'));
  }

  /** Milliseconds until a step of so many seconds is over; the step begins with the first question. */
  function leftOf({ metadata }: VirtualMachineInstance, step: Progress['step'], seconds: number): number {
    const uid = metadata.uid as string;
    const known = guests.get(uid);
    const progress = known?.step === step ? known : { step, since: Date.now() };
    guests.set(uid, progress);
    return progress.since + milliseconds(seconds, options) - Date.now();
  }

  async function report(vmi: VirtualMachineInstance): Promise<undefined> {
    await client.replace(Kinds.VirtualMachineInstance, vmi);
  }

  /** The node carries out a command from virt-api, if it is alive. */
  async function setPaused(vmi: VirtualMachineInstance, paused: boolean): Promise<void> {
    if (steeringOf(vmi, vmOf(vmi), options).stop === 'dead') {
      throw new Error(`dial tcp: connect to virt-handler on ${vmi.status?.nodeName}: no route to host`);
    }
    const { conditions } = vmi.status ?? {};
    const { namespace, name } = vmi.metadata;
    const value = paused ? withCondition(conditions, PAUSED) : withoutCondition(conditions, PAUSED.type);
    await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
      { op: 'test', path: '/status/conditions', value: conditions ?? null },
      { op: 'add', path: '/status/conditions', value },
    ]);
  }

  return {
    name: 'virt-handler',
    watches: [
      watching(Kinds.VirtualMachineInstance),
      watching(Kinds.VirtualMachine),
      watching(Kinds.Pod, (pod) => {
        const owner = controllerOf(pod);
        return owner?.kind === 'VirtualMachineInstance' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
      }),
      watching(Kinds.PersistentVolumeClaim, () => []),
    ],
    reconcile,
    pause: (vmi) => setPaused(vmi, true),
    unpause: (vmi) => setPaused(vmi, false),
  };
}

function soonest(one: Wait, other: Wait): Wait {
  if (!one || !other) return one ?? other;
  return one.requeueAfterMs < other.requeueAfterMs ? one : other;
}
