import type { AdmissionFunctions, Subresources } from '../../../apiserver';
import type { SimContext } from '../../runtime';
import { lifecycleHandlers } from './lifecycle';
import { type NodeAgent, pauseHandlers } from './pause';
import { webhooks } from './webhooks';

export type { NodeAgent } from './pause';

/** virt-api: what an API server needs to answer for KubeVirt. `node` carries out what happens on a node. */
export function virtApi(
  context: SimContext,
  node: NodeAgent,
): { subresources: Subresources[]; admission: AdmissionFunctions } {
  const client = context.clientFor('virt-api');
  const group = { group: 'subresources.kubevirt.io', version: 'v1', namespaced: true };
  return {
    subresources: [
      {
        ...group,
        resource: 'virtualmachines',
        kind: 'VirtualMachine',
        handlers: lifecycleHandlers(client),
      },
      {
        ...group,
        resource: 'virtualmachineinstances',
        kind: 'VirtualMachineInstance',
        handlers: pauseHandlers(client, node),
      },
    ],
    admission: webhooks(client),
  };
}
