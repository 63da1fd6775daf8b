import type { VmRef } from '../../../src/contract';

/** "namespace/name", broken after the slash before anywhere else. */
export function RefText({ of: { namespace, name } }: { of: VmRef }) {
  return (
    <>
      {namespace}/<span className="ref-name">{name}</span>
    </>
  );
}
