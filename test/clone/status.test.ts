import { ACTIONS, type ActionName } from '../../src/clone/actions';
import type { DataVolume } from '../../src/clone/resources';
import { type FilterGroup, type VmRowFacts, vmRow } from '../../src/clone/status';
import { MARKS } from '../../src/contract';
import { CLONE_UID, INSTALLATION, type Patch, SOURCE_UID, target, vm, vmi } from './objects';

const holder = {
  cloneUid: CLONE_UID,
  installation: INSTALLATION,
  workflowId: 'clone/shop/db-clone',
  since: 'now',
};
const lock = {
  [MARKS.lock]: JSON.stringify([holder]),
  [MARKS.power]: JSON.stringify({ setting: { runStrategy: 'Always' }, uid: SOURCE_UID }),
};
const locked = (patch: Patch = {}) =>
  vm({ metadata: { annotations: lock, ...(patch.metadata as Patch) }, spec: { runStrategy: 'Halted' } });
const printable = (printableStatus: string): VmRowFacts => ({
  vm: vm({ status: { printableStatus } }),
  vmi: vmi(),
});
const off = vm({ spec: { runStrategy: 'Halted' }, status: { printableStatus: 'Stopped' } });

function dataVolume(name: string, phase: string, progress: string, storage = '10Gi'): DataVolume {
  return {
    metadata: { name, uid: name },
    spec: { pvc: { resources: { requests: { storage } } } },
    status: { phase, progress },
  };
}

const transitions = [
  'Provisioning',
  'Starting',
  'Stopping',
  'Migrating',
  'WaitingForVolumeBinding',
  'WaitingForReceiver',
  'Paused',
];
const errors = [
  'CrashLoopBackOff',
  'ErrorUnschedulable',
  'ErrorPvcNotFound',
  'ErrImagePull',
  'ImagePullBackOff',
  'DataVolumeError',
];

