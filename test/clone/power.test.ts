import { isGoingDown, isOn, savedPower, strategyOf, whyNotOff } from '../../src/clone/power';
import type { Pod, VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';
import { stateBlocker } from '../../src/clone/source-state';
import { MARKS } from '../../src/contract';

const START = { stateChangeRequests: [{ action: 'Start' }] };
const STOP = { stateChangeRequests: [{ action: 'Stop', uid: 'vmi-1' }] };

function vmWith(spec: object, status: object = {}, metadata: object = {}): VirtualMachine {
  return {
    metadata: { name: 'web', namespace: 'demo', uid: 'vm-1', ...metadata },
    spec: { template: { spec: { domain: {} } }, ...spec },
    status: { printableStatus: 'Running', ...status },
  };
}

function vmiWith(phase: string, metadata: object = {}, status: object = {}): VirtualMachineInstance {
  return {
    metadata: { name: 'web', namespace: 'demo', uid: 'vmi-1', ...metadata },
    status: { phase, ...status },
  };
}

const running = vmiWith('Running');
const stopping = vmiWith('Running', { deletionTimestamp: '2026-01-01T00:00:00Z' });
const ended = vmiWith('Succeeded');
const crashed = vmiWith('Failed');

describe('whether a VM is on, and whether it will stay off by itself', () => {
  // spec, status, VMI, on, going down
  test.each<[string, object, object, VirtualMachineInstance | undefined, boolean, boolean]>([
    ['Always, running', { runStrategy: 'Always' }, {}, running, true, false],
    ['Always without a VMI yet', { runStrategy: 'Always' }, {}, undefined, true, false],
    ['Always, its guest ended', { runStrategy: 'Always' }, {}, ended, true, false],
    ['Always, restarting', { runStrategy: 'Always' }, {}, stopping, true, false],
    ['running: true', { running: true }, {}, undefined, true, false],
    ['running: false', { running: false }, {}, undefined, false, false],
    ['running: false, still stopping', { running: false }, {}, stopping, true, true],
    ['Halted', { runStrategy: 'Halted' }, {}, undefined, false, false],
    ['Halted, VMI not told yet', { runStrategy: 'Halted' }, {}, running, true, true],
    ['Halted with a Start request', { runStrategy: 'Halted' }, START, undefined, true, false],
    ['Manual, running', { runStrategy: 'Manual' }, {}, running, true, false],
    ['Manual, off', { runStrategy: 'Manual' }, {}, undefined, false, false],
    ['Manual, start asked for', { runStrategy: 'Manual' }, START, undefined, true, false],
    ['Manual, stopping', { runStrategy: 'Manual' }, STOP, stopping, true, true],
    ['Manual, restarting', { runStrategy: 'Manual' }, START, stopping, true, false],
    ['Manual, its guest ended', { runStrategy: 'Manual' }, {}, ended, false, false],
    ['Once, running', { runStrategy: 'Once' }, {}, running, true, false],
    ['Once, never booted', { runStrategy: 'Once' }, {}, undefined, true, false],
    ['Once, its guest ended', { runStrategy: 'Once' }, {}, ended, false, false],
    ['RerunOnFailure, running', { runStrategy: 'RerunOnFailure' }, {}, running, true, false],
    ['RerunOnFailure, crashed', { runStrategy: 'RerunOnFailure' }, {}, crashed, true, false],
    ['RerunOnFailure, its guest ended', { runStrategy: 'RerunOnFailure' }, {}, ended, false, false],
    ['RerunOnFailure, stopping', { runStrategy: 'RerunOnFailure' }, STOP, stopping, true, true],
    [
      'RerunOnFailure, stopped',
      { runStrategy: 'RerunOnFailure' },
      { runStrategy: 'RerunOnFailure' },
      undefined,
      false,
      false,
    ],
    ['RerunOnFailure, not acted on yet', { runStrategy: 'RerunOnFailure' }, {}, undefined, true, false],
  ])('%s', (_, spec, status, vmi, on, goingDown) => {
    const vm = vmWith(spec, status);
    expect({ on: isOn(vm, vmi), goingDown: isGoingDown(vm, vmi) }).toEqual({ on, goingDown });
  });
});

describe('the power state that clones have saved', () => {
  const DEBTOR = {
    cloneUid: 'a',
    installation: 'i',
    workflowId: 'clone/demo/a',
    since: '2026-01-01T00:00:00Z',
  };
  const saved = (setting: object, uid = 'vm-1', debtor?: object, owed?: 'start') =>
    JSON.stringify({ setting, uid, debtor, owed });
  const marked = (spec: object, power: string, lock?: string) =>
    vmWith(spec, {}, { annotations: { [MARKS.power]: power, ...(lock && { [MARKS.lock]: lock }) } });

  test.each<[string, VirtualMachine, string]>([
    [
      'counts while locked and off',
      marked({ runStrategy: 'Halted' }, saved({ runStrategy: 'Once' }), '[]'),
      'Once',
    ],
    ['counts in the legacy form', marked({ running: false }, saved({ running: true }), '[]'), 'Always'],
    [
      'is overruled by a person who switched it on',
      marked({ runStrategy: 'Manual' }, saved({ runStrategy: 'Always' }), '[]'),
      'Manual',
    ],
    [
      'counts without a lock for Manual: a debt',
      marked({ runStrategy: 'Manual' }, saved({ runStrategy: 'Manual' }, 'vm-1', DEBTOR, 'start')),
      'Manual',
    ],
    [
      'does not count once a person has switched a Manual VM off that was owed its start',
      marked({ runStrategy: 'Halted' }, saved({ runStrategy: 'Manual' }, 'vm-1', DEBTOR, 'start')),
      'Halted',
    ],
    [
      'counts while off though somebody removed the lock',
      marked({ runStrategy: 'Halted' }, saved({ runStrategy: 'Always' }, 'vm-1', DEBTOR)),
      'Always',
    ],
    [
      'does not count when nobody answers for it',
      marked({ runStrategy: 'Halted' }, saved({ runStrategy: 'Always' })),
      'Halted',
    ],
    [
      'does not count on another VM',
      marked({ runStrategy: 'Halted' }, saved({ runStrategy: 'Always' }, 'vm-2'), '[]'),
      'Halted',
    ],
    ['does not count when it is no JSON', marked({ runStrategy: 'Halted' }, 'Always', '[]'), 'Halted'],
    [
      'does not count when it is JSON of something else',
      marked({ runStrategy: 'Halted' }, '{}', '[]'),
      'Halted',
    ],
  ])('%s', (_, vm, strategy) => {
    expect(strategyOf(vm)).toBe(strategy);
  });

  test('a debt is seen by whoever comes next, a stale note is not', () => {
    const note = (runStrategy: string) => saved({ runStrategy }, 'vm-1', DEBTOR);
    expect(savedPower(marked({ runStrategy: 'Manual' }, note('Manual')))).toBeDefined();
    expect(savedPower(marked({ runStrategy: 'Always' }, note('Always')))).toBeUndefined();
  });

  test('Manual set back under a lock starts nothing: the start is still owed', () => {
    const note = saved({ runStrategy: 'Manual' }, 'vm-1', DEBTOR);
    expect(savedPower(marked({ runStrategy: 'Manual' }, note, '[]'))).toBeDefined();
  });
});

describe('why a source is not off', () => {
  const claims = new Set(['web-root']);
  const pod = (name: string, phase: string, claimName: string, labels?: Record<string, string>): Pod => ({
    metadata: { name, namespace: 'demo', labels },
    spec: { volumes: [{ name: 'disk', persistentVolumeClaim: { claimName } }] },
    status: { phase },
  });
  test.each<[string, VirtualMachine, VirtualMachineInstance | undefined, Pod[], string | undefined]>([
    ['nothing', vmWith({ runStrategy: 'Halted' }), undefined, [], undefined],
    [
      'nothing, though its generation was never observed',
      vmWith({ runStrategy: 'Halted' }, {}, { generation: 4 }),
      undefined,
      [],
      undefined,
    ],
    [
      '“Ready” of a VMI that is gone',
      vmWith(
        { runStrategy: 'Halted' },
        { conditions: [{ type: 'Ready', status: 'False', reason: 'PodTerminating' }] },
      ),
      undefined,
      [],
      'virt-controller has yet to see that the VMI is gone',
    ],
    [
      'nothing, once virt-controller has seen that it is gone',
      vmWith(
        { runStrategy: 'Halted' },
        { conditions: [{ type: 'Ready', status: 'False', reason: 'VMINotExists' }] },
      ),
      undefined,
      [],
      undefined,
    ],
    ['an ended guest counts as off', vmWith({ runStrategy: 'Manual' }), ended, [], undefined],
    [
      '“Stopped” with a live VMI',
      vmWith({ runStrategy: 'Halted' }, { printableStatus: 'Stopped' }),
      stopping,
      [],
      'the VMI is Running and stopping',
    ],
    [
      'a pending start',
      vmWith({ runStrategy: 'Manual' }, START),
      undefined,
      [],
      'a Start request is pending',
    ],
    [
      'a live pod on a disk',
      vmWith({ runStrategy: 'Halted' }),
      ended,
      [pod('virt-launcher-web-x', 'Running', 'web-root')],
      'pod virt-launcher-web-x (Running) still uses its disks',
    ],
    [
      'an ended pod',
      vmWith({ runStrategy: 'Halted' }),
      undefined,
      [pod('a', 'Succeeded', 'web-root')],
      undefined,
    ],
    [
      'a pod on another disk',
      vmWith({ runStrategy: 'Halted' }),
      undefined,
      [pod('a', 'Running', 'db-root')],
      undefined,
    ],
    [
      'CDI’s own pod: another clone of this source',
      vmWith({ runStrategy: 'Halted' }),
      undefined,
      [pod('a', 'Running', 'web-root', { app: 'containerized-data-importer' })],
      undefined,
    ],
  ])('%s', (_, vm, vmi, pods, why) => {
    expect(whyNotOff(vm, vmi, pods, claims)).toBe(why);
  });
});

describe('states in which a source can’t be cloned (kubevirt-rules, Power)', () => {
  test.each<[string, VirtualMachine, VirtualMachineInstance | undefined, string | undefined]>([
    ['running', vmWith({ runStrategy: 'Always' }), running, undefined],
    ['WaitAsReceiver', vmWith({ runStrategy: 'WaitAsReceiver' }), undefined, 'SourceIsReceiver'],
    [
      'paused, by status',
      vmWith({ runStrategy: 'Always' }, { printableStatus: 'Paused' }),
      running,
      'SourcePaused',
    ],
    [
      'paused, by condition',
      vmWith({ runStrategy: 'Always' }),
      vmiWith('Running', {}, { conditions: [{ type: 'Paused', status: 'True' }] }),
      'SourcePaused',
    ],
    [
      'migrating',
      vmWith({ runStrategy: 'Always' }),
      vmiWith('Running', {}, { migrationState: {} }),
      'SourceMigrating',
    ],
    [
      'has migrated before',
      vmWith({ runStrategy: 'Always' }),
      vmiWith('Running', {}, { migrationState: { completed: true } }),
      undefined,
    ],
    [
      'its disks are being moved',
      vmWith({ runStrategy: 'Always' }),
      vmiWith('Running', {}, { conditions: [{ type: 'VolumesChange', status: 'True' }] }),
      'SourceVolumesMoving',
    ],
    [
      'would not start again (KubeVirt watch/vm/vm.go, ManualRecoveryRequired)',
      vmWith({ runStrategy: 'Halted' }, { conditions: [{ type: 'ManualRecoveryRequired', status: 'True' }] }),
      undefined,
      'SourceNeedsRecovery',
    ],
    [
      'is being backed up',
      vmWith({ runStrategy: 'Always' }),
      vmiWith('Running', {}, { changedBlockTracking: { backupStatus: { backupName: 'b' } } }),
      'BackupInProgress',
    ],
    [
      'was backed up',
      vmWith({ runStrategy: 'Always' }),
      vmiWith('Running', {}, { changedBlockTracking: { backupStatus: { completed: true } } }),
      undefined,
    ],
    [
      'memory dump',
      vmWith({ runStrategy: 'Always' }, { memoryDumpRequest: { phase: 'InProgress' } }),
      running,
      'MemoryDumpInProgress',
    ],
    [
      'memory dump that is over',
      vmWith({ runStrategy: 'Always' }, { memoryDumpRequest: { phase: 'Completed' } }),
      running,
      undefined,
    ],
    [
      'snapshot',
      vmWith({ runStrategy: 'Always' }, { snapshotInProgress: 's' }),
      running,
      'SnapshotInProgress',
    ],
    [
      'restore',
      vmWith({ runStrategy: 'Halted' }, { restoreInProgress: 'r' }),
      undefined,
      'RestoreInProgress',
    ],
    [
      'deleting',
      vmWith({ runStrategy: 'Halted' }, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      undefined,
      'SourceDeleting',
    ],
  ])('%s', (_, vm, vmi, type) => {
    expect(stateBlocker(vm, vmi)?.type).toBe(type);
  });
});
