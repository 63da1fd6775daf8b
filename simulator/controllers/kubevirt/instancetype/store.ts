import type { ControllerRevision, VirtualMachine } from '../../../../src/clone/resources';
import { apiVersionOf, type ClusterClient, isCode, Kinds } from '../../../../src/kubernetes';
import { controllerReference } from '../../objects';
import type { InstancetypeSpec } from '../kinds';
import { same } from '../objects';
import { applyToVmi, type Target } from './apply';
import { findType, INSTANCETYPE, type MatcherField, OBJECT_LABELS, PREFERENCE } from './find';

type Ref = NonNullable<NonNullable<VirtualMachine['status']>['instancetypeRef']>;

/**
 * Makes sure that a VM's status names a revision of each of its types, and keeps the type in one where neither spec
 * nor status names any: from then on the VM doesn't follow the type. Returns the VM as written.
 * (pkg/instancetype/revision/store.go)
 */
export async function storeTypes(client: ClusterClient, vm: VirtualMachine): Promise<VirtualMachine> {
  const refs: Partial<Record<MatcherField['statusField'], Ref>> = {};
  for (const which of [INSTANCETYPE, PREFERENCE]) {
    const ref = await syncRef(client, vm, which);
    if (ref && !same(ref, vm.status?.[which.statusField])) refs[which.statusField] = ref;
  }
  if (Object.keys(refs).length === 0) return vm;
  const { namespace, name } = vm.metadata;
  const operations = Object.entries(refs).map(([field, value]) => ({
    op: 'add' as const,
    path: `/status/${field}`,
    value,
  }));
  return client.patchJson(Kinds.VirtualMachine, { namespace, name }, operations, { subresource: 'status' });
}

async function syncRef(
  client: ClusterClient,
  vm: VirtualMachine,
  which: MatcherField,
): Promise<Ref | undefined> {
  const matcher = vm.spec[which.field];
  if (!matcher) return undefined;
  const old = vm.status?.[which.statusField];
  const ref: Ref = { ...old };
  // Another type than the status knows: its revision is another one's.
  for (const field of ['name', 'kind'] as const) {
    if (!matcher[field] || matcher[field] === ref[field]) continue;
    ref[field] = matcher[field];
    delete ref.controllerRevisionRef;
  }
  if (matcher.revisionName) ref.controllerRevisionRef = { name: matcher.revisionName };
  ref.controllerRevisionRef ??= { name: (await storeType(client, vm, which)).metadata.name };
  return ref;
}

async function storeType(
  client: ClusterClient,
  vm: VirtualMachine,
  which: MatcherField,
): Promise<ControllerRevision> {
  const { kind, object } = await findType(client, vm, which);
  if (which === INSTANCETYPE) refuseConflicts(object.spec as InstancetypeSpec, vm);
  const { labels: _, annotations: __, finalizers: ___, ownerReferences: ____, ...metadata } = object.metadata;
  const { managedFields: _____, ...identity } = metadata;
  const { name, uid, generation } = identity;
  const revision: ControllerRevision = {
    metadata: {
      name: `${vm.metadata.name}-${name}-${kind.version}-${uid}-${generation}`,
      namespace: vm.metadata.namespace,
      ownerReferences: [controllerReference(Kinds.VirtualMachine, vm)],
      labels: {
        [OBJECT_LABELS.generation]: String(generation),
        [OBJECT_LABELS.kind]: kind.kind,
        [OBJECT_LABELS.name]: name,
        [OBJECT_LABELS.uid]: uid as string,
        [OBJECT_LABELS.version]: kind.version,
      },
    },
    data: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: identity, spec: object.spec },
    revision: 0,
  };
  try {
    return await client.create(Kinds.ControllerRevision, revision);
  } catch (error) {
    if (!isCode(error, 409)) {
      throw new Error(`failed to create ControllerRevision: ${(error as Error).message}`, { cause: error });
    }
    return existing(client, revision);
  }
}

/** A revision of that name that is there already serves if it keeps the same. */
async function existing(client: ClusterClient, revision: ControllerRevision): Promise<ControllerRevision> {
  const { namespace, name } = revision.metadata;
  const found = await client.get(Kinds.ControllerRevision, { namespace, name });
  if (!found)
    throw new Error(`failed to get ControllerRevision: controllerrevisions.apps "${name}" not found`);
  const specOf = ({ data }: ControllerRevision) => (data as { spec?: unknown }).spec;
  if (same(specOf(found), specOf(revision))) return found;
  throw new Error(`found existing ControllerRevision with unexpected data: ${name}`);
}

/** The type may have been edited since the VM was admitted. */
function refuseConflicts(instancetype: InstancetypeSpec, { spec }: VirtualMachine): void {
  const target = structuredClone({ metadata: {}, ...spec.template }) as Target;
  const conflicts = applyToVmi('spec.template.spec', instancetype, undefined, target);
  if (conflicts.length > 0) throw new Error(conflictMessage(conflicts.join(', ')));
}

export function conflictMessage(paths: string): string {
  return `VM field(s) ${paths} conflicts with selected instance type`;
}
