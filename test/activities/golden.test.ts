import { randomBytes } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { type ApiServer, kubeconfigFor, RequestLog, startApiServer } from '../../simulator/apiserver';
import { createActivities } from '../../src/activities';
import { DEFAULT_LIMITS } from '../../src/activities/deps';
import { HeartbeatTicker } from '../../src/activities/heartbeat';
import { type PlanFacts, planClone } from '../../src/clone/plan';
import type { KubernetesResource } from '../../src/clone/resources';
import {
  type Caches,
  ClusterClient,
  createCaches,
  type Kind,
  Kinds,
  PooledKubeConfig,
} from '../../src/kubernetes';
import { readPlanFacts } from '../../src/kubernetes/plan-facts';
import { CASES, readCase } from '../clone/golden-cases';

/** Kinds whose status is written apart; the others' comes with the object. */
const HAVE_STATUS: readonly Kind[] = [
  Kinds.VirtualMachine,
  Kinds.DataVolume,
  Kinds.PersistentVolumeClaim,
  Kinds.Pod,
  Kinds.StorageProfile,
  Kinds.ResourceQuota,
];

const WORKER = 'worker';
const log = new RequestLog();
let server: ApiServer;
let setUp: ClusterClient;
let worker: ClusterClient;
let caches: Caches;

/** A cluster in which nothing acts, and that holds what a golden case says. */
async function startWith(facts: PlanFacts): Promise<void> {
  server = await startApiServer({ onRequest: log.record });
  const config = new PooledKubeConfig();
  config.loadFromString(kubeconfigFor(server.url));
  setUp = new ClusterClient(config, { userAgent: 'set-up' });
  worker = new ClusterClient(config, { userAgent: WORKER });
  const { source, target } = facts.request;
  const namespaces = facts.targetNamespaceExists ? [source.namespace, target.namespace] : [source.namespace];
  for (const name of new Set(namespaces)) await create(Kinds.Namespace, { metadata: { name } });
  const of = <T extends KubernetesResource>(kind: Kind<T>, objects: readonly (T | undefined)[]) =>
    objects.map((object) => [kind as Kind, object] as const);
  const named = (namespace: string, objects: PlanFacts['availableInTarget']) =>
    objects.map(({ kind, name }) => [Kinds[kind] as Kind, { metadata: { namespace, name } }] as const);
  for (const [kind, object] of [
    ...of(Kinds.VirtualMachine, [facts.source, facts.targetVm]),
    ...of(Kinds.VirtualMachineInstance, [facts.vmi]),
    ...of(Kinds.PersistentVolumeClaim, [...facts.sourceClaims, ...facts.targetClaims]),
    ...of(Kinds.DataVolume, [...facts.sourceDataVolumes, ...facts.targetDataVolumes]),
    ...of(Kinds.Migration, facts.migrations),
    ...of(Kinds.Pod, facts.pods),
    ...of(Kinds.StorageProfile, facts.storageProfiles),
    ...of(Kinds.StorageClass, facts.storageClasses),
    ...of(Kinds.ControllerRevision, facts.revisions),
    ...of(Kinds.ResourceQuota, facts.quotas),
    ...of(Kinds.Service, facts.services),
    ...named(target.namespace, facts.availableInTarget),
    ...named(source.namespace, facts.availableInSource),
  ]) {
    if (object) await create(kind, object);
  }
  if (facts.filesystemOverhead) {
    const status = { filesystemOverhead: facts.filesystemOverhead };
    await create(Kinds.CdiConfig, { metadata: { name: 'config' }, status } as KubernetesResource);
  }
  caches = createCaches(setUp);
  await caches.start();
}

afterEach(async () => {
  await caches?.stop();
  await server?.close();
});

/** As it is written, but for its uid, which the server draws; one that is being deleted is held by a finalizer. */
async function create(kind: Kind, object: KubernetesResource): Promise<void> {
  const {
    uid,
    resourceVersion,
    creationTimestamp,
    deletionTimestamp,
    generation,
    managedFields,
    ...metadata
  } = object.metadata;
  const finalizers = deletionTimestamp ? ['example.org/held'] : undefined;
  const made = await setUp.create(kind, { ...object, metadata: { ...metadata, finalizers } });
  const ref = made.metadata;
  const { status } = object as { status?: unknown };
  if (status && HAVE_STATUS.includes(kind))
    await setUp.patchMerge(kind, ref, { status }, { subresource: 'status' });
  const annotations = JSON.stringify(metadata.annotations ?? {});
  if (uid && annotations.includes(uid)) {
    const renamed = JSON.parse(annotations.replaceAll(uid, ref.uid as string));
    await setUp.patchMerge(kind, ref, { metadata: { annotations: renamed } });
  }
  if (deletionTimestamp) await setUp.delete(kind, ref);
}

/** But for what the server draws. */
function plansOf(facts: PlanFacts) {
  const { sourceUid, leftover, ...plan } = planClone(facts);
  return { ...plan, leftover: leftover && { ...leftover, vmUid: '' } };
}

function planActivity({ request }: ReturnType<typeof readCase>) {
  const { planClone: activity } = createActivities({
    client: worker,
    caches,
    heartbeats: new HeartbeatTicker(1000),
    clones: { find: async () => ({ live: false, stage: 'forward' }) },
    random: randomBytes,
    limits: DEFAULT_LIMITS,
  });
  return new MockActivityEnvironment().run(activity, request);
}

describe.each(CASES)('golden VM %s', (name) => {
  test('read from a cluster it gives the same plan; blocked, nothing is written', async () => {
    const golden = readCase(name);
    const { facts } = golden;
    await startWith(facts);
    const expected = plansOf(facts);
    const request = { ...facts.request, installation: facts.installation };
    expect(plansOf(await readPlanFacts({ client: worker, caches }, request))).toEqual(expected);
    expect(plansOf(await readPlanFacts({ client: worker }, request))).toEqual(expected);
    log.clear();
    const run = planActivity(golden);
    if (expected.blockers.length === 0) await run;
    else
      await expect(run).rejects.toMatchObject({
        nonRetryable: true,
        details: [{ blockers: expected.blockers }],
      });
    const writes = log
      .matching({ userAgent: WORKER })
      .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
    // What nothing stands against is tried out.
    expect(writes.every(({ query }) => query.get('dryRun') === 'All')).toBe(true);
    expect(writes.length === 0).toBe(expected.blockers.length > 0);
  });
});
