import type { VirtualMachine, VmiSpec } from '../../../../src/clone/resources';
import { failure, type StatusCause, type StatusError } from '../../../apiserver';

/** Causes beyond the tenth are only counted. */
const LISTED = 10;

/** The answer of a webhook that refuses: 422 with every cause (util/webhooks ToAdmissionResponse). */
export function denied(webhook: string, causes: StatusCause[]): StatusError {
  const listed = causes.slice(0, LISTED);
  const rest = causes.length - listed.length;
  const messages = listed.map(({ message }) => message).join(', ');
  const why = rest > 0 ? `${messages}, and ${rest} more validation errors` : messages;
  return failure(422, 'Invalid', `admission webhook "${webhook}" denied the request: ${why}`, {
    causes: listed,
  });
}

const RUN_STRATEGIES = ['Halted', 'Manual', 'Always', 'RerunOnFailure', 'Once'];

/** Everything that makes a VM's spec unacceptable (vms-admitter.go, vmi-create-admitter.go, storage admitters). */
export function vmCauses({ spec }: VirtualMachine): StatusCause[] {
  const template = spec.template.spec;
  return [
    ...diskCauses('spec.template.spec', template),
    ...volumeCauses('spec.template.spec', template),
    ...interfaceCauses('spec.template.spec', template),
    ...templateCauses(spec),
    ...runStrategyCauses(spec),
  ];
}

function diskCauses(field: string, { domain, volumes = [] }: VmiSpec): StatusCause[] {
  const causes: StatusCause[] = [];
  const disks = domain.devices?.disks ?? [];
  const path = `${field}.domain.devices.disks`;
  const named = new Set(volumes.map(({ name }) => name));
  const orders = new Set<number>();
  for (const [index, disk] of disks.entries()) {
    if (!named.has(disk.name)) {
      const message = disk.cdrom
        ? 'DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk'
        : `${path}[${index}].Name '${disk.name}' not found.`;
      causes.push(invalidField(`${path}[${index}].name`, message));
    }
    if (disk.bootOrder !== undefined && orders.has(disk.bootOrder)) {
      const taken = `Boot order for ${path}[${index}].bootOrder already set for a different device.`;
      causes.push(invalidField(`${path}[${index}].bootOrder`, taken));
    }
    if (disk.bootOrder !== undefined) orders.add(disk.bootOrder);
    causes.push(...twice(path, disks, index));
    if ([disk.disk, disk.lun, disk.cdrom].filter(Boolean).length > 1) {
      causes.push(
        invalidField(`${path}[${index}]`, `${path}[${index}] can only have a single target type defined`),
      );
    }
  }
  return causes;
}

function volumeCauses(field: string, { volumes = [] }: VmiSpec): StatusCause[] {
  const path = `${field}.volumes`;
  return volumes.flatMap((volume, index) => {
    const { name: _, ...sources } = volume;
    const causes = twice(path, volumes, index);
    if (volume.dataVolume && !volume.dataVolume.name) {
      causes.push(required(`${path}[${index}].name`, "DataVolume 'name' must be set"));
    }
    if (Object.values(sources).filter((source) => source !== undefined && source !== null).length !== 1) {
      causes.push(
        invalidField(`${path}[${index}]`, `${path}[${index}] must have exactly one source type set`),
      );
    }
    return causes;
  });
}

function interfaceCauses(field: string, { domain, networks = [] }: VmiSpec): StatusCause[] {
  const path = `${field}.domain.devices.interfaces`;
  const known = new Set(networks.map(({ name }) => name));
  return (domain.devices?.interfaces ?? []).flatMap(({ name, macAddress }, index) => {
    const causes: StatusCause[] = [];
    if (!known.has(name)) {
      causes.push(invalidField(`${path}[${index}].name`, `${path}[${index}].name '${name}' not found.`));
    }
    const wrong = macAddress && wrongMac(macAddress);
    if (wrong)
      causes.push(
        invalidField(`${path}[${index}].macAddress`, `interface ${path}[${index}].name has ${wrong}.`),
      );
    return causes;
  });
}

/** As net.ParseMAC reads one: pairs by colon or dash, or fours by dot. */
function wrongMac(mac: string): string | undefined {
  const pairs = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2})*$/i.test(mac);
  const fours = /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(mac);
  const bytes = mac.replaceAll(/[^0-9a-f]/gi, '').length / 2;
  if (!(pairs || fours) || ![6, 8, 20].includes(bytes)) return `malformed MAC address (${mac})`;
  return bytes > 6 ? `too long MAC address (${mac})` : undefined;
}

function templateCauses({ dataVolumeTemplates = [], template }: VirtualMachine['spec']): StatusCause[] {
  const volumes = template.spec.volumes ?? [];
  return dataVolumeTemplates.flatMap((entry, index) => {
    const field = `spec.dataVolumeTemplate[${index}]`;
    const name = entry.metadata?.name;
    const spec = entry.spec as
      | { pvc?: unknown; storage?: unknown; source?: unknown; sourceRef?: unknown }
      | undefined;
    if (!name) {
      const message = `'name' field must not be empty for DataVolumeTemplate entry ${field}.name.`;
      return [required(`${field}.name`, message)];
    }
    if (!spec?.pvc && !spec?.storage) {
      return [required(`${field}`, 'Missing Data volume PVC or Storage')];
    }
    if (spec.pvc && spec.storage) {
      return [
        invalidField(field, 'Duplicate storage definition, both target storage and target pvc defined'),
      ];
    }
    const referenced = volumes.some(
      ({ dataVolume, persistentVolumeClaim }) =>
        dataVolume?.name === name || persistentVolumeClaim?.claimName === name,
    );
    if (referenced) return [];
    const message = `DataVolumeTemplate entry ${field} must be referenced in the VMI template's 'volumes' list`;
    return [required(field, message)];
  });
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

/** The entry at `index` has the name of an earlier one. */
function twice(path: string, entries: { name: string }[], index: number): StatusCause[] {
  const first = entries.findIndex(({ name }) => name === entries[index]?.name);
  if (first === index) return [];
  const message = `${path}[${index}] and ${path}[${first}] must not have the same Name.`;
  return [invalidField(`${path}[${index}].name`, message)];
}

function invalidField(field: string, message: string): StatusCause {
  return { reason: 'FieldValueInvalid', message, field };
}

function required(field: string, message: string): StatusCause {
  return { reason: 'FieldValueRequired', message, field };
}
