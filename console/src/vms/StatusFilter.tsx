import { Badge, Button, Flex, FlexItem, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import type { VmPage } from '../../../src/api/answers';
import { FILTER_GROUPS, type FilterGroup } from './groups';

/** The item filters with their live counts. None active: all VMs are shown. */
export function StatusFilter({
  active,
  page,
  onToggle,
  onChange,
}: {
  active: FilterGroup[];
  page: VmPage | undefined;
  onToggle: (group: FilterGroup) => void;
  onChange: (active: FilterGroup[]) => void;
}) {
  return (
    <Flex className="status-filter" gap={{ default: 'gapMd' }} alignItems={{ default: 'alignItemsCenter' }}>
      <ToggleGroup aria-label="Filter by status">
        {FILTER_GROUPS.map((group) => (
          <ToggleGroupItem
            key={group}
            buttonId={`filter-${group}`}
            isSelected={active.includes(group)}
            onChange={() => onToggle(group)}
            text={
              <>
                <Badge isRead={!page?.counts[group]}>{page?.counts[group] ?? '–'}</Badge> {group}
              </>
            }
          />
        ))}
      </ToggleGroup>
      {active.length < FILTER_GROUPS.length ? (
        <Button variant="link" isInline onClick={() => onChange([...FILTER_GROUPS])}>
          Select all filters
        </Button>
      ) : (
        <Button variant="link" isInline onClick={() => onChange([])}>
          Clear all filters
        </Button>
      )}
      <FlexItem align={{ default: 'alignRight' }}>
        <strong data-testid="item-count">
          {page ? `${page.total} of ${page.all} ${page.all === 1 ? 'item' : 'items'}` : '–'}
        </strong>
      </FlexItem>
    </Flex>
  );
}
