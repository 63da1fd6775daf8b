import type { PersistentVolumeClaim, Pod } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { milliseconds } from '../../options';
import {
  addFinalizer,
  annotate,
  annotationOf,
  controllerOf,
  hasFinalizer,
  isBound,
  isDeleting,
  isTerminated,
  removeFinalizer,
  uidOf,
} from '../objects';
import { type ControllerDefinition, keyOf, update, watching } from '../runtime';
import { type Cdi, eventTarget, isPopulated, podsWriting } from './cdi';
import { Ann, APP, Component, Finalizer, Label, sourcePodName } from './names';
import { notePod } from './pod-notes';
import { podFor } from './pods';

/**
 * Runs the pod that reads the source of a host-assisted copy, once the receiving pod is ready and nobody writes to
 * the source; nothing looks at the source again after that (CDI pkg/controller/clone-controller.go).
 */
export function cloneSourceController(cdi: Cdi): ControllerDefinition {
  return {
    name: 'clone-source',
    watches: [
      watching(Kinds.PersistentVolumeClaim, (claim) =>
        annotationOf(claim, Ann.cloneRequest) ? [keyOf(claim)] : [],
      ),
      watching(Kinds.Pod, (pod) => {
        const owner = controllerOf(pod);
        const own =
          owner?.kind === 'PersistentVolumeClaim' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
        const target = annotationOf(pod, Ann.podOwner);
        return target ? [...own, target] : own;
      }),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = cdi.claims.get(namespace, name);
      if (!claim || !annotationOf(claim, Ann.cloneRequest)) return;
      if (isDeleting(claim) || annotationOf(claim, Ann.cloneOf) || !isBound(claim)) {
        if (hasFinalizer(claim, Finalizer.cloneSource)) await cleanUp(cdi, claim, signal);
        return;
      }
      return copy(cdi, claim, signal);
    },
  };
}

async function copy(cdi: Cdi, claim: PersistentVolumeClaim, signal: AbortSignal) {
  const isCopied = annotationOf(claim, Ann.podPhase) === 'Succeeded';
  if (annotationOf(claim, Ann.podReady) !== 'true' && !isCopied) return;
  const name = annotationOf(claim, Ann.cloneSourcePod);
  if (!name) {
    // the finalizer comes before the pod that it stands for; comes back with the claim's change
    await edit(cdi, claim, signal, (copy) => {
      annotate(copy, { [Ann.cloneSourcePod]: sourcePodName(uidOf(claim)) });
      addFinalizer(copy, Finalizer.cloneSource);
    });
    return;
  }
  const pod = findPod(cdi, claim);
  if (!pod && !isCopied) return startPod(cdi, claim, name, signal);
  await edit(cdi, claim, signal, (copy) => {
    if (isCopied && (!pod || isTerminated(pod))) annotate(copy, { [Ann.cloneOf]: 'true' });
    if (pod) notePod(copy, pod, Ann.sourceRunning);
  });
}

async function startPod(cdi: Cdi, claim: PersistentVolumeClaim, name: string, signal: AbortSignal) {
  const { options } = cdi.context;
  const later = { requeueAfterMs: milliseconds(options.progressIntervalSeconds, options) };
  const [namespace = '', sourceName = ''] = annotationOf(claim, Ann.cloneRequest)?.split('/') ?? [];
  const source = cdi.claims.get(namespace, sourceName);
  if (!source)
    throw new Error(`error getting clone source PVC: persistentvolumeclaims "${sourceName}" not found`);
  if (!isPopulated(cdi, source)) return later;
  const pods = podsWriting(cdi, namespace, sourceName);
  if (pods.length > 0) {
    const about = eventTarget(cdi, claim);
    for (const { metadata } of pods) {
      const message = `pod ${metadata.namespace}/${metadata.name} using PersistentVolumeClaim ${sourceName}`;
      cdi.recordEvent(about, 'Warning', 'CloneSourceInUse', message);
    }
    return later;
  }
  await cdi.client.create(Kinds.Pod, sourcePod(claim, source, name), { signal });
  return undefined;
}

function sourcePod(claim: PersistentVolumeClaim, source: PersistentVolumeClaim, name: string): Pod {
  return podFor({
    namespace: source.metadata.namespace,
    name,
    claim: source,
    readOnly: true,
    labels: {
      [Label.app]: APP,
      [Label.component]: Component.cloneSource,
      [Label.cloneId]: name,
      'cdi.kubevirt.io/hostAssistedSourcePodCloneSource': uidOf(source),
    },
    annotations: { [Ann.createdBy]: 'yes', [Ann.podOwner]: keyOf(claim) },
    container: Component.cloneSource,
  });
}

/** In the source's namespace, so it can't be owned by the claim: found by name and by whom it copies for. */
function findPod(cdi: Cdi, claim: PersistentVolumeClaim): Pod | undefined {
  const [namespace = ''] = annotationOf(claim, Ann.cloneRequest)?.split('/') ?? [];
  return cdi.pods.get(namespace, annotationOf(claim, Ann.cloneSourcePod) ?? sourcePodName(uidOf(claim)));
}

async function cleanUp(cdi: Cdi, claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
  const pod = findPod(cdi, claim);
  if (pod && !isDeleting(pod)) {
    const isCopied = annotationOf(claim, Ann.podPhase) === 'Succeeded';
    if (isCopied && pod.status?.phase === 'Running') return; // comes back when it has ended
    await cdi.client.delete(Kinds.Pod, pod.metadata, { uid: uidOf(pod), signal });
  }
  await edit(cdi, claim, signal, (copy) => removeFinalizer(copy, Finalizer.cloneSource));
}

function edit(
  cdi: Cdi,
  claim: PersistentVolumeClaim,
  signal: AbortSignal,
  change: (copy: PersistentVolumeClaim) => void,
): Promise<PersistentVolumeClaim> {
  return update(cdi.client, Kinds.PersistentVolumeClaim, claim, change, { signal });
}
