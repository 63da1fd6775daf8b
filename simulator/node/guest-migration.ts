import type { Pod, VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';
import { isCode, Kinds } from '../../src/kubernetes';
import type { MigrationState } from '../controllers/kubevirt/kinds';
import { LABELS } from '../controllers/kubevirt/names';
import { now } from '../controllers/kubevirt/objects';
import type { SimContext } from '../controllers/runtime';
import { OperationClock, operationSteering } from './operation-steering';

type Status = NonNullable<VirtualMachineInstance['status']>;

/** What the nodes have to say next about a VMI that moves: the VMI to report, or when to look again. */
export type MigrationStep = { report: VirtualMachineInstance } | { requeueAfterMs: number } | undefined;

/** The virt-handlers' part in migrations: the target prepares itself, the source sends the guest over. */
export class GuestMigrations {
  private readonly clock: OperationClock;
  private readonly client;

  constructor(private readonly context: SimContext) {
    this.clock = new OperationClock(context.options);
    this.client = context.clientFor('kubelet');
  }

  /** The next step of the migration that a running VMI has been handed over to, if one is under way. */
  step(vmi: VirtualMachineInstance, vm: VirtualMachine | undefined, pods: readonly Pod[]): MigrationStep {
    const state = vmi.status?.migrationState as MigrationState | undefined;
    if (!state?.migrationUid || state.completed) return undefined;
    if (!state.targetNodeAddress) return withState(vmi, { targetNodeAddress: this.addressOf(state) });
    if (!state.startTimestamp) return withState(vmi, { startTimestamp: now() });
    if (state.abortRequested) return this.fail(vmi, { abortStatus: 'Succeeded', failureReason: 'aborted' });
    const how = operationSteering('migration', [vm, vmi], this.context.options);
    if (how === 'never') return undefined;
    const seconds = how === 'fails' ? this.context.options.bootSeconds : how;
    const left = this.clock.leftOf(state.migrationUid, seconds);
    if (left > 0) return { requeueAfterMs: left };
    if (how === 'fails') return this.fail(vmi, { failureReason: 'the connection to the target was lost' });
    this.clock.forget(state.migrationUid);
    return {
      report: arrived(
        vmi,
        pods.find(({ metadata }) => metadata.name === state.targetPod),
      ),
    };
  }

  private addressOf({ targetNode }: MigrationState): string {
    return `192.168.66.${101 + this.context.options.nodes.indexOf(targetNode as string)}`;
  }

  private fail(vmi: VirtualMachineInstance, why: MigrationState): MigrationStep {
    this.clock.forget(String(vmi.status?.migrationState?.migrationUid));
    const step = withState(vmi, { ...why, failed: true, completed: true, endTimestamp: now() });
    const { [LABELS.migrationTargetNode]: _, ...labels } = vmi.metadata.labels ?? {};
    step.report.metadata = { ...vmi.metadata, labels };
    return step;
  }

  /** Launchers whose guest runs elsewhere end: the source's after a migration, the target's after a failed one. */
  async retire(vmi: VirtualMachineInstance, pods: readonly Pod[]): Promise<void> {
    const state = vmi.status?.migrationState as MigrationState | undefined;
    const here = vmi.status?.nodeName;
    for (const pod of pods) {
      const { deletionTimestamp, name } = pod.metadata;
      const isTarget = state?.targetPod === name && !state.completed;
      const isPrepared = pod.metadata.labels?.[LABELS.migrationJob] !== undefined;
      if (!pod.spec?.nodeName || pod.spec.nodeName === here || pod.status?.phase !== 'Running') continue;
      if (deletionTimestamp) await this.remove(pod);
      else if (state?.completed && !isTarget && (!isPrepared || this.isOver(pod, state))) await this.end(pod);
    }
  }

  /** A target pod of this migration, or of one before it. */
  private isOver({ metadata }: Pod, { migrationUid, sourcePod }: MigrationState): boolean {
    return metadata.labels?.[LABELS.migrationJob] === migrationUid || metadata.name === sourcePod;
  }

  private async remove({ metadata: { namespace, name, uid } }: Pod): Promise<void> {
    await this.client.delete(Kinds.Pod, { namespace, name }, { uid, gracePeriodSeconds: 0 });
  }

  private async end(pod: Pod): Promise<void> {
    const terminated = { exitCode: 0, reason: 'Completed', finishedAt: now() };
    const status: Pod['status'] = {
      ...pod.status,
      phase: 'Succeeded',
      conditions: pod.status?.conditions?.map((condition) =>
        condition.type === 'Ready' || condition.type === 'ContainersReady'
          ? { ...condition, status: 'False', reason: 'PodCompleted', lastTransitionTime: now() }
          : condition,
      ),
      containerStatuses: pod.status?.containerStatuses?.map((container) => ({
        ...container,
        ready: false,
        started: false,
        state: { terminated },
      })),
    };
    try {
      await this.client.replace(Kinds.Pod, { ...pod, status }, { subresource: 'status' });
    } catch (error) {
      if (!isCode(error, 404)) throw error;
    }
  }
}

function withState(vmi: VirtualMachineInstance, change: MigrationState): { report: VirtualMachineInstance } {
  const migrationState = { ...vmi.status?.migrationState, ...change } as Status['migrationState'];
  return { report: { ...vmi, status: { ...vmi.status, migrationState } } };
}

/** The guest runs on its new node, in its new pod, with the pod's address. */
function arrived(vmi: VirtualMachineInstance, pod: Pod | undefined): VirtualMachineInstance {
  const state = vmi.status?.migrationState as MigrationState;
  const time = now();
  const { report } = withState(vmi, {
    completed: true,
    endTimestamp: time,
    targetNodeDomainReadyTimestamp: time,
  });
  const { [LABELS.migrationTargetNode]: _, ...labels } = vmi.metadata.labels ?? {};
  const podIP = pod?.status?.podIP as string | undefined;
  const [first, ...others] = vmi.status?.interfaces ?? [];
  return {
    ...report,
    metadata: { ...vmi.metadata, labels: { ...labels, [LABELS.nodeName]: state.targetNode as string } },
    status: {
      ...report.status,
      nodeName: state.targetNode,
      ...(first &&
        podIP && { interfaces: [{ ...first, ipAddress: podIP, ipAddresses: [podIP] }, ...others] }),
    },
  };
}
