import { keepPreviousData, type QueryClient, useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import type {
  CloneAnswer,
  ClonePage,
  ClonePlanAnswer,
  NamespaceList,
  VmDetail,
  VmPage,
} from '../../../src/api/answers';
import type { VmRow } from '../../../src/clone/status';
import { isSameVm, type VmRef } from '../../../src/contract';
import { ApiProblem, refPath, request } from './http';
import type { CloneQuery, PlanQuery, VmQuery } from './query-types';
import { recentClones, recentRows } from './recent';

/** Names of what is kept: the live feed finds by them what it changes. */
export const KEYS = {
  vms: ['vms'] as const,
  vmPage: (query: VmQuery) => ['vms', query] as const,
  vm: (vm: VmRef) => ['vm', vm.namespace, vm.name] as const,
  plans: ['plan'] as const,
  plan: (vm: VmRef, query: PlanQuery) => ['plan', vm.namespace, vm.name, query] as const,
  namespaces: ['namespaces'] as const,
  clones: ['clones'] as const,
  clonePage: (query: CloneQuery) => ['clones', query] as const,
  clone: (id: string, runId?: string) => ['clone', id, runId ?? 'latest'] as const,
};

/** While the live feed is cut, or they can't be read, lists ask again so often, in milliseconds. */
export const POLL_MS = 5_000;
/** Why a clone stalls or retries is told by its own document alone: while one is looked at, that is read so often. */
const DETAIL_MS = 10_000;

/** The feed tells what changes of what was read; where nothing was, it has nothing to change. */
function pollUnless(isLive: boolean) {
  return ({ state }: { state: { status: string } }) => (isLive && state.status !== 'error' ? false : POLL_MS);
}

export function useVms(query: VmQuery, isLive: boolean) {
  return useQuery({
    queryKey: KEYS.vmPage(query),
    queryFn: async ({ signal }) => {
      const mark = recentRows.mark();
      const page = await request<VmPage>('/vms', { query: { ...query }, signal });
      const upToDate = (row: VmRow) => recentRows.since(mark, `${row.namespace}/${row.name}`) ?? row;
      return { ...page, items: page.items.map(upToDate) };
    },
    placeholderData: keepPreviousData,
    refetchInterval: pollUnless(isLive),
  });
}

/** A VM's row as the list shows it now, if it does. */
export function shownRow(queries: QueryClient, vm: VmRef): VmRow | undefined {
  return queries
    .getQueriesData<VmPage>({ queryKey: KEYS.vms, type: 'active' })
    .flatMap(([, page]) => page?.items ?? [])
    .find((row) => isSameVm(row, vm));
}

export function useVm(vm: VmRef) {
  return useQuery({
    queryKey: KEYS.vm(vm),
    queryFn: ({ signal }) => request<VmDetail>(`/vms/${refPath(vm)}`, { signal }),
    // A dialogue shows the VM as it is when that opens, however shortly another one has read it.
    refetchOnMount: 'always',
  });
}

export function useNamespaces() {
  return useQuery({
    queryKey: KEYS.namespaces,
    queryFn: ({ signal }) => request<NamespaceList>('/namespaces', { signal }),
  });
}

/** Until there is a plan for this very query, and when it can't be read, the VM's last one stands. */
export function usePlan(vm: VmRef, query: PlanQuery, enabled: boolean) {
  const { data, error } = useQuery({
    queryKey: KEYS.plan(vm, query),
    queryFn: ({ signal }) =>
      request<ClonePlanAnswer>(`/vms/${refPath(vm)}/clone-plan`, { query: { ...query }, signal }),
    // A plan reads the cluster as it is now.
    gcTime: 0,
    refetchInterval: ({ state }) => state.status === 'error' && POLL_MS,
    enabled,
  });
  const last = useRef<{ of: string; plan: ClonePlanAnswer }>(undefined);
  const of = refPath(vm);
  if (data) last.current = { of, plan: data };
  return { data: last.current?.of === of ? last.current.plan : undefined, error };
}

export function useClones(query: CloneQuery, isLive: boolean) {
  return useQuery({
    queryKey: KEYS.clonePage(query),
    queryFn: async ({ signal }) => {
      const mark = recentClones.mark();
      const page = await request<ClonePage>('/clones', { query: { ...query }, signal });
      return { ...page, items: page.items.map((clone) => recentClones.since(mark, clone.runId) ?? clone) };
    },
    placeholderData: keepPreviousData,
    refetchInterval: pollUnless(isLive),
  });
}

export function useClone(id: string, runId?: string, isLive = true) {
  return useQuery({
    queryKey: KEYS.clone(id, runId),
    queryFn: async ({ signal }) => {
      const mark = recentClones.mark();
      const clone = await request<CloneAnswer>(`/clones/${id}`, { query: { runId }, signal });
      return recentClones.since(mark, clone.runId) ?? clone;
    },
    refetchInterval: ({ state }) => !state.data?.outcome && (isLive ? DETAIL_MS : POLL_MS),
  });
}

/** What a try again may mend: not what the API has understood and refused. */
export function mayHeal(failures: number, error: unknown): boolean {
  return failures < 3 && !(error instanceof ApiProblem && error.document.status < 500);
}
