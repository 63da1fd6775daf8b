import { parseBytes, parseQuantity } from '../../../../src/clone/quantity';
import type { Domain, VmiSpec } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';
import { invalidField } from './causes';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** KubeVirt wants 1M, written so. */
const LEAST_REQUEST = 1e6;

type Resource = 'memory' | 'cpu';

/** What is wrong with a guest's memory and CPUs, in the order of vmi-create-admitter.go. */
export function resourceCauses(field: string, { domain }: VmiSpec): StatusCause[] {
  return [
    ...negativeCauses(field, domain, 'requests', 'memory'),
    ...leastRequestCauses(field, domain),
    ...negativeCauses(field, domain, 'limits', 'memory'),
    ...overLimitCauses(field, domain, 'memory'),
    ...hugepageCauses(field, domain),
    ...negativeCauses(field, domain, 'requests', 'cpu'),
    ...negativeCauses(field, domain, 'limits', 'cpu'),
    ...overLimitCauses(field, domain, 'cpu'),
    ...pinningCauses(field, domain),
    ...hotplugCauses(field, domain),
  ];
}

function quantity({ resources }: Domain, kind: 'requests' | 'limits', name: Resource): number {
  return parseQuantity(resources?.[kind]?.[name]) ?? 0;
}

function path(field: string, kind: 'requests' | 'limits', name: Resource): string {
  return `${field}.domain.resources.${kind}.${name}`;
}

function negativeCauses(
  field: string,
  domain: Domain,
  kind: 'requests' | 'limits',
  name: Resource,
): StatusCause[] {
  if (quantity(domain, kind, name) >= 0) return [];
  const at = path(field, kind, name);
  return [
    invalidField(at, `${at} '${domain.resources?.[kind]?.[name]}': must be greater than or equal to 0.`),
  ];
}

function leastRequestCauses(field: string, domain: Domain): StatusCause[] {
  const asked = quantity(domain, 'requests', 'memory');
  if (asked <= 0 || asked >= LEAST_REQUEST) return [];
  const at = path(field, 'requests', 'memory');
  const message = `${at} '${domain.resources?.requests?.memory}': must be greater than or equal to 1M.`;
  return [invalidField(at, message)];
}

function overLimitCauses(field: string, domain: Domain, name: Resource): StatusCause[] {
  const limit = quantity(domain, 'limits', name);
  if (limit <= 0 || quantity(domain, 'requests', name) <= limit) return [];
  const at = path(field, 'requests', name);
  const { requests, limits } = domain.resources ?? {};
  const message = `${at} '${requests?.[name]}' is greater than ${path(field, 'limits', name)} '${limits?.[name]}'`;
  return [invalidField(at, message)];
}

function hugepageCauses(field: string, domain: Domain): StatusCause[] {
  const hugepages = domain.memory?.hugepages as { pageSize?: string } | undefined;
  const page = parseBytes(hugepages?.pageSize);
  if (!hugepages || !page) return [];
  const asked = [
    quantity(domain, 'requests', 'memory'),
    parseBytes(domain.memory?.guest),
    quantity(domain, 'limits', 'memory'),
  ];
  const bytes = asked.find(Boolean) ?? 0;
  const at = path(field, 'requests', 'memory');
  const said = `${at} '${domain.resources?.requests?.memory ?? 0}'`;
  const pageSize = `page size ${field}.domain.memory.hugepages.pageSize '${hugepages.pageSize}'`;
  if (bytes !== 0 && bytes < page)
    return [invalidField(at, `${said} must be equal to or larger than ${pageSize}`)];
  return bytes % page === 0 ? [] : [invalidField(at, `${said} is not a multiple of the ${pageSize}`)];
}

/** A guest with CPUs of its own asks for as many as it has. */
function pinningCauses(field: string, domain: Domain): StatusCause[] {
  const { cpu } = domain;
  if (!cpu?.dedicatedCpuPlacement) return [];
  const causes: StatusCause[] = [];
  const [memory, memoryLimit] = [
    quantity(domain, 'requests', 'memory'),
    quantity(domain, 'limits', 'memory'),
  ];
  if (memory > 0 && memoryLimit > 0 && memory !== memoryLimit) {
    const at = path(field, 'requests', 'memory');
    causes.push(invalidField(at, `${at} must be equal to ${path(field, 'limits', 'memory')}`));
  }
  const [request, limit] = [quantity(domain, 'requests', 'cpu'), quantity(domain, 'limits', 'cpu')];
  const guest = (cpu.cores || 1) * (cpu.sockets || 1) * (cpu.threads || 1);
  const isSaid = Boolean(cpu.cores || cpu.sockets || cpu.threads);
  const at = `${field}.domain.cpu.dedicatedCpuPlacement`;
  const both = `${path(field, 'requests', 'cpu')} or ${path(field, 'limits', 'cpu')}`;
  if (request > 0 && limit > 0 && request !== limit) {
    causes.push(invalidField(at, `${both} must be equal when DedicatedCPUPlacement is true `));
  }
  if ((request > 0 || limit > 0) && isSaid && request !== guest && limit !== guest) {
    const message = `${both} must not be provided at the same time with ${field}.domain.cpu.cores when DedicatedCPUPlacement is true `;
    causes.push(invalidField(at, message));
  }
  return causes;
}

/** A VM that says how far its memory may grow, where changes are rolled out live (liveupdate/memory/memory.go). */
function hotplugCauses(field: string, { memory }: Domain): StatusCause[] {
  const most = parseBytes(memory?.maxGuest as string | undefined);
  if (most === undefined) return [];
  const at = `${field}.domain.memory.guest`;
  const guest = parseBytes(memory?.guest);
  const { pageSize } = (memory?.hugepages ?? {}) as { pageSize?: string };
  const [block, aligned] = pageSize === '1Gi' ? [GIB, '1Gi'] : [2 * MIB, '2Mi'];
  const faults: [boolean, string][] = [
    [guest === undefined, 'Guest memory must be configured when memory hotplug is enabled'],
    [(guest ?? 0) > most, 'Guest memory is greater than the configured maxGuest memory'],
    [(guest ?? 0) % block !== 0, `Guest memory must be ${aligned} aligned`],
    [most % block !== 0, `MaxGuest must be ${aligned} aligned`],
    [(guest ?? 0) < GIB, 'Memory hotplug is only available for VMs with at least 1Gi of guest memory'],
  ];
  const fault = faults.find(([isWrong]) => isWrong);
  return fault ? [invalidField(at, fault[1])] : [];
}
