import { type Kind, Kinds } from '../../../src/kubernetes';
import { KINDS } from '../../apiserver';
import type { Namespace } from '../kinds';
import { isDeleting } from '../objects';
import { type RunningController, type SimContext, startController, watching } from '../runtime';

/** The namespace controller's own finalizer lies in the spec, not in the metadata. */
const KUBERNETES = 'kubernetes';
const NamespaceKind = Kinds.Namespace as Kind<Namespace>;
/** A subresource that only this controller needs, so the client's type does not name it. */
const FINALIZE = 'finalize' as 'status';

/**
 * Empties a namespace that is being deleted, every kind of it at once, and lets it go when nothing is left
 * (kube-controller-manager, namespaced_resources_deleter.go).
 */
export async function startNamespaces(context: SimContext): Promise<RunningController> {
  const client = context.clientFor('namespace-controller');
  const kinds = KINDS.filter(({ namespaced }) => namespaced) as readonly Kind[];
  await Promise.all(kinds.map((kind) => context.synced(kind)));
  const namespaces = context.cache(NamespaceKind);
  const isTerminating = (name: string | undefined) => {
    const namespace = name === undefined ? undefined : namespaces.get(undefined, name);
    return namespace !== undefined && isDeleting(namespace);
  };

  return startController(context, {
    name: 'namespace',
    watches: [
      watching(Kinds.Namespace),
      ...kinds.map((kind) =>
        watching(kind, ({ metadata }) =>
          isTerminating(metadata.namespace) ? [`/${metadata.namespace}`] : [],
        ),
      ),
    ],
    async reconcile({ name }, signal) {
      const namespace = namespaces.get(undefined, name);
      if (!namespace || !isDeleting(namespace) || !namespace.spec?.finalizers?.includes(KUBERNETES)) return;
      let remaining = 0;
      for (const kind of kinds) {
        const { items } = await client.list(kind, { namespace: name, signal });
        remaining += items.length;
        for (const object of items) {
          if (!isDeleting(object)) await client.delete(kind, object.metadata, { signal });
        }
      }
      if (remaining > 0) return; // comes back with each change of what is in it, the last one too
      const finalizers = namespace.spec.finalizers.filter((finalizer) => finalizer !== KUBERNETES);
      await client.replace(
        NamespaceKind,
        { ...namespace, spec: { ...namespace.spec, finalizers } },
        { subresource: FINALIZE, signal },
      );
    },
  });
}
