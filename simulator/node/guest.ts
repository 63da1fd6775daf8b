import { randomBytes } from 'node:crypto';
import type {
  Condition,
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../src/clone/resources';
import type { WatchCache } from '../../src/kubernetes';
import { PERSISTENT_STATE } from '../controllers/kubevirt/names';
import { claimNameOf, now, phaseTransitions, withCondition } from '../controllers/kubevirt/objects';

type Status = NonNullable<VirtualMachineInstance['status']>;

/** What a guest agent reports, by the value of the annotation or label `vm.kubevirt.io/os`. */
const GUEST_OS: Record<string, Status['guestOSInfo'] & { id: string; kernelRelease: string }> = {
  fedora: system('fedora', 'Fedora Linux', '42', 'Fedora Linux 42 (Cloud Edition)', '6.14.0-63.fc42.x86_64'),
  rhel9: system(
    'rhel',
    'Red Hat Enterprise Linux',
    '9.6',
    'Red Hat Enterprise Linux 9.6 (Plow)',
    '5.14.0-570.el9',
  ),
  ubuntu: system('ubuntu', 'Ubuntu', '24.04', 'Ubuntu 24.04.2 LTS', '6.8.0-60-generic'),
  debian: system('debian', 'Debian GNU/Linux', '12', 'Debian GNU/Linux 12 (bookworm)', '6.1.0-37-amd64'),
  windows2k22: system('mswindows', 'Microsoft Windows', '2022', 'Windows Server 2022 Standard', '20348'),
};

function system(id: string, name: string, version: string, prettyName: string, kernelRelease: string) {
  return { id, name, version, prettyName, kernelRelease };
}

/** The VMI as virt-handler reports it when its guest has come up in `pod`. */
export function running(
  vmi: VirtualMachineInstance,
  pod: Pod,
  vm: VirtualMachine | undefined,
  claims: WatchCache<PersistentVolumeClaim>,
): VirtualMachineInstance {
  const os = GUEST_OS[osOf(vmi, vm)];
  let conditions = vmi.status?.conditions ?? [];
  conditions = withCondition(conditions, liveMigratable(vmi, claims));
  conditions = withCondition(conditions, { type: 'StorageLiveMigratable', status: 'True' });
  if (os) conditions = withCondition(conditions, { type: 'AgentConnected', status: 'True' });
  if (vmi.spec?.startStrategy === 'Paused') conditions = withCondition(conditions, PAUSED);
  return withPhase(vmi, 'Running', {
    conditions,
    interfaces: interfacesOf(vmi, pod),
    volumeStatus: volumesOf(vmi),
    ...(os && { guestOSInfo: os }),
  });
}

/** The VMI as virt-handler reports it when its guest has ended. */
export function ended(vmi: VirtualMachineInstance, phase: 'Succeeded' | 'Failed'): VirtualMachineInstance {
  const state = vmi.status?.migrationState;
  const broken = state &&
    !state.completed && { ...state, failed: true, completed: true, endTimestamp: now() };
  return withPhase(vmi, phase, broken ? { migrationState: broken } : {});
}

/** Only what is on shared claims, and on none, can move (virt-handler vm.go checkVolumesForMigration). */
function liveMigratable(
  { metadata, spec }: VirtualMachineInstance,
  claims: WatchCache<PersistentVolumeClaim>,
): Condition {
  const used = (spec?.volumes ?? []).flatMap((volume) => claimNameOf(volume) ?? []);
  const local = used.find((name) => {
    const claim = claims.get(metadata.namespace, name);
    return !claim?.spec.accessModes?.includes('ReadWriteMany');
  });
  if (!local) return { type: 'LiveMigratable', status: 'True' };
  const message = `cannot migrate VMI: PVC ${local} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)`;
  return { type: 'LiveMigratable', status: 'False', reason: 'DisksNotLiveMigratable', message };
}

export const PAUSED: Condition = {
  type: 'Paused',
  status: 'True',
  reason: 'PausedByUser',
  message: 'VMI was paused by user',
};

function withPhase(
  vmi: VirtualMachineInstance,
  phase: string,
  more: Partial<Status>,
): VirtualMachineInstance {
  const status = { ...vmi.status, ...more };
  return { ...vmi, status: { ...status, phase, phaseTransitionTimestamps: phaseTransitions(vmi, phase) } };
}

function osOf({ metadata }: VirtualMachineInstance, vm: VirtualMachine | undefined): string {
  const key = 'vm.kubevirt.io/os';
  const places = [metadata.annotations, metadata.labels, vm?.metadata.annotations, vm?.metadata.labels];
  return places.map((place) => place?.[key]).find((os) => os !== undefined) ?? '';
}

/** A MAC that the spec leaves open is a new one at each start. The first interface has the pod's address. */
function interfacesOf({ spec }: VirtualMachineInstance, pod: Pod): Status['interfaces'] {
  const podIP = pod.status?.podIP as string | undefined;
  return (spec?.domain?.devices?.interfaces ?? []).map(({ name, macAddress }, index) => ({
    name,
    mac: macAddress ?? randomMac(),
    infoSource: 'domain, guest-agent',
    queueCount: 1,
    ...(index === 0 && podIP && { ipAddress: podIP, ipAddresses: [podIP] }),
  }));
}

/** Where the guest finds its volumes. */
function volumesOf({ spec, status }: VirtualMachineInstance): Status['volumeStatus'] {
  const kept = (status?.volumeStatus ?? []).filter(({ name }) => name === PERSISTENT_STATE.volume);
  const shown = (spec?.volumes ?? []).map(({ name }, index) => ({
    name,
    target: `vd${String.fromCharCode(97 + index)}`,
  }));
  return [...kept, ...shown];
}

function randomMac(): string {
  return ['02', ...[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
