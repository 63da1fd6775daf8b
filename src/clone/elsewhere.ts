import type { VmRef } from '../contract';

/** Whether the clone goes to another namespace than its source's, where what that names is not the same. */
export function goesElsewhere({ source, target }: { source: VmRef; target: VmRef }): boolean {
  return target.namespace !== source.namespace;
}
