import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type {
  CloneAnswer,
  ClonePage,
  ClonePlanAnswer,
  NamespaceList,
  VmDetail,
  VmPage,
} from '../../../src/api/answers';
import type { VmRef } from '../../../src/contract';
import { ApiProblem, refPath, request } from './http';
import type { CloneQuery, PlanQuery, VmQuery } from './query-types';

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

/** While the live feed is cut, lists ask again so often, in milliseconds. */
export const POLL_MS = 5_000;

export function useVms(query: VmQuery, isLive: boolean) {
  return useQuery({
    queryKey: KEYS.vmPage(query),
    queryFn: ({ signal }) => request<VmPage>('/vms', { query: { ...query }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? false : POLL_MS,
  });
}

export function useVm(vm: VmRef) {
  return useQuery({
    queryKey: KEYS.vm(vm),
    queryFn: ({ signal }) => request<VmDetail>(`/vms/${refPath(vm)}`, { signal }),
  });
}

export function useNamespaces() {
  return useQuery({
    queryKey: KEYS.namespaces,
    queryFn: ({ signal }) => request<NamespaceList>('/namespaces', { signal }),
  });
}

export function usePlan(vm: VmRef, query: PlanQuery) {
  return useQuery({
    queryKey: KEYS.plan(vm, query),
    queryFn: ({ signal }) =>
      request<ClonePlanAnswer>(`/vms/${refPath(vm)}/clone-plan`, { query: { ...query }, signal }),
    placeholderData: keepPreviousData,
    // A plan reads the cluster as it is now.
    gcTime: 0,
  });
}

export function useClones(query: CloneQuery, isLive: boolean) {
  return useQuery({
    queryKey: KEYS.clonePage(query),
    queryFn: ({ signal }) => request<ClonePage>('/clones', { query: { ...query }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? false : POLL_MS,
  });
}

export function useClone(id: string, runId?: string, isLive = true) {
  return useQuery({
    queryKey: KEYS.clone(id, runId),
    queryFn: ({ signal }) => request<CloneAnswer>(`/clones/${id}`, { query: { runId }, signal }),
    refetchInterval: isLive ? false : POLL_MS,
  });
}

/** What a try again may mend: not what the API has understood and refused. */
export function mayHeal(failures: number, error: unknown): boolean {
  return failures < 3 && !(error instanceof ApiProblem && error.document.status < 500);
}
