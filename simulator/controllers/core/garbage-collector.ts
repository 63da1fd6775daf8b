import type { KubernetesResource, OwnerReference } from '../../../src/clone/resources';
import { type ClusterClient, isCode, type Kind } from '../../../src/kubernetes';
import { KINDS } from '../../apiserver';
import { CacheIndex } from '../cache-index';
import { hasFinalizer, isDeleting, uidOf } from '../objects';
import { type RunningController, type SimContext, startController, watching } from '../runtime';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Kinds that neither own nor are owned. */
const LEFT_OUT = ['Event', 'Lease'];

type Fate = 'solid' | 'dangling' | 'waiting';

/**
 * Deletes what nobody owns any more, by uid: an owner of the same name that is another object counts as gone
 * (kube-controller-manager, pkg/controller/garbagecollector). Keys are `<kind>:<namespace>/<name>`.
 */
export async function startGarbageCollector(context: SimContext): Promise<RunningController> {
  const kinds = KINDS.filter(({ kind }) => !LEFT_OUT.includes(kind)) as readonly Kind[];
  await Promise.all(kinds.map((kind) => context.synced(kind)));
  const graph = new OwnerGraph(context, kinds);
  const collector = new Collector(context.clientFor('generic-garbage-collector'), graph);
  const controller = await startController(context, {
    name: 'garbage-collector',
    watches: kinds.map((kind) =>
      watching(kind, (object) => [
        keyOf(kind, object),
        ...graph.dependentsOf(uidOf(object)).map((node) => keyOf(node.kind, node.object)),
        ...graph.ownersOf(object).map((node) => keyOf(node.kind, node.object)),
      ]),
    ),
    async reconcile({ namespace: prefixed, name }, signal) {
      const colon = prefixed.indexOf(':');
      const kind = graph.kindByKey(prefixed.slice(0, colon));
      const object = kind && context.cache(kind).get(prefixed.slice(colon + 1) || undefined, name);
      if (kind && object) await collector.visit({ kind, object }, signal);
    },
  });
  return {
    async stop() {
      await controller.stop();
      graph.close();
    },
  };
}

interface Node {
  kind: Kind;
  object: KubernetesResource;
}

function kindKey({ plural, group }: Kind): string {
  return `${plural}.${group}`;
}

