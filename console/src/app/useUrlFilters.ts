import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { filtersFrom, queryOf, type VmFilters } from '../vms/filters';

export type ChangeFilters = (change: (now: VmFilters) => VmFilters) => void;

/** The list's filters, kept in the URL. */
export function useUrlFilters(): [VmFilters, ChangeFilters] {
  const [query, setQuery] = useSearchParams();
  const change = useCallback<ChangeFilters>(
    (change) => {
      // The address is up to date when what is drawn of it may not be yet.
      const now = filtersFrom(new URLSearchParams(window.location.search));
      const next = change(now);
      if (next !== now) setQuery(queryOf(next), { replace: true });
    },
    [setQuery],
  );
  return [useMemo(() => filtersFrom(query), [query]), change];
}
