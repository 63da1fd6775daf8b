import type { PersistentVolumeClaim, Pod } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
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
import { type Cdi, eventTarget } from './cdi';
import { sizeMismatch } from './claim-spec';
import { Ann, APP, Component, Label, uploadPodName } from './names';
import { notePod } from './pod-notes';
import { podFor } from './pods';

/** Runs the pod that receives a host-assisted copy (CDI pkg/controller/upload-controller.go). */
export function uploadController(cdi: Cdi): ControllerDefinition {
  return {
    name: 'upload',
    watches: [
      watching(Kinds.PersistentVolumeClaim, (claim) =>
        annotationOf(claim, Ann.cloneRequest) ? [keyOf(claim)] : [],
      ),
      watching(Kinds.Pod, (pod) => {
        const owner = controllerOf(pod);
        return owner?.kind === 'PersistentVolumeClaim' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
      }),
    ],
    async reconcile({ namespace, name }, signal) {
      const claim = cdi.claims.get(namespace, name);
      const request = annotationOf(claim, Ann.cloneRequest);
      if (!claim || !request) return;
      const isStarted = isBound(claim) || annotationOf(claim, Ann.boundImmediately) !== undefined;
      if (!isStarted || annotationOf(claim, Ann.podPhase) === 'Succeeded' || isDeleting(claim)) {
        return deletePod(cdi, claim, signal);
      }
      await runPod(cdi, claim, request, signal);
    },
  };
}

async function runPod(cdi: Cdi, claim: PersistentVolumeClaim, request: string, signal: AbortSignal) {
  const [namespace = '', name = ''] = request.split('/');
  const source = cdi.claims.get(namespace, name);
  if (!source) throw new Error(`error getting clone source PVC: persistentvolumeclaims "${name}" not found`);
  const tooSmall = sizeMismatch(source, claim.spec);
  if (tooSmall) {
    cdi.recordEvent(eventTarget(cdi, claim), 'Warning', 'ErrIncompatiblePVC', tooSmall);
    return;
  }
  const podName = annotationOf(claim, Ann.uploadPod);
  if (!podName) {
    // comes back with the claim's change
    await update(
      cdi.client,
      Kinds.PersistentVolumeClaim,
      claim,
      (copy) => annotate(copy, { [Ann.uploadPod]: uploadPodName(claim.metadata.name) }),
      { signal },
    );
    return;
  }
  const pod =
    cdi.pods.get(claim.metadata.namespace, podName) ??
    (await cdi.client.create(Kinds.Pod, uploadPod(claim, podName), { signal }));
  await update(
    cdi.client,
    Kinds.PersistentVolumeClaim,
    claim,
    (copy) => {
      annotate(copy, {
        [Ann.podPhase]: pod.status?.phase ?? 'Pending',
        [Ann.podReady]: String(isReady(pod)),
      });
      notePod(copy, pod, Ann.running);
    },
    { signal },
  );
}

function uploadPod(claim: PersistentVolumeClaim, name: string): Pod {
  return podFor({
    namespace: claim.metadata.namespace,
    name,
    claim,
    labels: {
      [Label.app]: APP,
      [Label.component]: Component.upload,
      [Label.uploadTarget]: uidOf(claim),
    },
    annotations: { 'cdi.kubevirt.io/storage.createdByUploadController': 'yes' },
    ownerReferences: [controllerReference(Kinds.PersistentVolumeClaim, claim)],
    container: 'cdi-upload-server',
  });
}

function isReady({ status }: Pod): boolean {
  const containers = status?.containerStatuses ?? [];
  return containers.length > 0 && containers.every(({ ready }) => ready);
}

async function deletePod(cdi: Cdi, claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
  const { namespace, name } = claim.metadata;
  const pod = cdi.pods.get(namespace, annotationOf(claim, Ann.uploadPod) ?? uploadPodName(name));
  if (pod && !isDeleting(pod)) await cdi.client.delete(Kinds.Pod, pod.metadata, { uid: uidOf(pod), signal });
}
