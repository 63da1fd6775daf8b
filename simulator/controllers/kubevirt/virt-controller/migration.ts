import type { Pod, VirtualMachineInstance } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { eventRecorder } from '../../events';
import { type ControllerDefinition, type Key, keyOf, type SimContext, watching } from '../../runtime';
import { KubeVirtKinds, type Migration } from '../kinds';
import { ANNOTATIONS, FINALIZERS } from '../names';
import { now, same } from '../objects';
import { failureOf } from './migration-failure';
import { isEnded, isHandedOver, nextPhase, stateOf } from './migration-phase';
import { endOf, handOver, patchState } from './migration-state';
import { isReady, MigrationTargets } from './migration-target';

const NAME = 'virt-controller';

/** Until a migration that has to wait for its turn is looked at again. */
const WAIT_SECONDS = 3;

/** Ended migrations that are kept for each VMI. */
const KEPT = 5;

/**
 * What virt-controller does for migrations: the pod on another node, the hand-over to the nodes' virt-handlers, and
 * the phases that follow from what those report in the VMI. (pkg/virt-controller/watch/migration)
 */
export function migrationController(context: SimContext): ControllerDefinition {
  const client = context.clientFor(NAME);
  const migrations = context.cache(KubeVirtKinds.Migration);
  const vmis = context.cache(Kinds.VirtualMachineInstance);
  const record = eventRecorder(context, NAME);
  const targets = new MigrationTargets(context, client, record);
  const wait = { requeueAfterMs: WAIT_SECONDS * 1000 * context.options.timeScale };

  async function reconcile({ namespace, name }: Key): Promise<{ requeueAfterMs: number } | undefined> {
    const migration = migrations.get(namespace, name);
    if (!migration) return;
    if (await observeApiVersion(migration)) return;
    const vmi = vmis.get(namespace, migration.spec.vmiName ?? '');
    if (!vmi) return letGo(migration);
    const pod = targets.podOf(migration);
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
      if (pod) await targets.delete(migration, pod);
    } else if (phase === 'Pending') return pod ? false : targets.create(migration, vmi);
    else if (phase === 'Scheduled' && pod && isReady(pod)) {
      if (!state) await handOverTo(pod, migration, vmi);
    } else if (phase === 'Running' && cancelled && state && !state.abortRequested) {
      await patchState(client, migration, vmi, { abortRequested: true });
    } else if (phase === 'Failed' && state && !state.failed) {
      await patchState(client, migration, vmi, endOf(state, 'Target pod is down'));
    }
    return false;
  }

  async function handOverTo(target: Pod, migration: Migration, vmi: VirtualMachineInstance): Promise<void> {
    await handOver(client, migration, vmi, { source: targets.sourcePodOf(vmi), target });
    const message = 'Migration target pod is ready for preparation by virt-handler.';
    record(migration, 'Normal', 'SuccessfulHandOver', message);
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
      const failed = failureOf(migration, vmi, pod, migrations.list(migration.metadata.namespace));
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
