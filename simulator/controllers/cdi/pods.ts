import type { OwnerReference, PersistentVolumeClaim, Pod } from '../../../src/clone/resources';
import { RECOMMENDED_LABELS } from './names';

const VOLUME = 'cdi-data-vol';

export interface PodTemplate {
  namespace: string | undefined;
  name: string;
  /** The claim that the pod mounts. */
  claim: PersistentVolumeClaim;
  readOnly?: boolean;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  ownerReferences?: OwnerReference[];
  container: string;
}

/** A worker pod of CDI's: one container on one claim, restarted until it succeeds. */
export function podFor(template: PodTemplate): Pod {
  const { namespace, name, claim, readOnly, labels, annotations, ownerReferences, container } = template;
  const mounted =
    claim.spec.volumeMode === 'Block'
      ? { volumeDevices: [{ name: VOLUME, devicePath: '/dev/cdi-block-volume' }] }
      : { volumeMounts: [{ name: VOLUME, mountPath: '/data', ...(readOnly && { readOnly }) }] };
  return {
    metadata: {
      namespace,
      name,
      labels: { ...labels, ...RECOMMENDED_LABELS },
      annotations,
      ...(ownerReferences && { ownerReferences }),
    },
    spec: {
      restartPolicy: 'OnFailure',
      containers: [{ name: container, image: `quay.io/kubevirt/${container}`, ...mounted }],
      volumes: [{ name: VOLUME, persistentVolumeClaim: { claimName: claim.metadata.name } }],
    },
  };
}
