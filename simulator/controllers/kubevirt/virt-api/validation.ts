import type { Domain, VirtualMachine, VmiSpec } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';
import { LABELS } from '../names';
import { runStrategyOf, same } from '../objects';
import { invalidField, labelFaults, required, subdomainFaults } from './causes';
import { bootOrderCauses, diskCauses } from './validate-disks';
import { networkCauses } from './validate-networks';
import { resourceCauses } from './validate-resources';
import { credentialCauses, volumeCauses } from './validate-volumes';

const RUN_STRATEGIES = ['Halted', 'Manual', 'Always', 'RerunOnFailure', 'Once'];

/** Labels that only KubeVirt's own accounts may put on a VMI, so neither into a template. */
const RESERVED_LABELS: readonly string[] = [
  LABELS.createdBy,
  LABELS.migrationJob,
  LABELS.nodeName,
  LABELS.migrationTargetNode,
  LABELS.nodeSchedulable,
  LABELS.installStrategy,
];

/**
 * Everything that makes a VM's spec unacceptable (vms-admitter.go ValidateVirtualMachineSpec). Feature gates are on,
 * but for DeclarativeHotplugVolumes and DecentralizedLiveMigration.
 */
export function vmCauses({ spec }: VirtualMachine, isKubeVirt: boolean): StatusCause[] {
  return [
    ...(isKubeVirt ? [] : labelCauses('spec.template.metadata', spec.template.metadata?.labels)),
    ...vmiSpecCauses('spec.template.spec', spec.template.spec),
    ...templateCauses(spec),
    ...runStrategyCauses(spec),
  ];
}

export function reservedLabelsOf(labels: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => RESERVED_LABELS.includes(label)));
}

function labelCauses(field: string, labels: Record<string, string> | undefined): StatusCause[] {
  if (Object.keys(reservedLabelsOf(labels)).length === 0) return [];
  const message = 'creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited';
  return [{ reason: 'FieldValueNotSupported', message, field: `${field}.labels` }];
}

/** What is wrong with the spec of a VMI, or of a template (vmi-create-admitter.go ValidateVirtualMachineInstanceSpec). */
function vmiSpecCauses(field: string, spec: VmiSpec): StatusCause[] {
  const { domain, volumes = [] } = spec;
  return [
    ...nameCauses(field, spec),
    ...resourceCauses(field, spec),
    ...cpuCauses(field, domain),
    ...networkCauses(field, spec),
    ...bootOrderCauses(field, spec),
    ...diskCauses(`${field}.domain.devices.disks`, domain.devices?.disks ?? []),
    ...firmwareCauses(`${field}.domain`, domain),
    ...volumeCauses(`${field}.volumes`, volumes),
    ...credentialCauses(`${field}.accessCredentials`, spec),
    ...serviceAccountCauses(field, spec),
  ];
}

function nameCauses(field: string, { hostname, subdomain }: VmiSpec): StatusCause[] {
  const rules = [
    ['hostname', 'DNS_LABEL', hostname ? labelFaults(hostname) : []],
    ['subdomain', 'DNS_SUBDOMAIN', subdomain ? subdomainFaults(String(subdomain)) : []],
  ] as const;
  return rules.flatMap(([name, rule, faults]) => {
    if (faults.length === 0) return [];
    const why = `${field}.${name} does not conform to the kubernetes ${rule} rules : ${faults.join(', ')}`;
    return [invalidField(`${field}.${name}`, why)];
  });
}

function cpuCauses(field: string, { cpu }: Domain): StatusCause[] {
  const most = cpu?.maxSockets as number | undefined;
  if (!most || (cpu?.sockets ?? 0) <= most) return [];
  const message = 'Number of sockets in CPU topology is greater than the maximum sockets allowed';
  return [invalidField(`${field}.domain.cpu.sockets`, message)];
}

/** EFI means secure boot unless it says no; that needs SMM. */
function firmwareCauses(field: string, { firmware, features, launchSecurity }: Domain): StatusCause[] {
  const causes: StatusCause[] = [];
  const bootloader = firmware?.bootloader as { bios?: object; efi?: { secureBoot?: boolean } } | undefined;
  if (bootloader?.efi && bootloader.bios) {
    const at = `${field}.firmware.bootloader`;
    causes.push(invalidField(at, `${at} has both EFI and BIOS configured, but they are mutually exclusive.`));
  }
  const { smm } = (features ?? {}) as { smm?: { enabled?: boolean } };
  const hasSmm = smm !== undefined && smm.enabled !== false;
  const hasTdx = (launchSecurity as { tdx?: object } | undefined)?.tdx !== undefined;
  if (bootloader?.efi && bootloader.efi.secureBoot !== false && !hasSmm && !hasTdx) {
    const message = `${field} has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.`;
    causes.push(invalidField(field, message));
  }
  return causes;
}

function serviceAccountCauses(field: string, { serviceAccountName, volumes = [] }: VmiSpec): StatusCause[] {
  if (!serviceAccountName) return [];
  const name = String(serviceAccountName);
  const at = `${field}.serviceAccountName`;
  const causes: StatusCause[] = [];
  const faults = subdomainFaults(name);
  if (faults.length > 0) {
    causes.push(invalidField(at, `${at} is not a valid service account name: ${faults.join('; ')}`));
  }
  const accounts = volumes.flatMap(({ serviceAccount }) =>
    serviceAccount ? [(serviceAccount as { serviceAccountName?: string }).serviceAccountName ?? ''] : [],
  );
  const other = accounts.find((account) => account !== name);
  if (other !== undefined) {
    const message = `spec.serviceAccountName "${name}" and serviceAccount volume "${other}" must reference the same service account`;
    causes.push(invalidField(at, message));
  }
  return causes;
}

