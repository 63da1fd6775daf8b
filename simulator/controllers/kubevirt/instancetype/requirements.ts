import { parseBytes } from '../../../../src/clone/quantity';
import type { Domain, VmiSpec } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';
import type { InstancetypeSpec, PreferenceSpec } from '../kinds';
import { preferredTopology, spreadOf } from './preference';

const CPU = 'spec.template.spec.domain.cpu';

interface Lack {
  field: string;
  why: string;
}

/** What a preference demands and neither instancetype nor VM provides (preference/requirements/checker.go). */
export function requirementCause(
  instancetype: InstancetypeSpec | undefined,
  preference: PreferenceSpec | undefined,
  spec: VmiSpec,
): StatusCause | undefined {
  if (!preference?.requirements) return undefined;
  const lack =
    cpuLack(instancetype, preference, spec.domain) ??
    memoryLack(instancetype, preference, spec.domain) ??
    architectureLack(preference, spec);
  if (!lack) return undefined;
  const message = `failure checking preference requirements: ${lack.why}`;
  return { reason: 'FieldValueNotFound', message, field: lack.field };
}

function cpuLack(
  instancetype: InstancetypeSpec | undefined,
  preference: PreferenceSpec,
  { cpu }: Domain,
): Lack | undefined {
  const demanded = preference.requirements?.cpu?.guest;
  if (demanded === undefined) return undefined;
  if (instancetype) {
    const { guest } = instancetype.cpu;
    if (guest >= demanded) return undefined;
    const why = `insufficient CPU resources of ${guest} vCPU provided by instance type, preference requires ${demanded} vCPU`;
    return { field: 'spec.instancetype', why };
  }
  const { parts, as } = partsOf(preference);
  // A VM that says nothing of its topology has one of each.
  const unsaid = cpu?.sockets || cpu?.cores || cpu?.threads ? 0 : 1;
  const provided = parts.reduce((product, part) => product * (cpu?.[part] ?? unsaid), 1);
  if (provided >= demanded) return undefined;
  const why = `insufficient CPU resources of ${provided} vCPU provided by VirtualMachine, preference requires ${demanded} vCPU provided as ${as}`;
  return { field: parts.map((part) => `${CPU}.${part}`).join(', '), why };
}

type Part = 'sockets' | 'cores' | 'threads';

/** Which parts of a topology have to make up the CPUs demanded. */
function partsOf(preference: PreferenceSpec): { parts: Part[]; as: string } {
  const topology = preferredTopology(preference);
  if (topology === 'any') return { parts: ['cores', 'sockets', 'threads'], as: 'cores, sockets and threads' };
  if (topology !== 'spread') return { parts: [topology], as: topology };
  const { across } = spreadOf(preference);
  if (across === 'CoresThreads') return { parts: ['cores', 'threads'], as: across };
  if (across === 'SocketsCores') return { parts: ['sockets', 'cores'], as: across };
  return { parts: ['sockets', 'cores', 'threads'], as: across };
}

function memoryLack(
  instancetype: InstancetypeSpec | undefined,
  preference: PreferenceSpec,
  { memory }: Domain,
): Lack | undefined {
  const demanded = preference.requirements?.memory?.guest;
  if (demanded === undefined) return undefined;
  const own = (memory as { guest?: string } | undefined)?.guest;
  const provided = own ?? instancetype?.memory.guest ?? '0';
  if ((parseBytes(provided) ?? 0) >= (parseBytes(demanded) ?? 0)) return undefined;
  const by = instancetype ? 'instance type' : 'VirtualMachine';
  const why = `insufficient Memory resources of ${provided} provided by ${by}, preference requires ${demanded}`;
  return { field: instancetype ? 'spec.instancetype' : 'spec.template.spec.domain.memory', why };
}

function architectureLack({ requirements }: PreferenceSpec, { architecture }: VmiSpec): Lack | undefined {
  const demanded = requirements?.architecture;
  if (demanded === undefined || demanded === architecture) return undefined;
  const why = `preference requires architecture ${demanded} but ${architecture} is being requested`;
  return { field: 'spec.template.spec.architecture', why };
}
