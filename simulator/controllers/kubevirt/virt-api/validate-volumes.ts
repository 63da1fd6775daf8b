import type { VmiSpec, Volume } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';
import { invalidField, required, twice } from './causes';

/** Of user data, and of network data, in bytes: more has to be in a Secret. */
const CLOUD_INIT_LIMIT = 2048;

const HOST_DISK_TYPES = ['Disk', 'DiskOrCreate'];

/** Volumes by themselves (vmi-create-admitter.go validateVolumes), as where every feature gate of theirs is on. */
export function volumeCauses(field: string, volumes: Volume[]): StatusCause[] {
  const count = (source: string) => volumes.filter((volume) => isSet(volume[source])).length;
  const atMostOne = [
    ['serviceAccount', 'serviceAccount'],
    ['downwardMetrics', 'downwardMetric'],
    ['memoryDump', 'memory dump'],
  ] as const;
  return [
    ...volumes.flatMap((volume, index) => [
      ...twice(field, volumes, index),
      ...ownCauses(`${field}[${index}]`, volume),
    ]),
    ...atMostOne
      .filter(([source]) => count(source) > 1)
      .map(([, name]) => invalidField(field, `${field} must have max one ${name} volume set`)),
  ];
}

function ownCauses(path: string, volume: Volume): StatusCause[] {
  const { name: _, ...sources } = volume;
  const causes: StatusCause[] = [];
  if (volume.dataVolume && !volume.dataVolume.name) {
    causes.push(required(`${path}.name`, "DataVolume 'name' must be set"));
  }
  if (Object.values(sources).filter(isSet).length !== 1) {
    causes.push(invalidField(path, `${path} must have exactly one source type set`));
  }
  // With both, the second is not looked at.
  const cloudInit = (['cloudInitNoCloud', 'cloudInitConfigDrive'] as const).find((kind) =>
    isSet(volume[kind]),
  );
  if (cloudInit)
    causes.push(...cloudInitCauses(`${path}.${cloudInit}`, cloudInit, volume[cloudInit] as CloudInit));
  if (isSet(volume.hostDisk)) causes.push(...hostDiskCauses(path, volume.hostDisk as HostDisk));
  for (const [source, key] of Object.entries(NAMED)) {
    const named = volume[source] as Record<string, string> | undefined;
    if (isSet(named) && !named?.[key]) {
      const at = `${path}.${source}.${key}`;
      causes.push(invalidField(at, `${at} is a required field`));
    }
  }
  return causes;
}

/** Sources with the field that names what they are made of. */
const NAMED = { configMap: 'name', secret: 'secretName', serviceAccount: 'serviceAccountName' };

interface CloudInit {
  userData?: string;
  userDataBase64?: string;
  secretRef?: { name?: string };
  networkData?: string;
  networkDataBase64?: string;
  networkDataSecretRef?: { name?: string };
}

/** Each of user data and network data comes from at most one place, and one of them from somewhere. */
function cloudInitCauses(path: string, kind: string, source: CloudInit): StatusCause[] {
  const causes: StatusCause[] = [];
  const wrong = (message: string, at = path) => causes.push(invalidField(at, message));
  const read = (what: 'userData' | 'networkData', secret: { name?: string } | undefined) => {
    const plain = source[what];
    const encoded = source[`${what}Base64`];
    if (encoded && !isBase64(encoded)) {
      const at = `${path}.${what}Base64`;
      wrong(`${at}.${kind}.${what}Base64 is not a valid base64 value.`, at);
    }
    const bytes = plain ? Buffer.byteLength(plain) : Buffer.from(encoded ?? '', 'base64').length;
    return { sources: [secret?.name, encoded, plain].filter(Boolean).length, bytes };
  };
  const user = read('userData', source.secretRef);
  if (user.sources > 1) wrong(`${path} must have only one userdatasource set.`);
  if (user.bytes > CLOUD_INIT_LIMIT) wrong(tooLong(path, 'userdata', 'UserDataSecretRef'));
  const network = read('networkData', source.networkDataSecretRef);
  if (network.sources > 1) wrong(`${path} must have only one networkdata source set.`);
  if (network.bytes > CLOUD_INIT_LIMIT) wrong(tooLong(path, 'networkdata', 'NetworkDataSecretRef'));
  if (user.sources === 0 && network.sources === 0) {
    wrong(`${path} must have at least one userdatasource or one networkdatasource set.`);
  }
  return causes;
}

