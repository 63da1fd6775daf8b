import { Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { CloneAnswer } from '../../../src/api/answers';
import { CloneRow } from './CloneRow';
import { COLUMNS } from './columns';
import { underWayFirst } from './order';

const SKELETON_ROWS = ['one', 'two', 'three', 'four', 'five'];

export interface ClonesTableProps {
  /** Undefined until the first answer. */
  clones?: readonly CloneAnswer[];
  isStale: boolean;
}

/** One page of clones, those under way first. Rows are drawn anew only when they have changed. */
export function ClonesTable({ clones, isStale }: ClonesTableProps) {
  return (
    <Table aria-label="Clones" aria-busy={!clones || isStale} variant="compact" gridBreakPoint="grid-xl">
      <Thead>
        <Tr>
          {Object.values(COLUMNS).map((column) => (
            <Th key={column} modifier="wrap">
              {column}
            </Th>
          ))}
          <Th screenReaderText="Actions" />
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
      <Td colSpan={Object.keys(COLUMNS).length + 1}>
        <Skeleton screenreaderText={index === 0 ? 'The clones are being read' : undefined} />
      </Td>
    </Tr>
  ));
}
