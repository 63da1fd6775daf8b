import type { Pod, VirtualMachineInstance } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import type { RecordEvent } from '../../events';
import type { SimContext } from '../../runtime';
import { KubeVirtKinds, type Migration } from '../kinds';
import { ANNOTATIONS, LABELS } from '../names';
import { conditionOf, currentPod, isControlledBy } from '../objects';
import { Expectations } from './expectations';
import { launcherPodOf } from './launcher-pod';
import { hasTarget } from './migration-phase';
import { hasPersistentState, stateClaimOf } from './persistent-state';

/** Migrations under way at once in the cluster, and away from one node; the others wait a little. */
const MAX_MOVING = 5;
const MAX_OUTBOUND = 2;

/** The pods that migrations go to: launchers that may not share a node with another one of their VMI. */
export class MigrationTargets {
  private readonly migrations;
  private readonly vmis;
  private readonly pods;
  private readonly claims;
  private readonly created: Expectations;

  constructor(
    context: SimContext,
    private readonly client: ClusterClient,
    private readonly record: RecordEvent,
  ) {
    this.migrations = context.cache(KubeVirtKinds.Migration);
    this.vmis = context.cache(Kinds.VirtualMachineInstance);
    this.pods = context.cache(Kinds.Pod);
    this.claims = context.cache(Kinds.PersistentVolumeClaim);
    const jobOf = ({ metadata }: { metadata: { labels?: Record<string, string> } }) =>
      metadata.labels?.[LABELS.migrationJob];
    this.created = new Expectations(this.pods as never, jobOf);
  }

  podOf({ metadata }: Migration): Pod | undefined {
    return this.pods
      .list(metadata.namespace)
      .find(({ metadata: { labels } }) => labels?.[LABELS.migrationJob] === metadata.uid);
  }

  /** The launcher that the guest runs in now. */
  sourcePodOf(vmi: VirtualMachineInstance): Pod | undefined {
    const launchers = this.pods.list(vmi.metadata.namespace).filter((pod) => isControlledBy(pod, vmi));
    return currentPod(vmi, launchers);
  }

  /** True when the migration has to wait for its turn. */
  async create(migration: Migration, vmi: VirtualMachineInstance): Promise<boolean> {
    const key = migration.metadata.uid as string;
    if (vmi.status?.phase !== 'Running' || !this.sourcePodOf(vmi) || !this.created.satisfied(key)) {
      return false;
    }
    if (!this.hasRoomFor(vmi)) return true;
    const state = hasPersistentState(vmi) ? stateClaimOf(this.claims, vmi)?.metadata.name : undefined;
    const pod = targetPodOf(migration, vmi, state);
    const made = await this.created.creating(key, () => this.client.create(Kinds.Pod, pod));
    this.record(
      migration,
      'Normal',
      'SuccessfulCreate',
      `Created migration target pod ${made.metadata.name}`,
    );
    return false;
  }

  private hasRoomFor(vmi: VirtualMachineInstance): boolean {
    const moving = this.migrations.list().filter(hasTarget);
    const outbound = moving.filter(({ metadata, spec }) => {
      const other = this.vmis.get(metadata.namespace, spec.vmiName ?? '');
      return other?.status?.nodeName === vmi.status?.nodeName;
    });
    return moving.length < MAX_MOVING && outbound.length < MAX_OUTBOUND;
  }

  async delete(migration: Migration, { metadata }: Pod): Promise<void> {
    const { namespace, name, uid, deletionTimestamp } = metadata;
    if (deletionTimestamp) return;
    await this.client.delete(Kinds.Pod, { namespace, name }, { uid });
    const message = `migration canceled and pod ${namespace}/${name} is deleted`;
    this.record(migration, 'Normal', 'SuccessfulDelete', message);
  }
}

/** A launcher marked as the migration's, kept off the nodes of the VMI's other launchers (migration.go). */
function targetPodOf(migration: Migration, vmi: VirtualMachineInstance, stateClaim?: string): Pod {
  const { uid, name } = migration.metadata;
  const { metadata, spec } = launcherPodOf(vmi, stateClaim);
  const ofThisVmi = {
    labelSelector: { matchLabels: { [LABELS.createdBy]: vmi.metadata.uid } },
    topologyKey: 'kubernetes.io/hostname',
  };
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [LABELS.migrationJob]: uid as string },
      annotations: { ...metadata.annotations, [ANNOTATIONS.migrationJobName]: name },
    },
    spec: {
      ...spec,
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [ofThisVmi] } },
    },
  };
}

export function isReady({ status }: Pod): boolean {
  return status?.phase === 'Running' && conditionOf(status.conditions, 'Ready')?.status === 'True';
}

export function isDown({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
