import type { PersistentVolumeClaim, Pod } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { SimKinds } from '../kinds';
import {
  annotate,
  annotationOf,
  controllerOf,
  controllerReference,
  isBound,
  isDeleting,
  uidOf,
} from '../objects';
import { type ControllerDefinition, keyOf, update, watching } from '../runtime';
import { type Cdi, storageClassOf, waitsForConsumer } from './cdi';
import { rebindVolume } from './clone/rebind';
import {
  Ann,
  APP,
  Component,
  importerPodName,
  Label,
  PROGRESS_DONE,
  primeClaimName,
  RECOMMENDED_LABELS,
} from './names';
import { notePod } from './pod-notes';
import { podFor } from './pods';

const KIND = 'VolumeImportSource';

/**
 * Fills claims whose data source is a VolumeImportSource: a temporary claim `prime-<uid>`, an importer pod on it,
 * then its volume goes to the claim (CDI pkg/controller/populators/import-populator.go, import-controller.go).
 */
export function importPopulator(cdi: Cdi): ControllerDefinition {
  const ownerOf = (object: PersistentVolumeClaim | Pod) => {
    const owner = controllerOf(object);
    return owner?.kind === 'PersistentVolumeClaim' ? `${object.metadata.namespace}/${owner.name}` : undefined;
  };
  return {
    name: 'import-populator',
    watches: [
      watching(Kinds.PersistentVolumeClaim, (claim) => {
        const key = claim.spec.dataSourceRef?.kind === KIND ? keyOf(claim) : ownerOf(claim);
        return key ? [key] : [];
      }),
      watching(Kinds.Pod, (pod) => {
        const [namespace, name] = ownerOf(pod)?.split('/') ?? [];
        const prime = namespace && name ? cdi.claims.get(namespace, name) : undefined;
        const target = prime && ownerOf(prime);
        return target ? [target] : [];
      }),
      watching(SimKinds.VolumeImportSource, (source) =>
        cdi.claimsByDataSource.get(`${KIND}/${keyOf(source)}`).map(keyOf),
      ),
      watching(SimKinds.PersistentVolume, ({ spec }) => {
        const claim = spec.claimRef && cdi.claims.get(spec.claimRef.namespace, spec.claimRef.name);
        const target = claim && ownerOf(claim);
        return target ? [target] : [];
      }),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = cdi.claims.get(namespace, name);
      if (claim?.spec.dataSourceRef?.kind !== KIND || isDeleting(claim)) return;
      const prime = cdi.claims.get(namespace, primeClaimName(uidOf(claim)));
      if (prime) await fill(cdi, claim, prime, signal);
      else if (isReady(cdi, claim)) await createPrime(cdi, claim, signal);
    },
  };
}

function isReady(cdi: Cdi, claim: PersistentVolumeClaim): boolean {
  const { namespace } = claim.metadata;
  if (isBound(claim) || claim.status?.phase === 'Lost') return false;
  if (!cdi.importSources.get(namespace, claim.spec.dataSourceRef?.name ?? '')) return false;
  const storageClass = storageClassOf(cdi, claim.spec.storageClassName);
  if (!storageClass) return false;
  return (
    !waitsForConsumer(storageClass) ||
    Boolean(annotationOf(claim, Ann.selectedNode)) ||
    annotationOf(claim, Ann.boundImmediately) !== undefined
  );
}

async function createPrime(cdi: Cdi, claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
  const { accessModes, resources, storageClassName, volumeMode } = claim.spec;
  const node = annotationOf(claim, Ann.selectedNode);
  await cdi.client.create(
    Kinds.PersistentVolumeClaim,
    {
      metadata: {
        namespace: claim.metadata.namespace,
        name: primeClaimName(uidOf(claim)),
        labels: { [Label.app]: APP, [Label.excludeFromBackup]: 'true', ...RECOMMENDED_LABELS },
        annotations: {
          [Ann.boundImmediately]: '',
          [Ann.populatorKind]: KIND,
          [Ann.contentType]: 'kubevirt',
          [Ann.importPod]: importerPodName(primeClaimName(uidOf(claim))),
          ...(node && { [Ann.selectedNode]: node }),
        },
        ownerReferences: [controllerReference(Kinds.PersistentVolumeClaim, claim)],
      },
      spec: { accessModes, resources, storageClassName, volumeMode },
    },
    { signal },
  );
}

async function fill(
  cdi: Cdi,
  claim: PersistentVolumeClaim,
  prime: PersistentVolumeClaim,
  signal: AbortSignal,
) {
  const { namespace } = prime.metadata;
  const isImported = annotationOf(claim, Ann.podPhase) === 'Succeeded';
  const podName = importerPodName(prime.metadata.name);
  let pod = cdi.pods.get(namespace, podName);
  if (!pod && !isImported && !isDeleting(prime)) {
    pod = await cdi.client.create(Kinds.Pod, importerPod(prime, podName), { signal });
  }
  let target = claim;
  if (pod && !isImported) {
    const phase = pod.status?.phase ?? 'Pending';
    target = await update(
      cdi.client,
      Kinds.PersistentVolumeClaim,
      claim,
      (copy) => {
        annotate(copy, { [Ann.podPhase]: phase, [Ann.pvcPrime]: prime.metadata.name });
        notePod(copy, pod, Ann.running);
        if (phase !== 'Succeeded') return;
        annotate(copy, { [Ann.populatorProgress]: PROGRESS_DONE });
        annotate(copy, { [Ann.running]: 'false', [`${Ann.running}.reason`]: 'Completed' });
        annotate(copy, { [`${Ann.running}.message`]: 'Import Complete' });
      },
      { signal },
    );
  }
  if (annotationOf(target, Ann.podPhase) !== 'Succeeded') return;
  if (pod && !isDeleting(pod)) await cdi.client.delete(Kinds.Pod, pod.metadata, { uid: uidOf(pod), signal });
  if (!target.spec.volumeName) await rebindVolume(cdi, prime, target, signal);
  else if (isBound(target) && prime.status?.phase === 'Lost' && !isDeleting(prime)) {
    await cdi.client.delete(Kinds.PersistentVolumeClaim, prime.metadata, { uid: uidOf(prime), signal });
  }
}

function importerPod(prime: PersistentVolumeClaim, name: string): Pod {
  return podFor({
    namespace: prime.metadata.namespace,
    name,
    claim: prime,
    labels: { [Label.app]: APP, [Label.component]: Component.importer },
    annotations: { [Ann.createdBy]: 'yes' },
    ownerReferences: [controllerReference(Kinds.PersistentVolumeClaim, prime)],
    container: Component.importer,
  });
}
