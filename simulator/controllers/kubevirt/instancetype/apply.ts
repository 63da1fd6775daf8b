import { parseBytes } from '../../../../src/clone/quantity';
import type { VmiSpec, VmTemplate } from '../../../../src/clone/resources';
import type { InstancetypeSpec, PreferenceSpec } from '../kinds';
import { applyPreference, preferredTopology, spreadOf } from './preference';

/** What an instancetype is applied to: a template of a VM, or a VMI. */
export interface Target {
  metadata: NonNullable<VmTemplate['metadata']>;
  spec: VmiSpec;
}

/** The cores of a thread where they are spread over threads as well. */
const THREADS_PER_CORE = 2;

/**
 * Writes an instancetype, and where there is no conflict a preference, into a template or VMI. Returns the paths
 * below `field` that both the instancetype and the VM set; then the target is useless. (pkg/instancetype/apply)
 */
export function applyToVmi(
  field: string,
  instancetype: InstancetypeSpec | undefined,
  preference: PreferenceSpec | undefined,
  target: Target,
): string[] {
  const conflicts = instancetype ? applyInstancetype(field, instancetype, preference, target) : [];
  if (conflicts.length === 0 && preference) applyPreference(preference, target);
  return conflicts;
}

function applyInstancetype(
  field: string,
  instancetype: InstancetypeSpec,
  preference: PreferenceSpec | undefined,
  target: Target,
): string[] {
  const { spec } = target;
  const below = (paths: string[]) => paths.map((path) => `${field}.${path}`);
  return [
    ...below(applyPlacement(instancetype, spec)),
    ...below(applyCpu(instancetype, preference, spec)),
    ...below(applyMemory(instancetype, spec)),
    ...below(applyDomain(instancetype, spec)),
    ...applyAnnotations(instancetype, target),
  ];
}

function applyPlacement({ nodeSelector, schedulerName }: InstancetypeSpec, spec: VmiSpec): string[] {
  const conflicts: string[] = [];
  if (nodeSelector && spec.nodeSelector) conflicts.push('nodeSelector');
  else if (nodeSelector) spec.nodeSelector = { ...nodeSelector };
  if (schedulerName && spec.schedulerName) conflicts.push('schedulerName');
  else if (schedulerName) spec.schedulerName = schedulerName;
  return conflicts;
}

/** Conflicts in the order in which KubeVirt names them (apply/cpu.go validateCPU). */
function applyCpu(
  { cpu }: InstancetypeSpec,
  preference: PreferenceSpec | undefined,
  { domain }: VmiSpec,
): string[] {
  const own = domain.cpu ?? {};
  const both = (key: 'model' | 'dedicatedCPUPlacement' | 'isolateEmulatorThread' | 'numa' | 'realtime') =>
    own[key === 'dedicatedCPUPlacement' ? 'dedicatedCpuPlacement' : key] && cpu[key] !== undefined;
  const candidates: [string, unknown][] = [
    ['domain.resources.requests.cpu', domain.resources?.requests?.cpu !== undefined],
    ['domain.resources.limits.cpu', domain.resources?.limits?.cpu !== undefined],
    ['domain.cpu.sockets', own.sockets],
    ['domain.cpu.cores', own.cores],
    ['domain.cpu.threads', own.threads],
    ['domain.cpu.model', both('model')],
    ['domain.cpu.dedicatedCPUPlacement', both('dedicatedCPUPlacement')],
    ['domain.cpu.isolateEmulatorThread', both('isolateEmulatorThread')],
    ['domain.cpu.numa', both('numa')],
    ['domain.cpu.realtime', both('realtime')],
  ];
  const conflicts = candidates.filter(([, holds]) => holds).map(([path]) => path);
  if (conflicts.length > 0) return conflicts;
  domain.cpu = {
    ...own,
    ...(cpu.model !== undefined && { model: cpu.model }),
    ...(cpu.dedicatedCPUPlacement !== undefined && { dedicatedCpuPlacement: cpu.dedicatedCPUPlacement }),
    ...(cpu.isolateEmulatorThread !== undefined && { isolateEmulatorThread: cpu.isolateEmulatorThread }),
    ...(cpu.numa !== undefined && { numa: cpu.numa }),
    ...(cpu.realtime !== undefined && { realtime: cpu.realtime }),
    ...(cpu.maxSockets !== undefined && { maxSockets: cpu.maxSockets }),
    ...topologyOf(cpu.guest, preference),
  };
  return [];
}

