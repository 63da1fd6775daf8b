import { Td, Tr } from '@patternfly/react-table';
import { memo } from 'react';
import type { VmRow } from '../../../src/clone/status';
import { Time } from '../ui/Time';
import { COLUMNS } from './columns';
import { VmMenu } from './VmMenu';
import { VmStatus } from './VmStatus';

const NONE = '—';

export const VmTableRow = memo(function VmTableRow({ row, rowIndex }: { row: VmRow; rowIndex: number }) {
  return (
    <Tr aria-rowindex={rowIndex} data-vm={`${row.namespace}/${row.name}`}>
      <Td dataLabel={COLUMNS.name} modifier="breakWord">
        <span className="badge-vm" aria-hidden>
          VM
        </span>{' '}
        {row.name}
      </Td>
      <Td dataLabel={COLUMNS.namespace} modifier="breakWord">
        <span className="badge-ns" aria-hidden>
          NS
        </span>{' '}
        {row.namespace}
      </Td>
      <Td dataLabel={COLUMNS.status}>
        <VmStatus row={row} />
      </Td>
      <Td dataLabel={COLUMNS.createdAt} modifier="nowrap">
        {row.createdAt ? <Time at={row.createdAt} /> : NONE}
      </Td>
      <Td dataLabel={COLUMNS.node}>{row.node ?? NONE}</Td>
      <Td dataLabel={COLUMNS.ip}>{row.ip ?? NONE}</Td>
      <Td isActionCell>
        <VmMenu row={row} />
      </Td>
    </Tr>
  );
});