function keyOf(kind: Kind, { metadata }: KubernetesResource): string {
  return `${kindKey(kind)}:${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Who owns whom, from the caches. */
class OwnerGraph {
  private readonly byOwner: { kind: Kind; index: CacheIndex<KubernetesResource> }[];
  private readonly byUid: { kind: Kind; index: CacheIndex<KubernetesResource> }[];
  private readonly kinds: Map<string, Kind>;

  constructor(context: SimContext, kinds: readonly Kind[]) {
    this.kinds = new Map(kinds.map((kind) => [kindKey(kind), kind]));
    const indexed = (keys: (object: KubernetesResource) => string[]) =>
      kinds.map((kind) => ({ kind, index: new CacheIndex(context.cache(kind), keys) }));
    this.byOwner = indexed(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);
    this.byUid = indexed((object) => [uidOf(object)]);
  }

  kindByKey(key: string): Kind | undefined {
    return this.kinds.get(key);
  }

  kindOf({ apiVersion, kind: name }: OwnerReference): Kind | undefined {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    return [...this.kinds.values()].find((kind) => kind.kind === name && kind.group === group);
  }

  find(uid: string): Node | undefined {
    for (const { kind, index } of this.byUid) {
      const object = index.get(uid)[0];
      if (object) return { kind, object };
    }
    return undefined;
  }

  dependentsOf(uid: string): Node[] {
    return this.byOwner.flatMap(({ kind, index }) => index.get(uid).map((object) => ({ kind, object })));
  }

  ownersOf({ metadata }: KubernetesResource): Node[] {
    return (metadata.ownerReferences ?? []).flatMap(({ uid }) => this.find(uid) ?? []);
  }

  close(): void {
    for (const { index } of [...this.byOwner, ...this.byUid]) index.close();
  }
}

class Collector {
  constructor(
    private readonly client: ClusterClient,
    private readonly graph: OwnerGraph,
  ) {}

  async visit(node: Node, signal: AbortSignal): Promise<void> {
    const { object } = node;
    if (isDeleting(object)) {
      if (hasFinalizer(object, FOREGROUND)) await this.finishForeground(node, signal);
      else if (hasFinalizer(object, ORPHAN)) await this.orphan(node, signal);
      // one that is being deleted while its owner waits for it may have dependents of its own to delete: they see to it
      return;
    }
    await this.attemptToDelete(node, signal);
  }

  /** The owner goes once nothing is left that holds it. */
  private async finishForeground(node: Node, signal: AbortSignal): Promise<void> {
    const blocking = this.graph
      .dependentsOf(uidOf(node.object))
      .filter(({ object }) =>
        object.metadata.ownerReferences?.some(
          ({ uid, blockOwnerDeletion }) => uid === uidOf(node.object) && blockOwnerDeletion,
        ),
      );
    if (blocking.length === 0) await this.removeFinalizer(node, FOREGROUND, signal);
  }

  private async orphan(node: Node, signal: AbortSignal): Promise<void> {
    for (const dependent of this.graph.dependentsOf(uidOf(node.object))) {
      await this.removeOwners(dependent, new Set([uidOf(node.object)]), signal);
    }
    await this.removeFinalizer(node, ORPHAN, signal);
  }

  private async attemptToDelete(node: Node, signal: AbortSignal): Promise<void> {
    const owners = node.object.metadata.ownerReferences ?? [];
    if (owners.length === 0) return;
    const fates = await Promise.all(owners.map((owner) => this.fateOf(node, owner, signal)));
    const withFate = (fate: Fate) => owners.filter((_owner, index) => fates[index] === fate);
    if (withFate('solid').length > 0) {
      const gone = new Set([...withFate('dangling'), ...withFate('waiting')].map(({ uid }) => uid));
      if (gone.size > 0) await this.removeOwners(node, gone, signal);
      return;
    }
    const isWaitedFor = withFate('waiting').length > 0;
    const hasDependents = this.graph.dependentsOf(uidOf(node.object)).length > 0;
    await this.delete(node, isWaitedFor && hasDependents ? 'Foreground' : undefined, signal);
  }

  /** The caches lag, so the server is asked before an owner is taken for gone. */
  private async fateOf(node: Node, owner: OwnerReference, signal: AbortSignal): Promise<Fate> {
    const kind = this.graph.kindOf(owner);
    if (!kind) return 'solid'; // of a kind that this cluster doesn't have: nothing can be said about it
    let found = this.graph.find(owner.uid)?.object;
    if (!found) {
      const namespace = kind.namespaced ? node.object.metadata.namespace : undefined;
      const live = await this.client.get(kind, { namespace, name: owner.name }, { signal });
      if (live?.metadata.uid !== owner.uid) return 'dangling';
      found = live;
    }
    const inPlace = !kind.namespaced || found.metadata.namespace === node.object.metadata.namespace;
    if (!inPlace) return 'dangling';
    return isDeleting(found) && hasFinalizer(found, FOREGROUND) ? 'waiting' : 'solid';
  }

  private async delete({ kind, object }: Node, policy: 'Foreground' | undefined, signal: AbortSignal) {
    const own = hasFinalizer(object, ORPHAN)
      ? 'Orphan'
      : hasFinalizer(object, FOREGROUND)
        ? 'Foreground'
        : 'Background';
    try {
      const options = { uid: uidOf(object), propagationPolicy: policy ?? own, signal } as const;
      await this.client.delete(kind, object.metadata, options);
    } catch (error) {
      // a newer object of the name, which is another one's business
      if (!isCode(error, 409)) throw error;
    }
  }

  private async removeOwners({ kind, object }: Node, gone: Set<string>, signal: AbortSignal): Promise<void> {
    const { ownerReferences, resourceVersion, uid } = object.metadata;
    const left = ownerReferences?.filter((owner) => !gone.has(owner.uid)) ?? [];
    await this.patch(
      { kind, object },
      { uid, resourceVersion, ownerReferences: left.length > 0 ? left : null },
      signal,
    );
  }

  private async removeFinalizer(node: Node, finalizer: string, signal: AbortSignal): Promise<void> {
    const { finalizers, resourceVersion, uid } = node.object.metadata;
    const left = finalizers?.filter((name) => name !== finalizer) ?? [];
    await this.patch(node, { uid, resourceVersion, finalizers: left }, signal);
  }

  private async patch({ kind, object }: Node, metadata: object, signal: AbortSignal): Promise<void> {
    try {
      await this.client.patchMerge(kind, object.metadata, { metadata }, { signal });
    } catch (error) {
      if (!isCode(error, 404)) throw error;
    }
  }
}
