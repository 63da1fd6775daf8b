import { plannedDataVolumeNames } from '../clone/disks';
import { macsOf } from '../clone/identity';
import type { PlanFacts, PlanRequest } from '../clone/plan';
import type { ClusterClient } from './client';
import { Kinds } from './kinds';
import { type PlanCaches, PlanReader } from './plan-reader';

export interface PlanFactsDependencies {
  client: ClusterClient;
  caches?: PlanCaches;
}

export interface ReadOptions {
  signal?: AbortSignal;
  /** `cache`: as it is watched, if it is seen there; who goes on to lock it reads it anew. Default `api`. */
  sourceFrom?: 'api' | 'cache';
}

/**
 * Reads what a plan depends on. The source is read anew unless told otherwise: what is planned is what will be
 * locked. All else comes from the caches when they are given; what would take the target's name is then read once
 * more, for a cache may still show what is gone.
 *
 * With caches: one request; one for each revision of an instancetype or preference that the source goes by; one for
 * the namespace when it is another one and not watched, and there one for each Secret, ConfigMap and ServiceAccount
 * that the source names (none of these is watched); one for CDI's configuration when another storage class is asked
 * for. Without caches nothing is known of other VMs' MACs. Throws what `ClusterClient` throws.
 */
export async function readPlanFacts(
  { client, caches }: PlanFactsDependencies,
  request: PlanRequest & { installation?: string },
  { signal, sourceFrom = 'api' }: ReadOptions = {},
): Promise<PlanFacts> {
  const read = new PlanReader(client, caches, signal);
  const seen =
    sourceFrom === 'cache'
      ? caches?.virtualMachines.get(request.source.namespace, request.source.name)
      : undefined;
  const [source, targetNamespaceExists] = await Promise.all([
    seen ?? client.get(Kinds.VirtualMachine, request.source, { signal }),
    read.namespaceExists(request),
  ]);
  const facts = { request, source, targetNamespaceExists, installation: request.installation };
  if (!source) return { ...facts, ...NOTHING };
  const { namespace } = request.source;
  const planned = plannedDataVolumeNames(source, request.target.name).map((name) => ({
    namespace: request.target.namespace,
    name,
  }));
  const seenThere = await allOf({
    vmi: read.get(Kinds.VirtualMachineInstance, caches?.instances, request.source),
    migrations: read.advice(Kinds.Migration, caches?.migrations, namespace),
    sourceDataVolumes: read.dataVolumesOf(source, namespace),
    sourceClaims: read.claimsOf(source, namespace),
    pods: read.list(Kinds.Pod, caches?.pods, namespace),
    storageProfiles: read.list(Kinds.StorageProfile, caches?.storageProfiles),
    storageClasses: read.list(Kinds.StorageClass, caches?.storageClasses),
    filesystemOverhead: read.filesystemOverhead(request),
    targetVm: read.confirmed(Kinds.VirtualMachine, caches?.virtualMachines, request.target),
    targetClaims: read.allConfirmed(Kinds.PersistentVolumeClaim, caches?.claims, planned),
    targetDataVolumes: read.allConfirmed(Kinds.DataVolume, caches?.dataVolumes, planned),
    services: read.advice(Kinds.Service, caches?.services, request.target.namespace),
    quotas: read.quotas(request),
    revisions: read.revisionsOf(source, namespace),
    availableInTarget: read.availableInTarget(source, request),
    availableInSource: read.availableInSource(source, request),
  });
  const otherMacs = caches ? macsOf(caches.virtualMachines.list(), caches.instances.list()) : [];
  return { ...facts, ...seenThere, unread: [...read.unread], otherMacs };
}

type Awaiting = Record<string, Promise<unknown>>;

/** As `Promise.all`, by name. */
async function allOf<T extends Awaiting>(promises: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const entries = Object.entries(promises).map(async ([name, promise]) => [name, await promise]);
  return Object.fromEntries(await Promise.all(entries));
}

/** What is known of a source that is not there. */
const NOTHING: Omit<PlanFacts, 'request' | 'targetNamespaceExists'> = {
  migrations: [],
  sourceDataVolumes: [],
  sourceClaims: [],
  pods: [],
  storageProfiles: [],
  storageClasses: [],
  targetClaims: [],
  targetDataVolumes: [],
  services: [],
  quotas: [],
  revisions: [],
  availableInTarget: [],
  availableInSource: [],
  otherMacs: [],
  unread: [],
};
