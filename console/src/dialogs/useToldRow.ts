import { useEffect, useState } from 'react';
import type { VmRow } from '../../../src/clone/status';
import { isSameVm, type VmRef } from '../../../src/contract';
import { useLive } from '../live/Live';

/** A VM's row as the live feed has told it since the dialogue was opened; undefined as long as nothing was told. */
export function useToldRow({ namespace, name }: VmRef): VmRow | undefined {
  const { listen } = useLive();
  const [row, setRow] = useState<VmRow>();
  useEffect(
    () =>
      listen((event) => {
        // Everything is read anew then.
        if (event.name === 'resync') setRow(undefined);
        if (event.name !== 'vm') return;
        if (isSameVm(event.data.row, { namespace, name })) setRow(event.data.row);
      }),
    [listen, namespace, name],
  );
  return row;
}
