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
        <Named kind="VM" name={row.name} />
      </Td>
      <Td dataLabel={COLUMNS.namespace} modifier="breakWord">
        <Named kind="NS" name={row.namespace} />
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

function Named({ kind, name }: { kind: 'VM' | 'NS'; name: string }) {
  return (
    <span>
      <span className={`badge-${kind.toLowerCase()}`} aria-hidden>
        {kind}
      </span>{' '}
      {name}
    </span>
  );
}
