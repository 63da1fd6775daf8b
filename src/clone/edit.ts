import { DESCRIPTION_ANNOTATION } from '../contract';
import { canonicalJson } from './canonical-json';
import { parseQuantity } from './quantity';
import { type Domain, type PatchOperation, pointer, type VirtualMachine } from './resources';
import { hasTopology, sizeOf } from './size';

/** What a person wants changed; what is left out stays. `memory` is a quantity; an empty description goes. */
export interface VmEdit {
  description?: string;
  cpus?: number;
  memory?: string;
}

/** Why a VM can't be edited so, by the field of the edit. */
export interface EditFault {
  field: keyof VmEdit;
  message: string;
}

/** What an edit changes or depends on; each is compared by itself. */
export const EDITED_PARTS = ['description', 'cpus', 'memory', 'instancetype'] as const;
export type EditedPart = (typeof EDITED_PARTS)[number];

const DOMAIN = '/spec/template/spec/domain';
const ANNOTATION = pointer('metadata', 'annotations', DESCRIPTION_ANNOTATION);

/** The API server takes a VM whose template has no spec; KubeVirt's webhooks don't. */
export function domainOf({ spec }: VirtualMachine): Domain {
  return spec.template.spec?.domain ?? {};
}

export function descriptionOf({ metadata }: VirtualMachine): string {
  return metadata.annotations?.[DESCRIPTION_ANNOTATION] ?? '';
}

/** Everything in the VM that says one of the parts, and nothing else: the same while nobody edits them. */
export function editedParts(vm: VirtualMachine): Record<EditedPart, unknown> {
  const { cpu, memory, resources } = domainOf(vm);
  const asked = (name: string) => [resources?.requests?.[name], resources?.limits?.[name]];
  return {
    description: descriptionOf(vm),
    cpus: [cpu, asked('cpu')],
    memory: [memory, asked('memory')],
    instancetype: vm.spec.instancetype,
  };
}

export function editFaults({ spec }: VirtualMachine, { cpus, memory }: VmEdit): EditFault[] {
  const { instancetype } = spec;
  if (instancetype) {
    const name = instancetype.name ?? `that volume ${instancetype.inferFromVolume} names`;
    const message = `can not be changed: it comes from the instancetype ${name}`;
    const given = { cpus, memory };
    return (['cpus', 'memory'] as const).flatMap((field) =>
      given[field] === undefined ? [] : [{ field, message }],
    );
  }
  const { cpusPerSocket } = sizeOf(spec.template.spec.domain);
  if (cpus === undefined || cpus % cpusPerSocket === 0) return [];
  const below = cpus - (cpus % cpusPerSocket);
  const fitting = [below, below + cpusPerSocket].filter((count) => count > 0).join(' or ');
  const message = `must be a multiple of ${cpusPerSocket}, which is what one socket of this VM has: ${fitting}`;
  return [{ field: 'cpus', message }];
}

/**
 * The edit as one JSON patch; none where nothing would change. It applies only to a VM whose edited parts are as
 * read here. CPUs come as sockets: cores and threads stay.
 */
export function editOperations(vm: VirtualMachine, edit: VmEdit): PatchOperation[] {
  const changes = [...describe(vm, edit.description), ...resize(vm.spec.template.spec.domain, edit)];
  return changes.length > 0 ? [...guards(vm), ...changes] : [];
}

function guards(vm: VirtualMachine): PatchOperation[] {
  const { cpu, memory, resources } = vm.spec.template.spec.domain;
  const { annotations, uid } = vm.metadata;
  const read: [string, unknown][] = [
    ['/metadata/uid', uid],
    annotations ? [ANNOTATION, annotations[DESCRIPTION_ANNOTATION]] : ['/metadata/annotations', undefined],
    ['/spec/instancetype', vm.spec.instancetype],
    [`${DOMAIN}/cpu`, cpu],
    [`${DOMAIN}/memory`, memory],
    [`${DOMAIN}/resources`, resources],
  ];
  return read.map(([path, value]) => ({ op: 'test', path, value: value ?? null }));
}

function describe({ metadata: { annotations } }: VirtualMachine, text: string | undefined): PatchOperation[] {
  const old = annotations?.[DESCRIPTION_ANNOTATION];
  if (text === undefined || text === (old ?? '')) return [];
  if (text === '') return [{ op: 'remove', path: ANNOTATION }];
  if (annotations) return [{ op: 'add', path: ANNOTATION, value: text }];
  return [{ op: 'add', path: '/metadata/annotations', value: { [DESCRIPTION_ANNOTATION]: text } }];
}

function resize(domain: Domain, { cpus, memory }: VmEdit): PatchOperation[] {
  let resized = domain;
  if (cpus !== undefined) resized = withCpus(resized, cpus);
  if (memory !== undefined) resized = withMemory(resized, memory);
  return (['cpu', 'memory', 'resources'] as const).flatMap((field) =>
    canonicalJson(resized[field]) === canonicalJson(domain[field])
      ? []
      : [{ op: 'add' as const, path: `${DOMAIN}/${field}`, value: resized[field] }],
  );
}

function withCpus(domain: Domain, cpus: number): Domain {
  const { cpus: old, cpusPerSocket } = sizeOf(domain);
  if (cpus === old) return domain;
  // Where there is no topology KubeVirt makes one of these three at the start.
  const whole = hasTopology(domain.cpu) ? {} : { cores: 1, threads: 1 };
  const cpu = { ...domain.cpu, ...whole, sockets: cpus / cpusPerSocket };
  return { ...domain, cpu, resources: following(domain.resources, 'cpu', old, String(cpus)) };
}

function withMemory(domain: Domain, memory: string): Domain {
  const old = parseQuantity(sizeOf(domain).memory ?? undefined);
  if (parseQuantity(memory) === old) return domain;
  const { requests, limits } = domain.resources ?? {};
  const isGuests = domain.memory?.guest !== undefined || !(requests?.memory ?? limits?.memory);
  return {
    ...domain,
    ...(isGuests && { memory: { ...domain.memory, guest: memory } }),
    ...(old !== undefined && { resources: following(domain.resources, 'memory', old, memory) }),
  };
}

/**
 * Requests and limits after a change from `old`: those that said the same go along, so does a limit that would
 * come to stand below the new size, and a request that would come to stand above it. Else a request could exceed
 * its limit, or the guest's memory its own, which KubeVirt refuses (vmi-create-admitter.go). Two that are equal stay so:
 * else the pod would lose its QoS class Guaranteed, without which there are no dedicated CPUs. Without either, nothing.
 */
function following(
  resources: Domain['resources'],
  name: 'cpu' | 'memory',
  old: number,
  written: string,
): Domain['resources'] {
  const size = parseQuantity(written) as number;
  const request = parseQuantity(resources?.requests?.[name]);
  const limit = parseQuantity(resources?.limits?.[name]);
  const goesAlong = {
    requests: request !== undefined && (request === old || (request < old && request > size)),
    limits: limit !== undefined && (limit === old || (limit > old && limit < size)),
  };
  const isGuaranteed = request !== undefined && request === limit;
  let changed = resources;
  for (const kind of ['requests', 'limits'] as const) {
    if (!goesAlong[kind] && !(isGuaranteed && (goesAlong.requests || goesAlong.limits))) continue;
    changed = { ...changed, [kind]: { ...changed?.[kind], [name]: written } };
  }
  return changed;
}