function tooLong(path: string, what: string, instead: string): string {
  return `${path} ${what} exceeds ${CLOUD_INIT_LIMIT} byte limit. Should use ${instead} for larger data.`;
}

function isBase64(text: string): boolean {
  const plain = text.replaceAll(/[\r\n]/g, '');
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

interface HostDisk {
  path?: string;
  type?: string;
  capacity?: string;
}

function hostDiskCauses(path: string, { path: file, type, capacity }: HostDisk): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = `${path}.hostDisk`;
  if (!file) {
    const message = `${at}.path is required for hostDisk volume`;
    causes.push({ reason: 'FieldValueNotFound', message, field: `${at}.path` });
  }
  if (!HOST_DISK_TYPES.includes(type ?? '')) {
    const message = `${at}.type has invalid value '${type ?? ''}', allowed are 'Disk' or 'DiskOrCreate'`;
    causes.push(invalidField(`${at}.type`, message));
  }
  if (type === 'Disk' && capacity && capacity !== '0') {
    const message = `${at}.capacity is allowed to pass only with ${at}.type equal to 'DiskOrCreate'`;
    causes.push(invalidField(`${at}.capacity`, message));
  }
  return causes;
}

interface Credential {
  source?: { secret?: object };
  propagationMethod?: { noCloud?: object; configDrive?: object; qemuGuestAgent?: { users?: string[] } };
}

/** What is written into a guest to let people in (vmi-create-admitter.go validateAccessCredentials). */
export function credentialCauses(
  field: string,
  { accessCredentials = [], volumes = [] }: VmiSpec,
): StatusCause[] {
  const entries = accessCredentials as { sshPublicKey?: Credential; userPassword?: Credential }[];
  return entries.flatMap(({ sshPublicKey, userPassword }, index) => {
    const path = `${field}[${index}]`;
    const causes = [
      ...(sshPublicKey ? sshCauses(path, sshPublicKey, volumes) : []),
      ...(sshPublicKey ? onceEach(path, 'sshPublicKey', sshPublicKey) : []),
      ...(userPassword ? onceEach(path, 'userPassword', userPassword) : []),
    ];
    if ((sshPublicKey === undefined) === (userPassword === undefined)) {
      causes.push(invalidField(path, `${path} must have exactly one access credential type set`));
    }
    return causes;
  });
}

function sshCauses(path: string, { propagationMethod = {} }: Credential, volumes: Volume[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const { noCloud, configDrive, qemuGuestAgent } = propagationMethod;
  const at = `${path}.sshPublicKey.propagationMethod`;
  const needs = (method: string) =>
    `${path} requires a ${method} volume to exist when the ${method} propagationMethod is in use.`;
  if (noCloud && !volumes.some(({ cloudInitNoCloud }) => cloudInitNoCloud)) {
    causes.push(invalidField(at, needs('noCloud')));
  }
  if (configDrive && !volumes.some(({ cloudInitConfigDrive }) => cloudInitConfigDrive)) {
    causes.push(invalidField(at, needs('configDrive')));
  }
  if (qemuGuestAgent && !qemuGuestAgent.users?.length) {
    const message = `${path} requires at least one user to be present in the users list`;
    causes.push(invalidField(`${at}.qemuGuestAgent.users`, message));
  }
  return causes;
}

/** One source and one method; for a password the guest agent is the only method. */
function onceEach(
  path: string,
  kind: 'sshPublicKey' | 'userPassword',
  credential: Credential,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const { noCloud, configDrive, qemuGuestAgent } = credential.propagationMethod ?? {};
  const methods = kind === 'sshPublicKey' ? [noCloud, configDrive, qemuGuestAgent] : [qemuGuestAgent];
  if (!credential.source?.secret) {
    causes.push(invalidField(`${path}.${kind}.source`, `${path} must have exactly one source set`));
  }
  if (methods.filter(Boolean).length !== 1) {
    const message = `${path} must have exactly one propagationMethod set`;
    causes.push(invalidField(`${path}.${kind}.propagationMethod`, message));
  }
  return causes;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
