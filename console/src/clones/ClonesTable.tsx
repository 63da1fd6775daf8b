import { Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { CloneAnswer } from '../../../src/api/answers';
import { CloneRow } from './CloneRow';
import { COLUMNS } from './columns';
import { underWayFirst } from './order';

const columns = Object.values(COLUMNS);
const SKELETON_ROWS = ['one', 'two', 'three', 'four', 'five'];

export interface ClonesTableProps {
  /** Undefined until the first answer. */
  clones?: readonly CloneAnswer[];
  isStale: boolean;
}

/** One page of clones, those under way first. Rows are drawn anew only when they have changed. */
export function ClonesTable({ clones, isStale }: ClonesTableProps) {
  return (
    <Table
      className="clones-table"
      aria-label="Clones"
      aria-busy={!clones || isStale}
      variant="compact"
      gridBreakPoint="grid-xl"
    >
      <Thead>
        <Tr>
          {columns.map(({ name, ...style }) => (
            <Th key={name} modifier="wrap" {...style}>
              {name}
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {clones ? (
          underWayFirst(clones).map((clone) => <CloneRow key={clone.runId} clone={clone} />)
        ) : (
          <Loading />
        )}
      </Tbody>
    </Table>
  );
}

function Loading() {
  return SKELETON_ROWS.map((row, index) => (
    <Tr key={row}>
      <Td colSpan={columns.length}>
        <Skeleton screenreaderText={index === 0 ? 'The clones are being read' : undefined} />
      </Td>
    </Tr>
  ));
}
