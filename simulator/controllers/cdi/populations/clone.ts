import type { ClaimSpec, DataVolume, PersistentVolumeClaim } from '../../../../src/clone/resources';
import { isCode, Kinds } from '../../../../src/kubernetes';
import { SimKinds } from '../../kinds';
import { annotationOf, controllerReference, requestOf, uidOf } from '../../objects';
import { sizeMismatch, sourceClaimOf } from '../claim-spec';
import { Ann, cloneSourceName } from '../names';
import type { PhaseEvent, Population } from '../population';

/** Phase of a DataVolume by the phase that the clone populator wrote on its claim. `Error` leaves it as it is. */
const PHASES: Record<string, string> = {
  '': 'CloneScheduled',
  Pending: 'CloneScheduled',
  Succeeded: 'Succeeded',
  CSIClone: 'CSICloneInProgress',
  HostClone: 'CloneInProgress',
  PrepClaim: 'PrepClaimInProgress',
  Rebind: 'RebindInProgress',
  SnapshotClone: 'CloneFromSnapshotSourceInProgress',
  Snapshot: 'SnapshotForSmartCloneInProgress',
};

/** `source.pvc` (CDI pkg/controller/datavolume/pvc-clone-controller.go, clone-controller-base.go). */
export const clonePopulation: Population = {
  fits: ({ spec }) => Boolean(spec.source?.pvc),

  refusal(cdi, dataVolume, spec) {
    const source = sourceClaimOf(cdi, dataVolume);
    if (!source) {
      return {
        reason: 'CloneWithoutSource',
        message: `The source pvc ${dataVolume.spec.source?.pvc?.name} doesn't exist`,
      };
    }
    const why =
      contentMismatch(dataVolume, source) ??
      (mustCompareSizes(dataVolume, source.spec) ? sizeMismatch(source, spec) : undefined);
    if (!why) return undefined;
    const message = `The clone doesn't meet the validation requirements: ${why}`;
    return { reason: 'CloneValidationFailed', message };
  },

  foreignNamespace(dataVolume) {
    const namespace = dataVolume.spec.source?.pvc?.namespace;
    return namespace && namespace !== dataVolume.metadata.namespace ? namespace : undefined;
  },

  dataSource: (dataVolume) => ({ kind: 'VolumeCloneSource', name: cloneSourceName(uidOf(dataVolume)) }),

  async ensureDataSource(cdi, dataVolume, signal) {
    const { namespace, name } = sourceRef(dataVolume);
    if (cdi.cloneSources.get(namespace, cloneSourceName(uidOf(dataVolume)))) return;
    const foreign = namespace !== dataVolume.metadata.namespace;
    try {
      await cdi.client.create(
        SimKinds.VolumeCloneSource,
        {
          metadata: {
            namespace,
            name: cloneSourceName(uidOf(dataVolume)),
            ...(foreign
              ? { annotations: { [Ann.ownedByDataVolume]: keyOf(dataVolume) } }
              : { ownerReferences: [controllerReference(Kinds.DataVolume, dataVolume)] }),
          },
          spec: { source: { kind: 'PersistentVolumeClaim', name } },
        },
        { signal },
      );
    } catch (error) {
      if (!isCode(error, 409)) throw error;
    }
  },

  async deleteDataSource(cdi, dataVolume, signal) {
    const { namespace } = sourceRef(dataVolume);
    const name = cloneSourceName(uidOf(dataVolume));
    if (!cdi.cloneSources.get(namespace, name)) return;
    await cdi.client.delete(SimKinds.VolumeCloneSource, { namespace, name }, { signal });
  },

  phase: (_cdi, _dataVolume, claim) => PHASES[annotationOf(claim, Ann.clonePhase) ?? ''],

  event(dataVolume, phase) {
    const source = keyOf({ metadata: sourceRef(dataVolume) });
    const target = keyOf(dataVolume);
    const messages: Record<string, string> = {
      CloneScheduled: `Cloning from ${source} into ${target} scheduled`,
      CloneInProgress: `Cloning from ${source} into ${target} in progress`,
      SnapshotForSmartCloneInProgress: `Creating snapshot for smart-clone is in progress (for pvc ${source})`,
      CloneFromSnapshotSourceInProgress: `Creating PVC from snapshot source is in progress (for pvc ${source})`,
      CSICloneInProgress: `CSI Volume clone in progress (for pvc ${source})`,
      PrepClaimInProgress: `Prepping PersistentVolumeClaim for DataVolume ${target}`,
      RebindInProgress: `Rebinding PersistentVolumeClaim for DataVolume ${target}`,
      Succeeded: `Successfully cloned from ${source} into ${target}`,
    };
    const message = messages[phase];
    if (!message) return undefined;
    return {
      type: 'Normal',
      reason: phase === 'Succeeded' ? 'CloneSucceeded' : phase,
      message,
    } as PhaseEvent;
  },
};

function contentMismatch({ spec }: DataVolume, source: PersistentVolumeClaim): string | undefined {
  const from = annotationOf(source, Ann.contentType) ?? 'kubevirt';
  const to = spec.contentType || 'kubevirt';
  if (from === to) return undefined;
  return `Source contentType (${from}) and target contentType (${to}) do not match`;
}

/** Sizes are compared here only for `spec.pvc` and block sources; the populator compares the rest. */
function mustCompareSizes({ spec }: DataVolume, source: ClaimSpec): boolean {
  return (
    Boolean(spec.pvc) || (source.volumeMode === 'Block' && Boolean(requestOf({ spec: spec.storage ?? {} })))
  );
}

function sourceRef(dataVolume: DataVolume): { namespace: string; name: string } {
  const { namespace = '', name = '' } = dataVolume.spec.source?.pvc ?? {};
  return { namespace: namespace || (dataVolume.metadata.namespace ?? ''), name };
}

function keyOf({ metadata }: { metadata: { namespace?: string; name: string } }): string {
  return `${metadata.namespace}/${metadata.name}`;
}
