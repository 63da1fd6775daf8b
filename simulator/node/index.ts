import type { KubernetesResource } from '../../src/clone/resources';
import { isCode, type Kind } from '../../src/kubernetes';
import { now } from '../controllers/kubevirt/objects';
import type { SimContext } from '../controllers/runtime';

export { kubelet } from './kubelet';
export { STEERING, STEERING_PREFIX } from './steering';
export { startStorage } from './storage';
export { virtHandler } from './virt-handler';

interface Node extends KubernetesResource {
  status?: { conditions: unknown[]; addresses: unknown[]; capacity: Record<string, string> };
}

const NODES: Kind<Node> = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };

/** Registers the nodes, as kubelets do when they start. */
export async function registerNodes({ clientFor, options }: SimContext): Promise<void> {
  const client = clientFor('kubelet');
  for (const [index, name] of options.nodes.entries()) {
    try {
      const labels = { 'kubernetes.io/hostname': name, 'kubevirt.io/schedulable': 'true' };
      const node = await client.create(NODES, { metadata: { name, labels } });
      const status = {
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: now() }],
        addresses: [{ type: 'InternalIP', address: `192.168.66.${101 + index}` }],
        capacity: { cpu: '16', memory: '64Gi', pods: '110' },
      };
      await client.replace(NODES, { ...node, status }, { subresource: 'status' });
    } catch (error) {
      if (!isCode(error, 409)) throw error;
    }
  }
}
