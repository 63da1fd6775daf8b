import type { Pod, VirtualMachineInstance } from '../../../../src/clone/resources';
import { Kinds } from '../../../../src/kubernetes';
import { controllerReference } from '../../objects';
import { ANNOTATIONS, DEFAULT_GRACE_PERIOD_SECONDS, LABELS, PERSISTENT_STATE } from '../names';
import { claimNameOf } from '../objects';

/** The launcher outlives its guest's grace period by twice this (services/template.go). */
const PADDING_SECONDS = 15;

/** The pod that runs a VMI's guest and holds its claims; `stateClaim` is the one with the guest's lasting state. */
export function launcherPodOf(vmi: VirtualMachineInstance, stateClaim?: string): Pod {
  const { name, namespace, uid, labels } = vmi.metadata;
  const spec = vmi.spec ?? {};
  const grace = spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_PERIOD_SECONDS;
  const volumes = (spec.volumes ?? []).flatMap((volume) => {
    const claimName = claimNameOf(volume);
    return claimName ? [{ name: volume.name, persistentVolumeClaim: { claimName } }] : [];
  });
  if (stateClaim) {
    volumes.push({ name: PERSISTENT_STATE.volume, persistentVolumeClaim: { claimName: stateClaim } });
  }
  return {
    metadata: {
      name: '',
      generateName: `virt-launcher-${name}-`,
      namespace,
      labels: {
        ...labels,
        [LABELS.app]: 'virt-launcher',
        [LABELS.createdBy]: uid as string,
        [LABELS.vmName]: name,
      },
      annotations: { [ANNOTATIONS.domain]: name },
      ownerReferences: [controllerReference(Kinds.VirtualMachineInstance, vmi)],
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: grace + 2 * PADDING_SECONDS,
      nodeSelector: { 'kubevirt.io/schedulable': 'true' },
      containers: [{ name: 'compute', image: 'quay.io/kubevirt/virt-launcher:v1.9.0' }],
      volumes,
    },
  };
}
