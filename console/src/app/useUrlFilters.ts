import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { filtersFrom, queryOf, type VmFilters } from '../vms/filters';

/** The list's filters, kept in the URL. */
export function useUrlFilters(): [VmFilters, (filters: VmFilters) => void] {
  const [query, setQuery] = useSearchParams();
  const set = useCallback((filters: VmFilters) => setQuery(queryOf(filters), { replace: true }), [setQuery]);
  return [useMemo(() => filtersFrom(query), [query]), set];
}