describe('status and filter group (console.md, Status model, in its order)', () => {
  test.each<[string, VmRowFacts, string, FilterGroup]>([
    ['clone under way', { vm: target('copying'), percent: 25 }, 'Cloning (25%)', 'Transitioning'],
    ['… percent unknown', { vm: target('copying') }, 'Copying', 'Transitioning'],
    ['… copied', { vm: target('copied') }, 'Cloning (99%)', 'Transitioning'],
    [
      '… cancel asked for',
      { vm: target('copying'), percent: 25, cancelRequested: true },
      'Cancelling…',
      'Transitioning',
    ],
    [
      '… being deleted',
      { vm: target('copying', { metadata: { deletionTimestamp: 'now' } }) },
      'Cancelling…',
      'Transitioning',
    ],
    [
      '… while CDI shows a passing error (observed 34)',
      { vm: target('copying', { status: { printableStatus: 'DataVolumeError' } }) },
      'Copying',
      'Transitioning',
    ],
    ['locked, still going down', { vm: locked(), vmi: vmi() }, 'Shutting down to clone', 'Transitioning'],
    ['locked, off', { vm: locked() }, 'Locked', 'Offline'],
    [
      'locked, a guest that has ended',
      { vm: locked(), vmi: vmi({ status: { phase: 'Succeeded' } }) },
      'Locked',
      'Offline',
    ],
    [
      'locked, by what is no list',
      { vm: vm({ metadata: { annotations: { [MARKS.lock]: '?' } } }) },
      'Locked',
      'Offline',
    ],
    [
      'locked comes before deleting',
      { vm: locked({ metadata: { deletionTimestamp: 'now' } }) },
      'Locked',
      'Offline',
    ],
    [
      'deletionTimestamp',
      { vm: vm({ metadata: { deletionTimestamp: 'now' } }), vmi: vmi() },
      'Deleting',
      'Transitioning',
    ],
    ['Terminating', printable('Terminating'), 'Deleting', 'Transitioning'],
    [
      'snapshot in progress',
      { vm: vm({ status: { snapshotInProgress: 's' } }), vmi: vmi() },
      'Snapshot in progress',
      'Transitioning',
    ],
    [
      'restore in progress',
      { vm: vm({ status: { restoreInProgress: 'r' } }) },
      'Restore in progress',
      'Transitioning',
    ],
    ...transitions.map((name): [string, VmRowFacts, string, FilterGroup] => [
      name,
      printable(name),
      name,
      'Transitioning',
    ]),
    ...errors.map((name): [string, VmRowFacts, string, FilterGroup] => [
      name,
      printable(name),
      `Error: ${name}`,
      'Error',
    ]),
    ['Running', printable('Running'), 'Running', 'Running'],
    ['Stopped', { vm: off }, 'Off', 'Offline'],
    ['Unknown', printable('Unknown'), 'Unknown', 'Unknown'],
    ['a status of a later KubeVirt', printable('Hibernating'), 'Unknown', 'Unknown'],
    ['no status at all', { vm: { ...vm(), status: undefined } }, 'Unknown', 'Unknown'],
    ['a finished clone is a VM like any other', { vm: target(undefined) }, 'Off', 'Offline'],
  ])('%s', (_what, given, status, filterGroup) =>
    expect(vmRow(given)).toMatchObject({ status, filterGroup }),
  );

  test("an error says more, in the cluster's words", () => {
    const conditions = [
      { type: 'LiveMigratable', status: 'False', message: 'no' },
      { type: 'Ready', status: 'False', message: 'virt-launcher pod has not yet been scheduled' },
      { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' },
    ];
    const row = vmRow({
      vm: vm({ status: { printableStatus: 'ErrorUnschedulable' } }),
      vmi: vmi({ status: { conditions } }),
    });
    expect(row.statusDetail).toBe('0/3 nodes are available');
  });
});

describe('the rest of a row (architecture, GET /vms)', () => {
  test('of a running VM', () =>
    expect(vmRow({ vm: vm(), vmi: vmi() })).toEqual({
      namespace: 'shop',
      name: 'db',
      status: 'Running',
      filterGroup: 'Running',
      percent: null,
      ip: '10.0.0.7',
      node: 'node-1',
      createdAt: '2026-01-02T03:04:05Z',
      locked: false,
      actions: expect.any(Object),
    }));

  test('of a VM that is off, with what is left of its last run', () =>
    expect(vmRow({ vm: off, vmi: vmi({ status: { phase: 'Succeeded' } }) })).toMatchObject({
      ip: null,
      node: null,
      percent: null,
    }));

  test('of a locked source: its clones', () =>
    expect(vmRow({ vm: locked() })).toMatchObject({
      locked: true,
      lockedBy: ['shop/db-clone'],
      percent: null,
    }));

  test('of a clone: its id; no IP', () => {
    const row = vmRow({ vm: target('copying'), vmi: vmi() });
    expect(row).toMatchObject({ cloneId: 'shop/db-clone', ip: null, locked: false });
  });
});

describe('percent of a clone', () => {
  const half = [
    dataVolume('a', 'Succeeded', '100.0%', '10Gi'),
    dataVolume('b', 'CloneInProgress', '50.00%', '30Gi'),
  ];
  test.each<[string, Partial<VmRowFacts>, number | null]>([
    ['nothing known', {}, null],
    ['of its DataVolumes, by their bytes', { dataVolumes: half }, 62],
    ['never below what is known', { dataVolumes: half, percent: 70 }, 70],
    ['above it', { dataVolumes: half, percent: 10 }, 62],
    ['100 only at completion', { dataVolumes: [dataVolume('a', 'Succeeded', '100.0%')] }, 99],
    ['unknown stays unknown', { dataVolumes: [dataVolume('a', 'CSICloneInProgress', 'N/A')] }, null],
  ])('%s', (_what, given, percent) =>
    expect(vmRow({ vm: target('copying'), ...given }).percent).toBe(percent),
  );
});

describe('actions (console.md, The list; clone-vm.md)', () => {
  const cases: [string, VmRowFacts, ActionName[]][] = [
    ['off', { vm: off }, ['run', 'edit', 'clone', 'delete']],
    ['running', { vm: vm(), vmi: vmi() }, ['edit', 'clone', 'delete', 'shutDown', 'restart', 'pause']],
    [
      'running Once (observed 13)',
      { vm: vm({ spec: { runStrategy: 'Once' } }), vmi: vmi() },
      ['edit', 'clone', 'delete', 'shutDown', 'pause'],
    ],
    [
      'starting',
      { vm: vm({ status: { printableStatus: 'Starting' } }), vmi: vmi({ status: { phase: 'Scheduling' } }) },
      ['edit', 'clone', 'delete', 'shutDown'],
    ],
    [
      'stopping',
      { vm: vm({ spec: { runStrategy: 'Halted' }, status: { printableStatus: 'Stopping' } }), vmi: vmi() },
      // by force, if it hangs
      ['edit', 'clone', 'delete', 'shutDown'],
    ],
    [
      'crashing, between two VMIs',
      { vm: vm({ status: { printableStatus: 'CrashLoopBackOff' } }) },
      ['edit', 'clone', 'delete', 'shutDown'],
    ],
    [
      'paused',
      { vm: vm({ status: { printableStatus: 'Paused' } }), vmi: vmi() },
      ['edit', 'delete', 'unpause'],
    ],
    [
      'paused a moment ago: only the instance says so yet',
      { vm: vm(), vmi: vmi({ status: { conditions: [{ type: 'Paused', status: 'True' }] } }) },
      ['edit', 'delete', 'unpause'],
    ],
    [
      'migrating',
      { vm: vm({ status: { printableStatus: 'Migrating' } }), vmi: vmi() },
      ['edit', 'delete', 'shutDown'],
    ],
    ['deleting', { vm: vm({ metadata: { deletionTimestamp: 'now' } }), vmi: vmi() }, []],
    // clone-vm.md: the source can be edited and cloned again
    ['locked', { vm: locked() }, ['edit', 'clone']],
    ['locked, going down', { vm: locked(), vmi: vmi() }, ['edit', 'clone']],
    // clone-vm.md: an in-progress clone can only be cancelled
    ['clone under way', { vm: target('copying') }, ['cancelCloning']],
    ['clone under way, cancelling', { vm: target('copying'), cancelRequested: true }, []],
    ['clone copied', { vm: target('copied') }, []],
  ];
  test.each(cases)('%s', (_what, given, enabled) => {
    const { actions } = vmRow(given);
    expect(Object.keys(actions)).toEqual(ACTIONS);
    expect(ACTIONS.filter((action) => actions[action].enabled)).toEqual(
      ACTIONS.filter((action) => enabled.includes(action)),
    );
    for (const { enabled: on, reason } of Object.values(actions)) {
      if (on) expect(reason).toBeUndefined();
      else expect(reason).toMatch(/^\S.*\.$/);
    }
  });
});
