import type { Pod, VirtualMachineInstance } from '../../src/clone/resources';
import { isCode, Kinds } from '../../src/kubernetes';
import { APP, Label } from '../controllers/cdi/names';
import { now } from '../controllers/kubevirt/objects';
import { claimsOf, controllerOf, isTerminated, labelOf } from '../controllers/objects';
import { type ControllerDefinition, keyOf, type SimContext, watching } from '../controllers/runtime';
import { milliseconds } from '../options';
import { PodAddresses } from './addresses';
import { keepsAwayFrom, nodeFor } from './placement';
import { steeringOf } from './steering';
import { claimsBound } from './volume-scheduler';

/**
 * What scheduler and kubelets do for every pod but CDI's, which `copy-pods` runs: put it on a node when its
 * claims are bound, start it, end it when it is deleted, and report a launcher whose guest has ended.
 */
export function kubelet(context: SimContext): ControllerDefinition {
  const client = context.clientFor('kubelet');
  const pods = context.cache(Kinds.Pod);
  const vms = context.cache(Kinds.VirtualMachine);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const addresses = new PodAddresses(pods, context.options.nodes);
  const startedAt = new Map<string, number>();

  /** The VMI that a launcher runs; undefined when it is no launcher, or its VMI is gone. */
  function guestOf(pod: Pod): VirtualMachineInstance | undefined {
    const owner = controllerOf(pod);
    if (owner?.kind !== 'VirtualMachineInstance') return undefined;
    const vmi = vmis.get(pod.metadata.namespace, owner.name);
    return vmi?.metadata.uid === owner.uid ? vmi : undefined;
  }

  function isOnDeadNode(vmi: VirtualMachineInstance): boolean {
    const vm = vms.get(vmi.metadata.namespace, controllerOf(vmi)?.name ?? vmi.metadata.name);
    return steeringOf(vmi, vm, context.options).stop === 'dead';
  }

  /** Pods that can't be put anywhere come back with the changes of their claims, or of the pods that are in the way. */
  async function schedule(pod: Pod): Promise<undefined> {
    if (pod.metadata.deletionTimestamp || !claimsBound(context, pod)) return;
    const nodeName = nodeFor(context, pod);
    if (nodeName) await client.patchMerge(Kinds.Pod, pod.metadata, { spec: { nodeName } });
  }

  function waitingFor(pod: Pod): string[] {
    return pods
      .list(pod.metadata.namespace)
      .filter((other) => !other.spec?.nodeName && keepsAwayFrom(other, pod))
      .map(keyOf);
  }

  async function end(pod: Pod): Promise<void> {
    const guest = guestOf(pod);
    const phase = guest?.status?.phase;
    // A launcher stays as long as its guest does, even an unwilling one's.
    if (guest && isRunning(pod) && (phase === 'Scheduled' || phase === 'Running')) return;
    if (guest && isOnDeadNode(guest)) return;
    const { namespace, name, uid } = pod.metadata;
    await client.delete(Kinds.Pod, { namespace, name }, { uid, gracePeriodSeconds: 0 });
  }

  async function start(pod: Pod): Promise<{ requeueAfterMs: number } | undefined> {
    const uid = pod.metadata.uid as string;
    const since = startedAt.get(uid) ?? Date.now();
    startedAt.set(uid, since);
    const left = since + milliseconds(context.options.podStartSeconds, context.options) - Date.now();
    if (left > 0) return { requeueAfterMs: left };
    startedAt.delete(uid);
    await writeStatus(pod, runningStatus(pod, addresses.of(pod)));
  }

  async function writeStatus(pod: Pod, status: Pod['status']): Promise<void> {
    try {
      await client.replace(
        Kinds.Pod,
        { ...pod, status: { ...pod.status, ...status } },
        { subresource: 'status' },
      );
    } catch (error) {
      if (!isCode(error, 404)) throw error;
    }
  }

  return {
    name: 'kubelet',
    watches: [
      watching(Kinds.Pod, (pod) => [keyOf(pod), ...waitingFor(pod)]),
      watching(Kinds.VirtualMachineInstance, (vmi) =>
        pods
          .list(vmi.metadata.namespace)
          .filter((pod) => controllerOf(pod)?.uid === vmi.metadata.uid)
          .map(keyOf),
      ),
      watching(Kinds.VirtualMachine, () => []),
      watching(Kinds.PersistentVolumeClaim, ({ metadata: { namespace, name } }) =>
        pods
          .list(namespace)
          .filter((pod) => !pod.spec?.nodeName && claimsOf(pod).includes(name))
          .map(keyOf),
      ),
    ],
    async reconcile({ namespace, name }) {
      const pod = pods.get(namespace, name);
      if (!pod || labelOf(pod, Label.app) === APP) return;
      if (!pod.spec?.nodeName) return schedule(pod);
      if (pod.metadata.deletionTimestamp) return end(pod);
      if (pod.status?.phase === 'Pending') return start(pod);
      const phase = guestOf(pod)?.status?.phase;
      if (isTerminated(pod)) return;
      if (phase === 'Succeeded' || phase === 'Failed')
        await writeStatus(pod, endedStatus(pod, phase === 'Failed'));
    },
  };
}

function isRunning({ status }: Pod): boolean {
  return status?.phase === 'Running';
}

function runningStatus({ spec }: Pod, podIP: string): Pod['status'] {
  const time = now();
  const containers = (spec?.containers ?? []) as { name: string; image?: string }[];
  return {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: time,
    qosClass: 'Burstable',
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: time,
    })),
    containerStatuses: containers.map(({ name, image }) => ({
      name,
      image,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: time } },
    })),
  };
}

function endedStatus({ status }: Pod, failed: boolean): Pod['status'] {
  const time = now();
  const terminated = { exitCode: failed ? 1 : 0, reason: failed ? 'Error' : 'Completed', finishedAt: time };
  return {
    phase: failed ? 'Failed' : 'Succeeded',
    conditions: status?.conditions?.map((condition) =>
      condition.type === 'Ready' || condition.type === 'ContainersReady'
        ? { ...condition, status: 'False', reason: 'PodCompleted', lastTransitionTime: time }
        : condition,
    ),
    containerStatuses: status?.containerStatuses?.map((container) => ({
      ...container,
      ready: false,
      started: false,
      state: { terminated },
    })),
  };
}
