import type { ClaimSpec, DataVolume, PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { SimKinds } from '../kinds';
import {
  addFinalizer,
  annotate,
  annotationOf,
  controllerOf,
  controllerReference,
  hasFinalizer,
  isDeleting,
  removeFinalizer,
  uidOf,
} from '../objects';
import { type ControllerDefinition, keyOf, update, watching } from '../runtime';
import { type Cdi, storageClassOf } from './cdi';
import { ClaimNotValid, renderClaimSpec } from './claim-spec';
import { type DecidedPhase, requiresWork, updateStatus } from './data-volume-status';
import { Ann, API_GROUP, APP, Finalizer, Label, RECOMMENDED_LABELS } from './names';
import type { Population } from './population';
import { clonePopulation } from './populations/clone';
import { importPopulation } from './populations/import';
import { isQuotaExceeded } from './quota';

const POPULATIONS: Population[] = [clonePopulation, importPopulation];

/** What a sync came to: a phase that it decided on, and an error after which it is tried again. */
interface Synced {
  decided?: DecidedPhase;
  failure?: unknown;
}

/** Makes the claim of a DataVolume, hands it to a populator and reports (CDI pkg/controller/datavolume). */
export function dataVolumeController(cdi: Cdi): ControllerDefinition {
  const withoutPhase = () =>
    cdi.dataVolumes.list().flatMap((dataVolume) => (dataVolume.status?.phase ? [] : [keyOf(dataVolume)]));
  return {
    name: 'datavolume',
    watches: [
      watching(Kinds.DataVolume),
      watching(Kinds.PersistentVolumeClaim, (claim) => {
        const owner = controllerOf(claim);
        const own = owner?.kind === 'DataVolume' ? [`${claim.metadata.namespace}/${owner.name}`] : [];
        return [...own, ...cdi.dataVolumesBySource.get(keyOf(claim)).map(keyOf)];
      }),
      watching(SimKinds.VolumeCloneSource, (source) => {
        const owner = controllerOf(source);
        const elsewhere = annotationOf(source, Ann.ownedByDataVolume);
        return elsewhere ? [elsewhere] : owner ? [`${source.metadata.namespace}/${owner.name}`] : [];
      }),
      watching(Kinds.StorageClass, withoutPhase),
      watching(Kinds.StorageProfile, withoutPhase),
    ],
    async reconcile({ namespace, name }, signal) {
      const dataVolume = cdi.dataVolumes.get(namespace, name);
      const population = dataVolume && POPULATIONS.find(({ fits }) => fits(dataVolume));
      if (!population) return;
      const { decided, failure } = await sync(cdi, dataVolume, population, signal).catch(
        (error): Synced => ({ failure: error }),
      );
      const latest = cdi.dataVolumes.get(namespace, name);
      if (latest && !isDeleting(latest)) await updateStatus(cdi, latest, population, decided, signal);
      if (failure) throw failure;
    },
  };
}

async function sync(
  cdi: Cdi,
  stored: DataVolume,
  population: Population,
  signal: AbortSignal,
): Promise<Synced> {
  let dataVolume = stored;
  const isOver = isDeleting(dataVolume) || dataVolume.status?.phase === 'Succeeded';
  if (isOver) {
    await population.deleteDataSource(cdi, dataVolume, signal);
    dataVolume = await change(cdi, dataVolume, signal, (copy) => {
      if (hasFinalizer(copy, Finalizer.crossNamespace)) removeFinalizer(copy, Finalizer.crossNamespace);
    });
  }
  if (isDeleting(dataVolume)) return {};
  let spec: ClaimSpec;
  try {
    spec = renderClaimSpec(cdi, dataVolume);
  } catch (error) {
    if (!(error instanceof ClaimNotValid)) throw error;
    return { decided: { phase: '', reason: 'ErrClaimNotValid', message: error.message } };
  }
  const usePopulator = String(Boolean(storageClassOf(cdi, spec.storageClassName)));
  dataVolume = await change(cdi, dataVolume, signal, (copy) => {
    if (annotationOf(copy, Ann.usePopulator) === undefined)
      annotate(copy, { [Ann.usePopulator]: usePopulator });
  });
  let claim = cdi.claims.get(dataVolume.metadata.namespace, dataVolume.metadata.name);
  if (claim) await checkOwnership(cdi, dataVolume, claim, signal);
  if (!requiresWork(claim, dataVolume)) return {};
  if (!claim) {
    const refusal = population.refusal(cdi, dataVolume, spec);
    if (refusal) return { decided: { phase: dataVolume.status?.phase ?? '', ...refusal } };
    if (population.foreignNamespace(dataVolume) && !hasFinalizer(dataVolume, Finalizer.crossNamespace)) {
      await change(cdi, dataVolume, signal, (copy) => addFinalizer(copy, Finalizer.crossNamespace));
      return { decided: { phase: 'CloneScheduled' } };
    }
    try {
      claim = await cdi.client.create(Kinds.PersistentVolumeClaim, claimFor(dataVolume, spec, population), {
        signal,
      });
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error;
      const decided = { phase: 'Pending', reason: 'ErrExceededQuota', message: error.message };
      return { decided, failure: error };
    }
  }
  if (!isOver) await population.ensureDataSource(cdi, dataVolume, signal);
  const cloneType = annotationOf(claim, Ann.cloneType);
  await change(cdi, dataVolume, signal, (copy) => {
    if (cloneType && annotationOf(copy, Ann.cloneType) !== cloneType)
      annotate(copy, { [Ann.cloneType]: cloneType });
  });
  return {};
}

function change(cdi: Cdi, dataVolume: DataVolume, signal: AbortSignal, edit: (copy: DataVolume) => void) {
  return update(cdi.client, Kinds.DataVolume, dataVolume, edit, { signal });
}

/** A claim that is not ours is taken over when nothing has to be copied into it, and otherwise left alone. */
async function checkOwnership(
  cdi: Cdi,
  dataVolume: DataVolume,
  claim: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<void> {
  const about = { ...dataVolume, apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume' };
  const { name } = claim.metadata;
  if (isDeleting(claim)) {
    const message = `Resource "${name}" marked for deletion`;
    cdi.recordEvent(about, 'Warning', 'ErrResourceMarkedForDeletion', message);
    throw new Error(message);
  }
  const owner = controllerOf(claim);
  if (owner?.uid === uidOf(dataVolume)) return;
  if (requiresWork(claim, dataVolume)) {
    const message = `Resource "${name}" already exists and is not managed by DataVolume`;
    cdi.recordEvent(about, 'Warning', 'ErrResourceExists', message);
    throw new Error(message);
  }
  if (owner)
    throw new Error(`Object ${keyOf(claim)} is already owned by another ${owner.kind} ${owner.name}`);
  await update(
    cdi.client,
    Kinds.PersistentVolumeClaim,
    claim,
    ({ metadata }) => {
      metadata.ownerReferences = [
        ...(metadata.ownerReferences ?? []),
        controllerReference(Kinds.DataVolume, dataVolume),
      ];
    },
    { signal },
  );
}

/** The claim: labels and annotations of the DataVolume and CDI's own (controller-base.go, newPersistentVolumeClaim). */
function claimFor(dataVolume: DataVolume, spec: ClaimSpec, population: Population): PersistentVolumeClaim {
  const { namespace, name, labels, annotations } = dataVolume.metadata;
  const foreign = population.foreignNamespace(dataVolume);
  const usePopulator = annotationOf(dataVolume, Ann.usePopulator) !== 'false';
  const { [Ann.populatedFor]: _delayed, ...copied } = annotations ?? {};
  return {
    metadata: {
      namespace,
      name,
      labels: {
        [Label.app]: APP,
        ...(spec.volumeMode !== 'Block' && { [Label.fillingUp]: 'disabled' }),
        ...labels,
        ...RECOMMENDED_LABELS,
      },
      annotations: {
        ...copied,
        [Ann.podRestarts]: '0',
        [Ann.contentType]: 'kubevirt',
        [Ann.preallocationRequested]: 'false',
        [Ann.createdForDataVolume]: uidOf(dataVolume),
        ...(foreign && { [Ann.dataSourceNamespace]: foreign }),
      },
      ownerReferences: [controllerReference(Kinds.DataVolume, dataVolume)],
    },
    spec: usePopulator
      ? { ...spec, dataSourceRef: { apiGroup: API_GROUP, ...population.dataSource(dataVolume) } }
      : spec,
  };
}
