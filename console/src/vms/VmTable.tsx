import { Table, Tbody, Th, Thead, type ThProps, Tr } from '@patternfly/react-table';
import type { VmPage } from '../../../src/api/answers';
import { COLUMNS } from './columns';
import { SORT_KEYS } from './filters';
import { VmTableRow } from './VmTableRow';

/** One page of VMs. Rows are drawn anew only when they have changed. */
export function VmTable({
  page,
  sort,
  isStale,
  onSort,
}: {
  page: VmPage;
  sort: string;
  isStale: boolean;
  onSort: (sort: string) => void;
}) {
  const key = sort.replace(/^-/, '');
  const sortOf = (columnIndex: number): ThProps['sort'] => ({
    columnIndex,
    sortBy: {
      index: (SORT_KEYS as readonly string[]).indexOf(key),
      direction: sort.startsWith('-') ? 'desc' : 'asc',
    },
    onSort: (_event, index, direction) => onSort(`${direction === 'desc' ? '-' : ''}${SORT_KEYS[index]}`),
  });
  const first = (page.page - 1) * page.limit;
  return (
    <Table
      aria-label="Virtual machines"
      aria-rowcount={page.total + 1}
      aria-busy={isStale}
      variant="compact"
      gridBreakPoint="grid-lg"
    >
      <Thead>
        <Tr aria-rowindex={1}>
          {SORT_KEYS.map((column, index) => (
            <Th key={column} sort={sortOf(index)} modifier="nowrap">
              {COLUMNS[column]}
            </Th>
          ))}
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {page.items.map((row, index) => (
          <VmTableRow key={`${row.namespace}/${row.name}`} row={row} rowIndex={first + index + 2} />
        ))}
      </Tbody>
    </Table>
  );
}
