import type { VirtualMachine, VirtualMachineInstance } from '../../src/clone';
import type { VmRowFacts } from '../../src/clone/status';

/** A VM `demo/web` as the cluster says it is, for its row. */
export function facts({
  printableStatus,
  on = false,
  deleting = false,
  annotations = {},
}: {
  printableStatus: string;
  on?: boolean;
  deleting?: boolean;
  annotations?: Record<string, string>;
}): VmRowFacts {
  const metadata = { namespace: 'demo', name: 'web', uid: 'uid-1' };
  const vm: VirtualMachine = {
    metadata: { ...metadata, annotations, ...(deleting && { deletionTimestamp: '2026-01-01T12:00:00Z' }) },
    spec: { runStrategy: on ? 'Always' : 'Halted', template: { spec: { domain: {} } } },
    status: { printableStatus },
  };
  const vmi = { metadata, spec: { domain: {} }, status: { phase: 'Running' } } as VirtualMachineInstance;
  return { vm, ...(on && { vmi }) };
}