/** How so many CPUs show to the guest: as sockets, unless the preference has it otherwise. */
function topologyOf(guest: number, preference: PreferenceSpec | undefined) {
  const one = { cores: 1, sockets: 1, threads: 1 };
  if (guest === 1) return one;
  const topology = preferredTopology(preference);
  if (topology === 'cores' || topology === 'threads') return { ...one, [topology]: guest };
  if (topology !== 'spread') return { ...one, sockets: guest };
  const { ratio, across } = spreadOf(preference as PreferenceSpec);
  if (across === 'CoresThreads') return { ...one, threads: ratio, cores: Math.floor(guest / ratio) };
  const threads = across === 'SocketsCoresThreads' ? THREADS_PER_CORE : 1;
  return { threads, cores: ratio, sockets: Math.floor(guest / threads / ratio) };
}

/** Only the first conflict is named (apply/memory.go validateMemory). */
function applyMemory({ memory }: InstancetypeSpec, { domain }: VmiSpec): string[] {
  const { resources } = domain;
  const own: Record<string, unknown> = domain.memory ?? {};
  const candidates: [string, unknown][] = [
    ['domain.memory.guest', own.guest !== undefined],
    ['domain.memory.hugepages', own.hugepages !== undefined && memory.hugepages !== undefined],
    ['domain.memory.maxGuest', own.maxGuest !== undefined && memory.maxGuest !== undefined],
    ['domain.resources.requests.memory', resources?.requests?.memory !== undefined],
    ['domain.resources.limits.memory', resources?.limits?.memory !== undefined],
  ];
  const conflict = candidates.find(([, holds]) => holds);
  if (conflict) return [conflict[0]];
  domain.memory = {
    ...own,
    guest: memory.guest,
    ...(memory.hugepages !== undefined && { hugepages: memory.hugepages }),
    ...(memory.maxGuest !== undefined && { maxGuest: memory.maxGuest }),
  };
  if (memory.overcommitPercent) {
    const bytes = Math.floor((parseBytes(memory.guest) ?? 0) * (1 - memory.overcommitPercent / 100));
    domain.resources = { ...resources, requests: { ...resources?.requests, memory: String(bytes) } };
  }
  return [];
}

function applyDomain(instancetype: InstancetypeSpec, { domain }: VmiSpec): string[] {
  const conflicts: string[] = [];
  const pool = instancetype.ioThreads?.supplementalPoolThreadCount;
  const threads = domain.ioThreads as InstancetypeSpec['ioThreads'];
  if (pool !== undefined && threads?.supplementalPoolThreadCount !== undefined) {
    conflicts.push('domain.ioThreads.supplementalPoolThreadCount');
  } else if (pool !== undefined) domain.ioThreads = { ...threads, supplementalPoolThreadCount: pool };
  for (const name of ['ioThreadsPolicy', 'launchSecurity'] as const) {
    if (instancetype[name] === undefined) continue;
    if (domain[name] !== undefined) conflicts.push(`domain.${name}`);
    else domain[name] = structuredClone(instancetype[name]);
  }
  for (const name of ['gpus', 'hostDevices'] as const) {
    if (!instancetype[name]?.length) continue;
    const own = domain.devices?.[name] as unknown[] | undefined;
    if (own?.length) conflicts.push(`domain.devices.${name}`);
    else domain.devices = { ...domain.devices, [name]: structuredClone(instancetype[name]) };
  }
  return conflicts;
}

/** An annotation that is there with another value is a conflict, whose path has no prefix. */
function applyAnnotations({ annotations = {} }: InstancetypeSpec, { metadata }: Target): string[] {
  const own = metadata.annotations ?? {};
  const conflicts = Object.entries(annotations).filter(
    ([key, value]) => own[key] !== undefined && own[key] !== value,
  );
  metadata.annotations = { ...annotations, ...own };
  return conflicts.map(([key]) => `annotations.${key}`);
}
