import type { TypeMatcher, VirtualMachine } from '../../../../src/clone/resources';
import type { ClusterClient } from '../../../../src/kubernetes';
import type { StatusCause } from '../../../apiserver';
import { applyToVmi, type Target } from '../instancetype/apply';
import { findInstancetype, findPreference, INSTANCETYPE, ifFound, PREFERENCE } from '../instancetype/find';
import { preferredTopology, spreadOf } from '../instancetype/preference';
import { requirementCause } from '../instancetype/requirements';
import { conflictMessage } from '../instancetype/store';
import type { InstancetypeSpec, PreferenceSpec } from '../kinds';
import { invalidField } from './causes';

const POLICIES = ['Ignore', 'Reject'];

/**
 * What is wrong with a VM's matchers by themselves: both changes before either matcher, and only the first that is
 * wrong (pkg/instancetype/webhooks/vm/mutator.go validateMatchers).
 */
export function matcherCauses(vm: VirtualMachine, old: VirtualMachine | undefined): StatusCause[] {
  const both = [INSTANCETYPE, PREFERENCE];
  const updates = both.map(({ field }) => updateCauses(field, vm.spec[field], old?.spec[field]));
  const owns = both.map(({ field, matcherType }) => ownCauses(field, matcherType, vm.spec[field]));
  return [...updates, ...owns].find((causes) => causes.length > 0) ?? [];
}

/** Who names another type has to name another revision too, or none. */
function updateCauses(
  field: string,
  matcher: TypeMatcher | undefined,
  old: TypeMatcher | undefined,
): StatusCause[] {
  if (!matcher || !old || !matcher.revisionName) return [];
  if ((matcher.name ?? '') === (old.name ?? '') || matcher.revisionName !== old.revisionName) return [];
  const message = 'the Matcher Name has been updated without updating the RevisionName';
  return [invalidField(`spec.${field}.revisionName`, message)];
}

function ownCauses(field: string, matcherType: string, matcher: TypeMatcher | undefined): StatusCause[] {
  if (!matcher) return [];
  const causes: StatusCause[] = [];
  const { name, kind, inferFromVolume, inferFromVolumeFailurePolicy: policy } = matcher;
  if (!name && !inferFromVolume) {
    const message = `Either Name or InferFromVolume should be provided within the ${matcherType}`;
    causes.push({ reason: 'FieldValueNotFound', message, field: `spec.${field}` });
  }
  for (const [what, value] of inferFromVolume ? Object.entries({ Name: name, Kind: kind }) : []) {
    if (!value) continue;
    const message = `${what} already set, should be cleared before setting inferFromVolume`;
    const path = `spec.${field}.${what.toLowerCase()}`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: path });
  }
  if (policy !== undefined && !POLICIES.includes(String(policy))) {
    const message = `Invalid value '${policy}' for InferFromVolumeFailurePolicy`;
    causes.push(invalidField(`spec.${field}.inferFromVolumeFailurePolicy`, message));
  }
  return causes;
}

/**
 * The VM with its types applied, as everything else about it is checked, or what forbids that. Types that can't be
 * found are passed over: virt-controller will tell. (pkg/instancetype/webhooks/vm/admitter.go ApplyToVM)
 */
export async function withTypes(
  client: ClusterClient,
  vm: VirtualMachine,
): Promise<{ vm: VirtualMachine; causes: StatusCause[] }> {
  if (!vm.spec.instancetype && !vm.spec.preference) return { vm, causes: [] };
  const instancetype = await ifFound(findInstancetype(client, vm));
  const preference = await ifFound(findPreference(client, vm));
  const spread = spreadCauses(instancetype, preference);
  if (spread.length > 0) return { vm, causes: spread };
  const applied = structuredClone(vm);
  applied.spec.template = { metadata: {}, ...applied.spec.template };
  const target = applied.spec.template as Target;
  const conflicts = applyToVmi('spec.template.spec', instancetype, preference, target);
  if (conflicts.length > 0) {
    return { vm, causes: conflicts.map((path) => invalidField(path, conflictMessage(path))) };
  }
  const lacking = requirementCause(instancetype, preference, target.spec);
  return { vm: applied, causes: lacking ? [lacking] : [] };
}

function spreadCauses(
  instancetype: InstancetypeSpec | undefined,
  preference: PreferenceSpec | undefined,
): StatusCause[] {
  if (!instancetype || !preference || preferredTopology(preference) !== 'spread') return [];
  const { guest } = instancetype.cpu;
  const { ratio, across } = spreadOf(preference);
  const provided = `${guest} vCPUs provided by the instance type are not divisible by the`;
  const wrong = (message: string) => [invalidField('instancetype.spec.cpu.guest', message)];
  if (across === 'SocketsCoresThreads') {
    if (guest % 2 === 0 && Math.floor(guest / 2) % ratio === 0) return [];
    return wrong(
      `${provided} number of threads per core 2 and Spec.PreferSpreadSocketToCoreRatio or Spec.CPU.PreferSpreadOptions.Ratio of ${ratio}`,
    );
  }
  if (guest % ratio === 0) return [];
  if (across === 'CoresThreads') return wrong(`${provided} number of threads per core ${ratio}`);
  return wrong(
    `${provided} Spec.PreferSpreadSocketToCoreRatio or Spec.CPU.PreferSpreadOptions.Ratio of ${ratio} provided by the preference`,
  );
}
