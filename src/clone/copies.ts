import type { PlannedCopy } from '../contract';
import { goesElsewhere } from './elsewhere';
import { copyName } from './names';
import { marksOf } from './ownership';
import type { PlanFacts, PlanRequest } from './plan';
import { type ReferenceKind, referencesOf } from './references';
import type { KubernetesResource, VirtualMachine } from './resources';
import { recordedRevision, TYPED } from './revisions';

/** An object by kind and name, in a namespace that is known. */
export interface ObjectName {
  kind: ReferenceKind;
  name: string;
}

/**
 * What a clone gets copies of beside its disks, each under a name of its own, so that it lives as long as the clone
 * and no longer: the revisions of its instancetype and preference, always; Secrets and ConfigMaps in another
 * namespace, on request. (kubevirt-rules, Volumes.)
 */
export function planCopies(
  source: VirtualMachine,
  { request, availableInSource }: Pick<PlanFacts, 'request' | 'availableInSource'>,
): PlannedCopy[] {
  const { target, cloneUid = '' } = request;
  const named = (what: string) => copyName(target.name, what, cloneUid);
  const revisions = TYPED.flatMap((typed): PlannedCopy[] => {
    const from = recordedRevision(source, typed);
    return from ? [{ kind: 'ControllerRevision', from, name: named(typed) }] : [];
  });
  const copies = new Map(revisions.map((copy) => [`${copy.kind}/${copy.name}`, copy]));
  for (const { kind, name: from } of copiesSecrets(request) ? referencesOf(source.spec.template.spec) : []) {
    if (kind === 'ServiceAccount' || !has(availableInSource, { kind, name: from })) continue;
    copies.set(`${kind}/${from}`, { kind, from, name: named(from) });
  }
  return [...copies.values()];
}

/** The copy of an object, made for the clone's VM and with its marks. It holds the same, and is owned by nobody yet. */
export function buildCopy<T extends KubernetesResource>(
  { metadata, ...held }: T,
  copy: PlannedCopy,
  vm: VirtualMachine,
): T {
  const { labels, annotations } = marksOf(vm);
  // By these KubeVirt knows of which type, and in which version, a revision is.
  const known = isRevision(copy) ? metadata.labels : {};
  const { namespace } = vm.metadata;
  const own = { namespace, name: copy.name, labels: { ...known, ...labels }, annotations };
  return { ...held, metadata: own } as unknown as T;
}

export function isRevision({ kind }: PlannedCopy): boolean {
  return kind === 'ControllerRevision';
}

/** Within a namespace the clone names the same objects as its source. */
export function copiesSecrets(request: PlanRequest): boolean {
  return goesElsewhere(request) && request.options.copySecrets === true;
}

export function has(objects: readonly ObjectName[], { kind, name }: ObjectName): boolean {
  return objects.some((object) => object.kind === kind && object.name === name);
}
