import type { Blocker, Warning } from '../contract';
import { goesElsewhere } from './elsewhere';
import type { PlanFacts } from './plan';
import type { ControllerRevision, TypedSpecs, TypeMatcher, VirtualMachine } from './resources';

/** What a VM takes a part of its spec from. */
export const TYPED = ['instancetype', 'preference'] as const;
export type Typed = (typeof TYPED)[number];

const WORDS: Readonly<Record<Typed, string>> = { instancetype: 'Instancetype', preference: 'Preference' };

/**
 * The ControllerRevision that the VM really goes by: the one its spec names, else the one that virt-controller
 * recorded for the type it names now (KubeVirt pkg/instancetype/find/revision.go). Undefined where none is
 * recorded.
 */
export function recordedRevision(vm: VirtualMachine, typed: Typed): string | undefined {
  const matcher = vm.spec[typed];
  if (!matcher) return undefined;
  if (matcher.revisionName) return matcher.revisionName;
  const ref = typed === 'instancetype' ? vm.status?.instancetypeRef : vm.status?.preferenceRef;
  return ref?.name === undefined || ref.name === matcher.name ? ref?.controllerRevisionRef?.name : undefined;
}

/** Names of the revisions that the VM goes by. */
export function recordedRevisions(vm: VirtualMachine): string[] {
  return TYPED.flatMap((typed) => recordedRevision(vm, typed) ?? []);
}

/** The spec that a recorded instancetype or preference holds, if it is at hand. */
export function recordedSpec<T extends Typed>(
  vm: VirtualMachine,
  typed: T,
  revisions: readonly ControllerRevision[],
): TypedSpecs[T] | undefined {
  const name = recordedRevision(vm, typed);
  const revision = revisions.find(({ metadata }) => metadata.name === name);
  return (revision?.data as { spec?: TypedSpecs[T] } | undefined)?.spec;
}

/** Without its revision a VM can't start, and a type of one namespace is nothing in another. */
export function revisionBlockers(source: VirtualMachine, { request, revisions }: PlanFacts): Blocker[] {
  const elsewhere = goesElsewhere(request);
  return TYPED.flatMap((typed): Blocker[] => {
    const matcher = source.spec[typed];
    const recorded = recordedRevision(source, typed);
    if (recorded && !revisions.some(({ metadata }) => metadata.name === recorded)) {
      return [
        {
          type: `${WORDS[typed]}RevisionMissing`,
          message: `ControllerRevision ${recorded}, which holds the ${typed} of ${source.metadata.name}, is gone: without it neither the source nor a clone starts. Restore it, or set ${typed}.revisionName anew.`,
        },
      ];
    }
    if (recorded || !elsewhere || !isNamespaced(matcher)) return [];
    return [
      {
        type: `${WORDS[typed]}NotAvailable`,
        message: `${WORDS[typed]} ${matcher?.name} exists only in namespace ${request.source.namespace}, and no revision of it is recorded yet that could be copied: use one of the whole cluster, or clone within the namespace.`,
      },
    ];
  });
}

/** A clone whose source has no revision yet takes the type as it is; one in another namespace can't see the type. */
export function revisionWarnings(source: VirtualMachine, { request }: PlanFacts): Warning[] {
  const elsewhere = goesElsewhere(request);
  const named = TYPED.filter((typed) => source.spec[typed]?.name);
  const unrecorded = named.filter((typed) => !recordedRevision(source, typed));
  const warnings: Warning[] = [];
  if (unrecorded.length > 0) {
    warnings.push({
      type: 'InstancetypeAsOfNow',
      message: `The clone is made from the present state of ${unrecorded.map((typed) => `${typed} ${source.spec[typed]?.name}`).join(' and ')}: no revision is recorded of the source.`,
    });
  }
  for (const typed of named) {
    if (!elsewhere || unrecorded.includes(typed) || !isNamespaced(source.spec[typed])) continue;
    warnings.push({
      type: `${WORDS[typed]}ElsewhereOnly`,
      message: `${WORDS[typed]} ${source.spec[typed]?.name} does not exist in namespace ${request.target.namespace}: the clone has a copy of its revision, and nobody can give it a newer one there.`,
    });
  }
  return warnings;
}

/** Without a kind it is one of the cluster (KubeVirt api/core/v1, InstancetypeMatcher). */
function isNamespaced(matcher: TypeMatcher | undefined): boolean {
  return /^virtualmachine(instancetype|preference)s?$/i.test(matcher?.kind ?? '');
}
