import type { Pod, VirtualMachineInstance } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { eventRecorder } from '../../events';
import { type ControllerDefinition, type Key, keyOf, type SimContext, watching } from '../../runtime';
import { KubeVirtKinds, type Migration, type MigrationState } from '../kinds';
import { ANNOTATIONS, FINALIZERS, LABELS } from '../names';
import { conditionOf, currentPod, isControlledBy, isFinal, now, same } from '../objects';
import { Expectations } from './expectations';
import { launcherPodOf } from './launcher-pod';
import { hasTarget, isEnded, isHandedOver, nextPhase, stateOf } from './migration-phase';
import { hasPersistentState, stateClaimOf } from './persistent-state';

const NAME = 'virt-controller';

/** Migrations under way at once in the cluster, and away from one node; the others wait a little. */
const MAX_MOVING = 5;
const MAX_OUTBOUND = 2;
const WAIT_SECONDS = 3;

/** Ended migrations that are kept for each VMI. */
const KEPT = 5;

/**
 * What virt-controller does for migrations: the pod on another node, the hand-over to the nodes' virt-handlers, and
 * the phases that follow from what those report in the VMI. (pkg/virt-controller/watch/migration)
 */
export function migrationController(context: SimContext): ControllerDefinition {
  const client = context.clientFor(NAME);
  const { nodes, timeScale } = context.options;
  const migrations = context.cache(KubeVirtKinds.Migration);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const pods = context.cache(Kinds.Pod);
  const claims = context.cache(Kinds.PersistentVolumeClaim);
  const record = eventRecorder(context, NAME);
  const created = new Expectations(pods as never, ({ metadata }) => metadata.labels?.[LABELS.migrationJob]);
  const wait = { requeueAfterMs: WAIT_SECONDS * 1000 * timeScale };

  const targetPodOf = ({ metadata }: Migration): Pod | undefined =>
    pods
      .list(metadata.namespace)
      .find(({ metadata: { labels } }) => labels?.[LABELS.migrationJob] === metadata.uid);

  async function reconcile({ namespace, name }: Key): Promise<{ requeueAfterMs: number } | undefined> {
    const migration = migrations.get(namespace, name);
    if (!migration) return;
    if (await observeApiVersion(migration)) return;
    const vmi = vmis.get(namespace, migration.spec.vmiName ?? '');
    if (!vmi) return letGo(migration);
    const pod = targetPodOf(migration);
    const busy = await sync(migration, vmi, pod);
    await updateStatus(migration, vmi, pod);
    if (isEnded(migration)) await forget(vmi);
    return busy ? wait : undefined;
  }

  async function observeApiVersion(migration: Migration): Promise<boolean> {
    if (migration.metadata.annotations?.[ANNOTATIONS.latestApiVersion] === 'v1') return false;
    const annotations = {
      ...migration.metadata.annotations,
      [ANNOTATIONS.latestApiVersion]: 'v1',
      [ANNOTATIONS.storageApiVersion]: 'v1',
    };
    const metadata = { ...migration.metadata, annotations };
    await client.replace(KubeVirtKinds.Migration, { ...migration, metadata });
    return true;
  }

  /** Its VMI is gone: so it goes. */
  async function letGo(migration: Migration): Promise<undefined> {
    const { namespace, name, uid, deletionTimestamp } = migration.metadata;
    if (deletionTimestamp) await writeFinalizers(migration);
    else await client.delete(KubeVirtKinds.Migration, { namespace, name }, { uid });
  }

  async function writeFinalizers(migration: Migration): Promise<void> {
    const { finalizers = [] } = migration.metadata;
    if (!finalizers.includes(FINALIZERS.migration)) return;
    const left = finalizers.filter((finalizer) => finalizer !== FINALIZERS.migration);
    const metadata = { ...migration.metadata, finalizers: left };
    await client.replace(KubeVirtKinds.Migration, { ...migration, metadata });
  }

  /** True when it has to wait for its turn. */
  async function sync(
    migration: Migration,
    vmi: VirtualMachineInstance,
    pod: Pod | undefined,
  ): Promise<boolean> {
    const state = stateOf(migration, vmi);
    if (vmi.metadata.deletionTimestamp || state?.completed) return false;
    const cancelled = migration.metadata.deletionTimestamp !== undefined;
    const phase = migration.status?.phase;
    const handedOver = phase === 'Scheduled' ? state !== undefined : isHandedOver(migration);
    if (cancelled && !handedOver && !isEnded(migration)) {
      if (pod) await deletePod(migration, pod);
    } else if (phase === 'Pending') return pod ? false : createPod(migration, vmi);
    else if (phase === 'Scheduled' && pod && isReady(pod)) await handOver(migration, vmi, pod);
    else if (phase === 'Running' && cancelled && state && !state.abortRequested) {
      await patchState(migration, vmi, { abortRequested: true });
    } else if (phase === 'Failed' && state && !state.failed) {
      await patchState(migration, vmi, endOf(state, 'Target pod is down'));
    }
    return false;
  }

  async function createPod(migration: Migration, vmi: VirtualMachineInstance): Promise<boolean> {
    const { uid, name } = migration.metadata;
    const key = uid as string;
    const source = currentPod(vmi, launchersOf(vmi));
    if (vmi.status?.phase !== 'Running' || !source || !created.satisfied(key)) return false;
    const moving = migrations.list().filter(hasTarget);
    const outbound = moving.filter(({ metadata, spec }) => {
      const other = vmis.get(metadata.namespace, spec.vmiName ?? '');
      return other?.status?.nodeName === vmi.status?.nodeName;
    });
    if (moving.length >= MAX_MOVING || outbound.length >= MAX_OUTBOUND) return true;
    const node = targetNodeOf(vmi, name);
    if (!node) return true;
    const state = hasPersistentState(vmi) ? stateClaimOf(claims, vmi)?.metadata.name : undefined;
    const pod = launcherPodOf(vmi, state);
    pod.metadata.labels = { ...pod.metadata.labels, [LABELS.migrationJob]: key };
    pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATIONS.migrationJobName]: name };
    // The scheduler's choice, anticipated: an anti-affinity keeps it from the node of the source.
    pod.spec = { ...pod.spec, nodeName: node };
    const made = await created.creating(key, () => client.create(Kinds.Pod, pod));
    record(migration, 'Normal', 'SuccessfulCreate', `Created migration target pod ${made.metadata.name}`);
    return false;
  }

  /** A node other than the VMI's; which one depends on the migration's name. */
  function targetNodeOf({ status }: VirtualMachineInstance, name: string): string | undefined {
    const others = nodes.filter((node) => node !== status?.nodeName);
    const sum = [...name].reduce((total, letter) => total + letter.charCodeAt(0), 0);
    return others[sum % others.length];
  }

  function launchersOf(vmi: VirtualMachineInstance): Pod[] {
    return pods.list(vmi.metadata.namespace).filter((pod) => isControlledBy(pod, vmi));
  }

  async function deletePod(migration: Migration, pod: Pod): Promise<void> {
    const { namespace, name, uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp) return;
    await client.delete(Kinds.Pod, { namespace, name }, { uid });
    const message = `migration canceled and pod ${namespace}/${name} is deleted`;
    record(migration, 'Normal', 'SuccessfulDelete', message);
  }

  /** From now on the VMI says which migration it is in, and the node that it moves to prepares itself. */
  async function handOver(migration: Migration, vmi: VirtualMachineInstance, pod: Pod): Promise<void> {
    if (stateOf(migration, vmi)) return;
    const { namespace, name, labels } = vmi.metadata;
    const old = vmi.status?.migrationState;
    const targetNode = pod.spec?.nodeName as string;
    const state: MigrationState = {
      migrationUid: migration.metadata.uid,
      sourceNode: vmi.status?.nodeName,
      sourcePod: currentPod(vmi, launchersOf(vmi))?.metadata.name,
      targetNode,
      targetPod: pod.metadata.name,
    };
    await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
      { op: 'test', path: '/metadata/labels', value: labels ?? null },
      { op: 'add', path: '/metadata/labels', value: { ...labels, [LABELS.migrationTargetNode]: targetNode } },
      { op: 'test', path: '/status/migrationState', value: old ?? null },
      { op: 'add', path: '/status/migrationState', value: state },
    ]);
    const message = 'Migration target pod is ready for preparation by virt-handler.';
    record(migration, 'Normal', 'SuccessfulHandOver', message);
  }

  async function patchState(
    migration: Migration,
    { metadata: { namespace, name } }: VirtualMachineInstance,
    change: MigrationState,
  ): Promise<void> {
    const path = '/status/migrationState';
    await client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
      { op: 'test', path: `${path}/migrationUid`, value: migration.metadata.uid },
      ...Object.entries(change).map(([field, value]) => ({
        op: 'add' as const,
        path: `${path}/${field}`,
        value,
      })),
    ]);
  }

  async function updateStatus(
    migration: Migration,
    vmi: VirtualMachineInstance,
    pod: Pod | undefined,
  ): Promise<void> {
    const next = structuredClone(migration);
    next.status ??= {};
    const state = stateOf(migration, vmi);
    if (isEnded(migration)) {
      if (state) next.status.migrationState = state;
    } else {
      const failed = failureOf(migration, vmi, pod);
      if (failed) {
        record(migration, 'Warning', 'FailedMigration', failed);
        next.status.phase = 'Failed';
      } else {
        const target = { exists: pod !== undefined, isReady: pod !== undefined && isReady(pod) };
        next.status.phase = nextPhase(migration, vmi, target);
      }
    }
    setTransition(next, migration.status?.phase);
    if (!same(next.status, migration.status)) {
      const written = await client.replace(KubeVirtKinds.Migration, next, { subresource: 'status' });
      if (next.status.phase === 'Succeeded' && !isEnded(migration)) {
        record(written, 'Normal', 'SuccessfulMigration', 'Source node reported migration succeeded');
      }
      return;
    }
    if (isEnded(migration)) await writeFinalizers(migration);
  }

  /** Why a migration that is under way has failed, if it has (migration.go updateStatus). */
  function failureOf(
    migration: Migration,
    vmi: VirtualMachineInstance,
    pod: Pod | undefined,
  ): string | undefined {
    const state = vmi.status?.migrationState as MigrationState | undefined;
    const own = stateOf(migration, vmi);
    if (isFinal(vmi)) return 'Migration failed vmi shutdown during migration.';
    const handedOver = own !== undefined || isHandedOver(migration);
    if (migration.metadata.deletionTimestamp && !handedOver) {
      return 'Migration failed due to being canceled';
    }
    if (pod && isDown(pod)) return 'Migration failed because target pod shutdown during migration';
    if (!pod && hasTarget(migration)) return 'Migration target pod was removed during active migration.';
    if (isHandedOver(migration) && !state) {
      return "VMI's migration state was cleared during the active migration.";
    }
    if (isHandedOver(migration) && !own) {
      return "VMI's migration state was taken over by another migration job during active migration.";
    }
    if (own?.failed) return 'source node reported migration failed';
    if (!migration.status?.phase && !isFree(vmi, state)) {
      return 'VMI is not eligible for migration because another migration job is in progress.';
    }
    return undefined;
  }

  /** No other migration that goes on has the VMI. */
  function isFree({ metadata }: VirtualMachineInstance, state: MigrationState | undefined): boolean {
    const holder = migrations
      .list(metadata.namespace)
      .find((other) => other.metadata.uid === state?.migrationUid);
    return !holder || isEnded(holder);
  }

  /** Deletes all but the newest of the migrations of a VMI that have ended. */
  async function forget({ metadata: { namespace, name } }: VirtualMachineInstance): Promise<void> {
    const age = (migration: Migration) => String(migration.metadata.creationTimestamp);
    const ended = migrations
      .list(namespace)
      .filter((other) => other.spec.vmiName === name && isEnded(other) && !other.metadata.deletionTimestamp)
      .sort((one, other) => age(one).localeCompare(age(other)));
    for (const { metadata } of ended.slice(0, Math.max(0, ended.length - KEPT))) {
      await client.delete(KubeVirtKinds.Migration, { namespace, name: metadata.name }, { uid: metadata.uid });
    }
  }

  return {
    name: 'virt-controller-migration',
    watches: [
      watching(KubeVirtKinds.Migration),
      watching(Kinds.VirtualMachineInstance, ({ metadata: { namespace, name } }) =>
        migrations
          .list(namespace)
          .filter(({ spec }) => spec.vmiName === name)
          .map(keyOf),
      ),
      watching(Kinds.Pod, ({ metadata: { namespace, annotations } }) => {
        const name = annotations?.[ANNOTATIONS.migrationJobName];
        return name ? [`${namespace}/${name}`] : [];
      }),
      watching(Kinds.PersistentVolumeClaim, () => []),
    ],
    reconcile,
  };
}

function setTransition({ status }: Migration, old: string | undefined): void {
  if (!status?.phase || status.phase === old) return;
  const { phase } = status;
  const earlier = status.phaseTransitionTimestamps ?? [];
  status.phaseTransitionTimestamps = [...earlier, { phase, phaseTransitionTimestamp: now() }];
}

/** How a migration ends in the VMI's status when it has failed. */
function endOf(state: MigrationState, failureReason: string): MigrationState {
  return {
    failed: true,
    completed: true,
    ...(!state.endTimestamp && { endTimestamp: now() }),
    ...(!state.startTimestamp && { startTimestamp: now() }),
    ...(!state.failureReason && { failureReason }),
  };
}

function isReady({ status }: Pod): boolean {
  return status?.phase === 'Running' && conditionOf(status.conditions, 'Ready')?.status === 'True';
}

function isDown({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
