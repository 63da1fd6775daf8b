import type { Disk, VmiSpec } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';
import { invalidField, labelFaults, required, twice } from './causes';

const MAX_SERIAL = 256;
const SERIAL = /^[A-Za-z0-9_.+-]+$/;
const BUSES = ['virtio', 'scsi', 'sata', 'usb'];
const CACHES = ['none', 'writethrough', 'writeback'];
const IO_MODES = ['native', 'threads'];
const ERROR_POLICIES = ['stop', 'ignore', 'report', 'enospace'];

type Kind = 'disk' | 'lun' | 'cdrom';
type DiskTarget = { bus?: string; readonly?: boolean; pciAddress?: string };

/** Disks against volumes, and boot orders, which disks and interfaces share (vmi-create-admitter.go validateBootOrder). */
export function bootOrderCauses(field: string, { domain, volumes = [] }: VmiSpec): StatusCause[] {
  const devices = `${field}.domain.devices`;
  const byName = new Map(volumes.map((volume) => [volume.name, volume]));
  const orders = new Set<number>();
  const causes: StatusCause[] = [];
  const order = (path: string, value: number | undefined) => {
    if (value === undefined) return;
    if (orders.has(value)) {
      const taken = `Boot order for ${path}.bootOrder already set for a different device.`;
      causes.push(invalidField(`${path}.bootOrder`, taken));
    }
    orders.add(value);
  };
  for (const [index, disk] of (domain.devices?.disks ?? []).entries()) {
    const path = `${devices}.disks[${index}]`;
    const volume = byName.get(disk.name);
    if (!volume) {
      const message = disk.cdrom
        ? 'DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk'
        : `${path}.Name '${disk.name}' not found.`;
      causes.push(invalidField(`${path}.name`, message));
    }
    if (disk.lun && volume && !volume.persistentVolumeClaim && !volume.dataVolume) {
      const message = `${path}.lun can only be mapped to a DataVolume or PersistentVolumeClaim volume.`;
      causes.push(invalidField(`${path}.lun`, message));
    }
    if (volume?.downwardMetrics) causes.push(...metricsCauses(path, disk));
    order(path, disk.bootOrder);
  }
  for (const [index, nic] of (domain.devices?.interfaces ?? []).entries()) {
    const value = nic.bootOrder as number | undefined;
    if (value !== undefined && value < 1) {
      const path = `${field}[${index}]`;
      causes.push(invalidField(`${path}.bootOrder`, `${path} must have a boot order > 0, if supplied`));
    } else order(`${devices}.interfaces[${index}]`, value);
  }
  return causes;
}

function metricsCauses(path: string, { disk }: Disk): StatusCause[] {
  if (!disk) {
    const message = `DownwardMetrics volume must be mapped to a disk, but disk is not set on ${path}.disk.`;
    return [required(`${path}.disk`, message)];
  }
  if (!disk.bus || disk.bus === 'virtio') return [];
  const message = `DownwardMetrics volume must be mapped to virtio bus, but ${path}.disk.bus is set to ${disk.bus}`;
  return [invalidField(`${path}.disk.bus`, message)];
}

/** Each disk by itself (pkg/storage/admitters/disks.go). `field` is the list's. */
export function diskCauses(field: string, disks: Disk[]): StatusCause[] {
  return disks.flatMap((disk, index) => [
    ...twice(field, disks, index),
    ...ownCauses(`${field}[${index}]`, disk),
    ...labelFaults(disk.name).map((fault) =>
      // The path of the list twice over is KubeVirt's.
      invalidField(`${field}.domain.devices.disks[${index}].name`, fault),
    ),
  ]);
}

function ownCauses(path: string, disk: Disk): StatusCause[] {
  const kinds = (['disk', 'lun', 'cdrom'] as const).filter((kind) => disk[kind]);
  const { serial, cache, io, errorPolicy } = disk as Record<string, string | undefined>;
  const checks: [wrong: boolean | undefined, field: string, message: string][] = [
    [kinds.length > 1, '', `${path} can only have a single target type defined`],
    [
      disk.bootOrder !== undefined && disk.bootOrder < 1,
      'bootOrder',
      `${path} must have a boot order > 0, if supplied`,
    ],
    ...busChecks(path, disk, kinds[0]),
    [
      Boolean(serial) && !SERIAL.test(serial as string),
      'serial',
      `${path} must be made up of the following characters [A-Za-z0-9_.+-], if specified`,
    ],
    [
      [...(serial ?? '')].length > MAX_SERIAL,
      'serial',
      `${path} must be less than or equal to ${MAX_SERIAL} in length, if specified`,
    ],
    [
      Boolean(cache) && !CACHES.includes(cache as string),
      'cache',
      `${path}.cache has invalid value ${cache}`,
    ],
    [
      Boolean(io) && !IO_MODES.includes(io as string),
      'io',
      `Disk IO mode for ${path.replace(/\[\d+\]$/, '')} is not supported. Supported modes are: native, threads.`,
    ],
    [
      errorPolicy !== undefined && !ERROR_POLICIES.includes(errorPolicy),
      'errorPolicy',
      `${path}.errorPolicy has invalid value "${errorPolicy}"`,
    ],
  ];
  return checks
    .filter(([wrong]) => wrong)
    .map(([, field, message]) => invalidField(field ? `${path}.${field}` : path, message));
}

function busChecks(
  path: string,
  disk: Disk,
  kind: Kind | undefined,
): [wrong: boolean, field: string, message: string][] {
  const target = kind && (disk[kind] as DiskTarget);
  const bus = target?.bus;
  if (!bus) return [];
  const field = `${kind}.bus`;
  return [
    [bus === 'ide', field, 'IDE bus is not supported'],
    [bus === 'virtio' && kind === 'cdrom', field, `Bus type ${bus} is invalid for CD-ROM device`],
    [
      bus === 'sata' && kind === 'disk' && target.readonly === true,
      field,
      `${bus} hard-disks do not support read-only.`,
    ],
    [
      bus !== 'ide' && !BUSES.includes(bus),
      field,
      `${path} is set with an unrecognized bus ${bus}, must be one of: [${BUSES.join(' ')}]`,
    ],
    [
      disk.dedicatedIOThread === true && bus !== 'virtio',
      'dedicatedIOThread',
      `IOThreads are not supported for disks on a ${bus} bus`,
    ],
  ];
}
