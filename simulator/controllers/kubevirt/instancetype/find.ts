import type { ControllerRevision, TypeMatcher, VirtualMachine } from '../../../../src/clone/resources';
import { type ClusterClient, type Kind, Kinds } from '../../../../src/kubernetes';
import {
  type Instancetype,
  type InstancetypeSpec,
  KubeVirtKinds,
  type Preference,
  type PreferenceSpec,
} from '../kinds';

/** On a ControllerRevision that keeps a type: which object it was. */
export const OBJECT_LABELS = {
  name: 'instancetype.kubevirt.io/object-name',
  kind: 'instancetype.kubevirt.io/object-kind',
  uid: 'instancetype.kubevirt.io/object-uid',
  generation: 'instancetype.kubevirt.io/object-generation',
  version: 'instancetype.kubevirt.io/object-version',
} as const;

type Typed = Instancetype | Preference;

/** Which of the two fields of a VM is meant, and where its types and its status are. */
export interface MatcherField {
  readonly field: 'instancetype' | 'preference';
  readonly statusField: 'instancetypeRef' | 'preferenceRef';
  readonly matcherType: string;
  readonly kind: Kind<Typed>;
  readonly clusterKind: Kind<Typed>;
}

export const INSTANCETYPE: MatcherField = {
  field: 'instancetype',
  statusField: 'instancetypeRef',
  matcherType: 'InstancetypeMatcher',
  kind: KubeVirtKinds.Instancetype as Kind<Typed>,
  clusterKind: KubeVirtKinds.ClusterInstancetype as Kind<Typed>,
};

export const PREFERENCE: MatcherField = {
  field: 'preference',
  statusField: 'preferenceRef',
  matcherType: 'PreferenceMatcher',
  kind: KubeVirtKinds.Preference as Kind<Typed>,
  clusterKind: KubeVirtKinds.ClusterPreference as Kind<Typed>,
};

/** The kind that a matcher means: singular or plural in any case; the cluster's when it says none. */
export function kindOf({ matcherType, kind, clusterKind }: MatcherField, matcher: TypeMatcher): Kind<Typed> {
  const said = matcher.kind?.toLowerCase() ?? '';
  const names = (candidate: Kind) => [candidate.plural, candidate.plural.slice(0, -1)];
  if (names(kind).includes(said)) return kind;
  if (said === '' || names(clusterKind).includes(said)) return clusterKind;
  throw new Error(`got unexpected kind in ${matcherType}: ${matcher.kind}`);
}

/** The type that a VM's matcher names, as it is now. Rejects when there is none. */
export async function findType(
  client: ClusterClient,
  vm: VirtualMachine,
  which: MatcherField,
): Promise<{ kind: Kind<Typed>; object: Typed }> {
  const matcher = vm.spec[which.field] as TypeMatcher;
  const kind = kindOf(which, matcher);
  const namespace = kind.namespaced ? vm.metadata.namespace : undefined;
  const object = matcher.name ? await client.get(kind, { namespace, name: matcher.name }) : undefined;
  if (!object) throw new Error(`${kind.plural}.${kind.group} "${matcher.name ?? ''}" not found`);
  return { kind, object };
}

/**
 * The spec of a VM's type: by the revision that the VM names, else by the one that its status names and that is
 * of the type named, else the type as it is now. undefined without a matcher; rejects when it can't be found.
 * (pkg/instancetype/find)
 */
export async function findInstancetype(client: ClusterClient, vm: VirtualMachine) {
  return (await findSpec(client, vm, INSTANCETYPE)) as InstancetypeSpec | undefined;
}

/** As `findInstancetype`. (pkg/instancetype/preference/find) */
export async function findPreference(client: ClusterClient, vm: VirtualMachine) {
  return (await findSpec(client, vm, PREFERENCE)) as PreferenceSpec | undefined;
}

async function findSpec(client: ClusterClient, vm: VirtualMachine, which: MatcherField) {
  const matcher = vm.spec[which.field];
  if (!matcher) return undefined;
  const revision = await findRevision(client, vm, matcher, which);
  if (revision) return specIn(revision, which);
  return (await findType(client, vm, which)).object.spec;
}

function specIn({ data }: ControllerRevision, { kind, clusterKind }: MatcherField): Typed['spec'] {
  const object = data as Typed | undefined;
  const fits = object?.kind === kind.kind || object?.kind === clusterKind.kind;
  if (!object || !fits) throw new Error(`unexpected type in ControllerRevision: ${object?.kind}`);
  return object.spec;
}

async function findRevision(
  client: ClusterClient,
  vm: VirtualMachine,
  matcher: TypeMatcher,
  { statusField }: MatcherField,
): Promise<ControllerRevision | undefined> {
  if (matcher.revisionName) return getRevision(client, vm, matcher.revisionName);
  const stored = vm.status?.[statusField]?.controllerRevisionRef?.name;
  if (!stored) return undefined;
  const revision = await getRevision(client, vm, stored);
  return revision.metadata.labels?.[OBJECT_LABELS.name] === matcher.name ? revision : undefined;
}

async function getRevision(client: ClusterClient, { metadata }: VirtualMachine, name: string) {
  const revision = await client.get(Kinds.ControllerRevision, { namespace: metadata.namespace, name });
  if (!revision) throw new Error(`controllerrevisions.apps "${name}" not found`);
  return revision;
}

/** What `find` gives, undefined when it fails: admission only logs that (instancetype/webhooks/vm/admitter.go). */
export async function ifFound<S>(find: Promise<S>): Promise<S | undefined> {
  return find.catch(() => undefined);
}
