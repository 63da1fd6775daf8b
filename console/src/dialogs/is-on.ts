import type { VmRow } from '../../../src/clone/status';

/** Whether a guest runs, or may: it is on a node, or said to be running. */
export function isOn({ node, filterGroup }: Pick<VmRow, 'node' | 'filterGroup'>): boolean {
  return node !== null || filterGroup === 'Running';
}
