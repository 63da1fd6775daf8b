import type { VmPage } from '../../../src/api/answers';
import { isSameVm, type VmRef } from '../../../src/contract';
import type { VmQuery } from '../api/query-types';
import { FILTER_GROUPS, type FilterGroup } from './groups';

/** What the list shows: kept in the URL, so that it survives a reload and can be sent to somebody. */
export interface VmFilters {
  /** None active: all VMs are shown. */
  status: FilterGroup[];
  name: string;
  ip: string;
  namespace: string;
  sort: string;
  page: number;
  limit: number;
}

export const PAGE_SIZES = [20, 50, 100] as const;
export const DEFAULT_FILTERS: VmFilters = {
  status: [],
  name: '',
  ip: '',
  namespace: '',
  sort: 'name',
  page: 1,
  limit: 50,
};

export const SORT_KEYS = ['name', 'namespace', 'status', 'createdAt', 'node', 'ip'] as const;

/** From the query of a URL; what it doesn't know it leaves out. */
export function filtersFrom(query: URLSearchParams): VmFilters {
  const status = (query.get('status') ?? '').split(',');
  const sort = query.get('sort') ?? '';
  const page = Number(query.get('page'));
  const limit = Number(query.get('limit'));
  return {
    status: FILTER_GROUPS.filter((group) => status.includes(group)),
    name: query.get('name') ?? '',
    ip: query.get('ip') ?? '',
    namespace: query.get('namespace') ?? '',
    sort: SORT_KEYS.some((key) => sort === key || sort === `-${key}`) ? sort : DEFAULT_FILTERS.sort,
    page: Number.isInteger(page) && page > 0 ? page : 1,
    limit: PAGE_SIZES.find((size) => size === limit) ?? DEFAULT_FILTERS.limit,
  };
}

/** For the query of a URL; defaults are left out. */
export function queryOf(filters: VmFilters): URLSearchParams {
  const { status, ...rest } = filters;
  const query = new URLSearchParams();
  if (status.length > 0) query.set('status', status.join(','));
  for (const [key, value] of Object.entries(rest)) {
    if (value !== DEFAULT_FILTERS[key as keyof typeof rest]) query.set(key, String(value));
  }
  return query;
}

/** For `GET /vms`. */
export function apiQuery({ status, name, ip, namespace, sort, page, limit }: VmFilters): VmQuery {
  return {
    ...(status.length > 0 && { status: status.join(',') }),
    ...(name && { name }),
    ...(ip && { ip }),
    ...(namespace && { namespace }),
    sort,
    page,
    limit,
  };
}

/** Whether anything but order and page is chosen. */
export function isFiltered({ status, name, ip, namespace }: VmFilters): boolean {
  return status.length > 0 || Boolean(name || ip || namespace);
}

/** With one group active that was not, or the other way round. */
export function withToggled(filters: VmFilters, group: FilterGroup): VmFilters {
  const { status } = filters;
  const toggled = FILTER_GROUPS.filter((each) => (each === group) !== status.includes(each));
  return { ...filters, status: toggled, page: 1 };
}

/**
 * With Transitioning active, so that a clone that was just asked for is shown (clone-vm.md): it joins those that are
 * active; where none is, all become active, or it alone would hide every other VM. Each row that was shown stays, and so
 * does the page. The same object when it is active already.
 */
export function withTransitioning(filters: VmFilters): VmFilters {
  const { status } = filters;
  if (status.includes('Transitioning')) return filters;
  const active = status.length === 0 ? FILTER_GROUPS : [...status, 'Transitioning'];
  return { ...filters, status: FILTER_GROUPS.filter((group) => active.includes(group)) };
}

/** Whether a name, address or namespace filter hides a clone in progress, which has no address. */
export function hides({ name, ip, namespace }: VmFilters, clone: VmRef): boolean {
  const isNamed = clone.name.includes(name.toLowerCase());
  return !isNamed || ip !== '' || (namespace !== '' && namespace !== clone.namespace);
}

/** Whether a VM that the filters let through may be on another page than the one that is shown. */
export function isElsewhere(page: VmPage | undefined, vm: VmRef): boolean {
  if (!page || page.total <= page.limit) return false;
  return !page.items.some((row) => isSameVm(row, vm));
}
