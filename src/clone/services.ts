import type { Warning } from '../contract';
import type { PlanFacts } from './plan';
import type { VirtualMachine } from './resources';

/** Labels that KubeVirt itself puts on a VM's pod (KubeVirt pkg/virt-controller/services/template.go). */
function podLabels({ metadata, spec }: VirtualMachine): Record<string, string> {
  return {
    ...spec.template.metadata?.labels,
    'kubevirt.io': 'virt-launcher',
    'vm.kubevirt.io/name': metadata.name,
  };
}

/** A Service that selects the clone's pod sends it the source's traffic (kubevirt-rules, Identity). */
export function serviceWarnings(target: VirtualMachine, { services }: PlanFacts): Warning[] {
  const labels = podLabels(target);
  return services.flatMap(({ metadata, spec }) => {
    const selector = Object.entries(spec?.selector ?? {});
    const fits = selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
    if (!fits || spec?.type === 'ExternalName') return [];
    const by = selector.map(([key, value]) => `${key}=${value}`).join(', ');
    return [
      {
        type: 'ServiceSelectsClone',
        message: `Service ${metadata.namespace}/${metadata.name} selects the clone too, by ${by}: it sends it traffic as soon as it runs. Leave the label out of the clone, or do not start it.`,
      },
    ];
  });
}
