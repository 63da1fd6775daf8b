import type { z } from 'zod';
import { FILTER_GROUPS, type FilterGroup, type VmRow } from '../clone/status';
import type { VmPage } from './answers';
import type { listVmsQuerySchema, SORT_KEYS } from './schemas';

/** Filters, counts, sorts and pages the rows of the list. */
export function vmPage(rows: readonly VmRow[], query: z.output<typeof listVmsQuerySchema>): VmPage {
  const { namespace, name, ip, status, sort, page, limit } = query;
  const part = name?.toLowerCase();
  const named = rows.filter(
    (row) =>
      (namespace === undefined || row.namespace === namespace) &&
      (!part || row.name.includes(part)) &&
      (!ip || row.ip?.includes(ip.toLowerCase())),
  );
  const counts = Object.fromEntries(FILTER_GROUPS.map((group) => [group, 0])) as Record<FilterGroup, number>;
  for (const { filterGroup } of named) counts[filterGroup] += 1;
  const shown = status ? named.filter(({ filterGroup }) => status.includes(filterGroup)) : named;
  const sorted = [...shown].sort(order(sort));
  const start = (page - 1) * limit;
  const items = sorted.slice(start, start + limit);
  return { items, total: shown.length, all: rows.length, counts, page, limit };
}

type SortKey = (typeof SORT_KEYS)[number];

/** By the key, those without a value last; then by name and namespace, so that pages never overlap. */
function order(sort: SortKey | `-${SortKey}`): (a: VmRow, b: VmRow) => number {
  const descending = sort.startsWith('-');
  const key = (descending ? sort.slice(1) : sort) as SortKey;
  return (a, b) =>
    compare(a[key], b[key], descending) ||
    compare(a.name, b.name, false) ||
    compare(a.namespace, b.namespace, false);
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a: string | null, b: string | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return (descending ? -1 : 1) * collator.compare(a, b);
}
