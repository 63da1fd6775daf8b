import type { VirtualMachine } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';

type Json = Record<string, unknown>;

/** The fields of a VM's spec, level by level, as the CRD of KubeVirt v1.9.0 has them; deeper ones are free. */
const FIELDS = {
  object: ['apiVersion', 'kind', 'metadata', 'spec', 'status'],
  spec: [
    ...['dataVolumeTemplates', 'instancetype', 'preference', 'runStrategy', 'running', 'template'],
    'updateVolumesStrategy',
  ],
  template: ['metadata', 'spec'],
  vmiSpec: [
    ...[
      'accessCredentials',
      'affinity',
      'architecture',
      'dnsConfig',
      'dnsPolicy',
      'domain',
      'evictionStrategy',
    ],
    ...['hostname', 'livenessProbe', 'networks', 'nodeSelector', 'priorityClassName', 'readinessProbe'],
    ...['resourceClaims', 'schedulerName', 'serviceAccountName', 'startStrategy', 'subdomain'],
    ...[
      'terminationGracePeriodSeconds',
      'tolerations',
      'topologySpreadConstraints',
      'utilityVolumes',
      'volumes',
    ],
  ],
  domain: [
    ...['chassis', 'clock', 'cpu', 'devices', 'features', 'firmware', 'ioThreads', 'ioThreadsPolicy'],
    ...['launchSecurity', 'machine', 'memory', 'rebootPolicy', 'resources'],
  ],
  devices: [
    ...[
      'autoattachGraphicsDevice',
      'autoattachInputDevice',
      'autoattachMemBalloon',
      'autoattachPodInterface',
    ],
    ...[
      'autoattachSerialConsole',
      'autoattachVSOCK',
      'blockMultiQueue',
      'clientPassthrough',
      'disableHotplug',
    ],
    ...['disks', 'downwardMetrics', 'filesystems', 'gpus', 'hostDevices', 'inputs', 'interfaces'],
    ...['logSerialConsole', 'networkInterfaceMultiqueue', 'panicDevices', 'rng', 'sound', 'tpm'],
    ...['useVirtioTransitional', 'video', 'watchdog'],
  ],
  disk: [
    ...['blockSize', 'bootOrder', 'cache', 'cdrom', 'changedBlockTracking', 'dedicatedIOThread', 'disk'],
    ...['errorPolicy', 'io', 'lun', 'name', 'serial', 'shareable', 'tag'],
  ],
  interface: [
    ...['acpiIndex', 'binding', 'bootOrder', 'bridge', 'dhcpOptions', 'macAddress', 'macvtap', 'masquerade'],
    ...[
      'model',
      'name',
      'passt',
      'passtBinding',
      'pciAddress',
      'portRanges',
      'ports',
      'slirp',
      'sriov',
      'state',
    ],
    'tag',
  ],
  volume: [
    ...[
      'cloudInitConfigDrive',
      'cloudInitNoCloud',
      'configMap',
      'containerDisk',
      'containerPath',
      'dataVolume',
    ],
    ...['downwardAPI', 'downwardMetrics', 'emptyDisk', 'ephemeral', 'hostDisk', 'memoryDump', 'name'],
    ...['persistentVolumeClaim', 'secret', 'serviceAccount', 'sysprep'],
  ],
} as const satisfies Record<string, readonly string[]>;

/** Fields that no VM has, and the lack of those that every VM has. Real webhooks check all of it by OpenAPI schema. */
export function schemaCauses(vm: VirtualMachine): StatusCause[] {
  const { spec } = vm;
  const template = spec?.template;
  const vmiSpec = template?.spec;
  const devices = vmiSpec?.domain?.devices;
  const vmi = 'spec.template.spec';
  const missing = !template ? 'spec.template' : !vmiSpec?.domain ? `${vmi}.domain` : `${vmi}.domain.devices`;
  return [
    ...(devices ? [] : [requiredIn(missing)]),
    ...unknownIn('', vm, FIELDS.object),
    ...unknownIn('spec', spec, FIELDS.spec),
    ...unknownIn('spec.template', template, FIELDS.template),
    ...unknownIn(vmi, vmiSpec, FIELDS.vmiSpec),
    ...unknownIn(`${vmi}.domain`, vmiSpec?.domain, FIELDS.domain),
    ...unknownIn(`${vmi}.domain.devices`, devices, FIELDS.devices),
    ...each(`${vmi}.domain.devices.disks`, devices?.disks, FIELDS.disk),
    ...each(`${vmi}.domain.devices.interfaces`, devices?.interfaces, FIELDS.interface),
    ...each(`${vmi}.volumes`, vmiSpec?.volumes, FIELDS.volume),
  ];
}

function requiredIn(field: string): StatusCause {
  return { reason: 'FieldValueRequired', message: `${field} in body is required`, field };
}

function each(path: string, entries: unknown, known: readonly string[]): StatusCause[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => unknownIn(path, entry, known));
}

function unknownIn(path: string, value: unknown, known: readonly string[]): StatusCause[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value as Json)
    .filter((field) => !known.includes(field))
    .map((field) => {
      const name = path ? `${path}.${field}` : `.${field}`;
      return { reason: 'FieldValueInvalid', message: `${name} in body is a forbidden property`, field: name };
    });
}
