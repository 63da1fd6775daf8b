import type { Blocker } from '../contract';
import { isFinal, isOn, savedPower, strategyOf } from './power';
import type { Migration, VirtualMachine, VirtualMachineInstance } from './resources';

interface Seen {
  vm: VirtualMachine;
  vmi?: VirtualMachineInstance;
  /** Of the VM's namespace. */
  migrations: readonly Migration[];
}

/** A state that forbids a clone, and the sentence that follows the VM's name. */
type Obstacle = [type: string, isIn: (seen: Seen) => boolean, why: (seen: Seen) => string];

/** What must not be cut off by a shutdown, and what would not come back from one (kubevirt-rules, Power). */
const OBSTACLES: readonly Obstacle[] = [
  ['SourceDeleting', ({ vm }) => vm.metadata.deletionTimestamp !== undefined, () => 'is being deleted.'],
  [
    'SourceIsReceiver',
    ({ vm }) => strategyOf(vm) === 'WaitAsReceiver',
    () => 'waits to receive a migration: clone it when that has ended.',
  ],
  [
    'SourcePaused',
    ({ vm, vmi }) => isPaused(vm, vmi),
    () => 'is paused: unpause it first, so that it can shut down.',
  ],
  [
    'SourceStartsPaused',
    ({ vm, vmi }) => startsPaused(vm) && (savedPower(vm) !== undefined || isOn(vm, vmi)),
    () =>
      'starts paused each time (startStrategy): it would come back paused. Shut it down, or change that first.',
  ],
  [
    'SourceMigrating',
    ({ vm, vmi, migrations }) =>
      vm.status?.printableStatus === 'Migrating' || isMigrating(vmi) || isToMigrate(vmi, migrations),
    () => 'is migrating to another node, or is about to: wait until it has arrived.',
  ],
  [
    'SourceVolumesMoving',
    ({ vmi }) => hasCondition(vmi, 'VolumesChange'),
    () => 'has disks that are being moved to other storage: wait until that is done.',
  ],
  [
    'SourceNeedsRecovery',
    ({ vm }) => hasCondition(vm, 'ManualRecoveryRequired'),
    () =>
      'was stopped while its disks were moved to other storage, and does not start until somebody puts its volumes right: see its condition ManualRecoveryRequired.',
  ],
  [
    'SnapshotInProgress',
    ({ vm }) => Boolean(vm.status?.snapshotInProgress),
    ({ vm }) => `is in a snapshot right now (${vm.status?.snapshotInProgress}): wait until it is done.`,
  ],
  [
    'RestoreInProgress',
    ({ vm }) => Boolean(vm.status?.restoreInProgress),
    ({ vm }) => `is being restored (${vm.status?.restoreInProgress}): wait until it is done.`,
  ],
  [
    'BackupInProgress',
    ({ vmi }) => isBackedUp(vmi),
    ({ vmi }) =>
      `is being backed up (${vmi?.status?.changedBlockTracking?.backupStatus?.backupName}): wait until it is done.`,
  ],
  [
    'MemoryDumpInProgress',
    ({ vm }) =>
      ['Associating', 'InProgress', 'Unmounting'].includes(vm.status?.memoryDumpRequest?.phase ?? ''),
    () => 'has its memory dumped: wait until it is done.',
  ],
];

/** Why the VM can't be cloned in the state that it is in, or undefined. */
export function stateBlocker(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  migrations: readonly Migration[] = [],
): Blocker | undefined {
  const seen = { vm, vmi, migrations };
  const obstacle = OBSTACLES.find(([, isIn]) => isIn(seen));
  return obstacle && { type: obstacle[0], message: sentenceOf(obstacle, seen) };
}

function sentenceOf([, , why]: Obstacle, seen: Seen): string {
  return `${seen.vm.metadata.name} ${why(seen)}`;
}

/** What the VM alone tells of one of these states; undefined when it is not in it. */
export function blockerOf(vm: VirtualMachine, type: string): string | undefined {
  const seen = { vm, migrations: [] };
  const obstacle = OBSTACLES.find(([name, isIn]) => name === type && isIn(seen));
  return obstacle && sentenceOf(obstacle, seen);
}

/** Whether each start waits to be unpaused (KubeVirt api/core/v1, StartStrategy). */
export function startsPaused({ spec }: VirtualMachine): boolean {
  return spec.template.spec.startStrategy === 'Paused';
}

/** The instance says so at once, the VM a moment later. */
export function isPaused(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  return vm.status?.printableStatus === 'Paused' || hasCondition(vmi, 'Paused');
}

function hasCondition(object: VirtualMachine | VirtualMachineInstance | undefined, type: string): boolean {
  return object?.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
}

/** One that was asked for and has no target yet is not in the instance's status. */
function isToMigrate(vmi: VirtualMachineInstance | undefined, migrations: readonly Migration[]): boolean {
  if (!vmi || isFinal(vmi)) return false;
  return migrations.some(
    ({ spec, status }) =>
      spec?.vmiName === vmi.metadata.name && !['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  );
}

function isMigrating(vmi: VirtualMachineInstance | undefined): boolean {
  const migration = vmi?.status?.migrationState;
  return migration !== undefined && !migration.completed && !migration.failed && !isFinal(vmi);
}

function isBackedUp(vmi: VirtualMachineInstance | undefined): boolean {
  const backup = vmi?.status?.changedBlockTracking?.backupStatus;
  return backup !== undefined && !backup.completed && !backup.failed && !isFinal(vmi);
}