/** A volume of a VMI has to show in its guest; in a VM's template one without a disk is given one. */
export function vmiCauses(spec: VmiSpec): StatusCause[] {
  const { disks = [], filesystems = [] } = spec.domain.devices ?? {};
  const shown = new Set([...disks, ...(filesystems as { name: string }[])].map(({ name }) => name));
  const hidden = (spec.volumes ?? []).flatMap(({ name, memoryDump }, index) => {
    const at = `spec.domain.volumes[${index}].name`;
    return memoryDump || shown.has(name) ? [] : [invalidField(at, `${at} '${name}' not found.`)];
  });
  return [...vmiSpecCauses('spec', spec), ...hidden];
}

type Source = Record<string, unknown>;

function templateCauses({ dataVolumeTemplates = [], template }: VirtualMachine['spec']): StatusCause[] {
  const volumes = template.spec.volumes ?? [];
  return dataVolumeTemplates.flatMap((entry, index) => {
    const field = `spec.dataVolumeTemplate[${index}]`;
    const name = entry.metadata?.name;
    const cause = templateFault(field, name, entry.spec as TemplateSpec | undefined);
    if (cause) return [cause];
    const referenced = volumes.some(
      ({ dataVolume, persistentVolumeClaim }) =>
        dataVolume?.name === name || persistentVolumeClaim?.claimName === name,
    );
    if (referenced) return [];
    const message = `DataVolumeTemplate entry ${field} must be referenced in the VMI template's 'volumes' list`;
    return [required(field, message)];
  });
}

interface TemplateSpec {
  pvc?: Source;
  storage?: Source;
  source?: Source;
  sourceRef?: unknown;
}

function templateFault(
  field: string,
  name: string | undefined,
  { pvc, storage, source, sourceRef }: TemplateSpec = {},
): StatusCause | undefined {
  if (!name) {
    const message = `'name' field must not be empty for DataVolumeTemplate entry ${field}.name.`;
    return required(`${field}.name`, message);
  }
  const claim = pvc ?? storage;
  if (!claim) return invalidField(`${field}.PVC.Storage`, 'Missing Data volume PVC or Storage');
  if (pvc && storage) {
    const message = 'Duplicate storage definition, both target storage and target pvc defined';
    return invalidField(`${field}.PVC.Storage`, message);
  }
  const isPopulated = Boolean(claim.dataSourceRef ?? claim.dataSource);
  if (isPopulated && (source || sourceRef)) {
    return invalidField(`${field}.source`, 'External population is incompatible with Source and SourceRef');
  }
  if (!isPopulated && !source && !sourceRef) {
    const message = 'Data volume should have either Source, SourceRef, or be externally populated';
    return invalidField(`${field}.source.sourceRef`, message);
  }
  const kinds = Object.values(source ?? {}).filter((kind) => kind !== undefined && kind !== null).length;
  if (source && kinds === 0) return invalidField(`${field}.source`, 'Missing dataVolume valid source');
  return kinds > 1 ? invalidField(`${field}.source`, 'Multiple dataVolume sources') : undefined;
}

function runStrategyCauses({ running, runStrategy }: VirtualMachine['spec']): StatusCause[] {
  if (running !== undefined && runStrategy !== undefined) {
    const message =
      'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead';
    return [invalidField('spec.running', message)];
  }
  if (running === undefined && runStrategy === undefined) {
    return [invalidField('spec.running', 'RunStrategy must be specified')];
  }
  if (runStrategy === undefined || RUN_STRATEGIES.includes(runStrategy)) return [];
  const gate =
    runStrategy === 'WaitAsReceiver'
      ? ', DecentralizedLiveMigration feature gate is not enabled in kubevirt resource'
      : '';
  return [invalidField('spec.runStrategy', `Invalid RunStrategy (${runStrategy})${gate}`)];
}

/**
 * What may not be changed while a snapshot of a VM is made, or while one is restored: only the first that is wrong
 * (pkg/storage/admitters/vm-storage-status.go). Labels, annotations and the rest of the spec may be.
 */
export function inProgressCauses(vm: VirtualMachine, old: VirtualMachine): StatusCause[] {
  const { snapshotInProgress: snapshot, restoreInProgress: restore } = vm.status ?? {};
  const refused = (message: string) => [{ reason: 'FieldValueNotSupported', message, field: 'spec' }];
  const volumesOf = ({ spec }: VirtualMachine) => spec.template.spec.volumes ?? [];
  if (snapshot && !same(volumesOf(vm), volumesOf(old))) {
    return refused(`Cannot update vm disks or volumes until snapshot "${snapshot}" completes`);
  }
  if (snapshot && !(isSameAndSet('running', vm, old) || isSameAndSet('runStrategy', vm, old))) {
    return refused(`Cannot update vm running state until snapshot "${snapshot}" completes`);
  }
  if (restore && runStrategyOf(vm) !== runStrategyOf(old)) {
    return refused(`Cannot update VM runStrategy until restore "${restore}" completes`);
  }
  return [];
}

function isSameAndSet(field: 'running' | 'runStrategy', vm: VirtualMachine, old: VirtualMachine): boolean {
  return vm.spec[field] !== undefined && vm.spec[field] === old.spec[field];
}
