import type { VmRef } from '../../../src/contract';
import { ApiProblem } from '../api/http';
import { useVm } from '../api/queries';

/** Whether the VM that a dialogue is about was deleted meanwhile. */
export function useIsGone(vm: VmRef): boolean {
  const { error } = useVm(vm);
  return error instanceof ApiProblem && error.type === 'vm-not-found';
}
