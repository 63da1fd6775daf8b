import { PageSection, Pagination, Skeleton, Title } from '@patternfly/react-core';
import { useEffect, useMemo } from 'react';
import { useNamespaces, useVms } from '../api/queries';
import { useLive } from '../live/Live';
import { NothingMatches, NotRead } from '../ui/EmptyStates';
import { apiQuery, DEFAULT_FILTERS, isFiltered, PAGE_SIZES, type VmFilters, withToggled } from './filters';
import { NoVms } from './NoVms';
import { StatusFilter } from './StatusFilter';
import { useProgressAnnouncements } from './useProgressAnnouncements';
import { VmTable } from './VmTable';
import { VmToolbar } from './VmToolbar';

export interface VmListProps {
  filters: VmFilters;
  onFilters: (change: (now: VmFilters) => VmFilters) => void;
}

/** The list of virtual machines. What it shows is its host's to keep. */
export function VmListPage({ filters, onFilters }: VmListProps) {
  const { live } = useLive();
  const query = useMemo(() => apiQuery(filters), [filters]);
  const { data: page, error, isPlaceholderData, refetch } = useVms(query, live);
  const { data: namespaces } = useNamespaces();
  useProgressAnnouncements(page?.items);
  const change = (part: Partial<VmFilters>) => onFilters((now) => ({ ...now, page: 1, ...part }));
  const lastPage = page && !isPlaceholderData ? Math.max(1, Math.ceil(page.total / page.limit)) : undefined;
  // By a link that is old, or as the VMs of the last page are deleted.
  useEffect(() => {
    if (lastPage !== undefined && filters.page > lastPage) {
      onFilters((now) => ({ ...now, page: Math.min(now.page, lastPage) }));
    }
  }, [lastPage, filters.page, onFilters]);
  const clear = () => onFilters(({ sort, limit }) => ({ ...DEFAULT_FILTERS, sort, limit }));
  return (
    <PageSection aria-labelledby="main-heading" className="vm-list">
      <Title headingLevel="h1" id="main-heading" tabIndex={-1}>
        Virtual Machines
      </Title>
      <VmToolbar
        filters={filters}
        namespaces={namespaces?.items.map(({ name }) => name) ?? []}
        onChange={change}
      />
      <StatusFilter
        active={filters.status}
        page={page}
        onToggle={(group) => onFilters((now) => withToggled(now, group))}
        onChange={(status) => change({ status })}
      />
      {page ? (
        <>
          {page.total > 0 && (
            <VmTable
              page={page}
              sort={filters.sort}
              isStale={isPlaceholderData}
              onSort={(sort) => change({ sort })}
            />
          )}
          {page.total === 0 &&
            (isFiltered(filters) ? <NothingMatches what="virtual machines" onClear={clear} /> : <NoVms />)}
          {page.total > PAGE_SIZES[0] && (
            <Pagination
              variant="bottom"
              titles={{ paginationAriaLabel: 'Pages of virtual machines' }}
              itemCount={page.total}
              page={filters.page}
              perPage={filters.limit}
              perPageOptions={PAGE_SIZES.map((size) => ({ title: String(size), value: size }))}
              onSetPage={(_event, next) => change({ page: next })}
              onPerPageSelect={(_event, limit) => change({ limit })}
            />
          )}
        </>
      ) : error ? (
        <NotRead error={error} what="virtual machines" onRetry={refetch} />
      ) : (
        <Loading />
      )}
    </PageSection>
  );
}

function Loading() {
  return (
    <div className="loading">
      <Skeleton screenreaderText="The virtual machines are being read" />
      <Skeleton />
      <Skeleton />
    </div>
  );
}
