import { LiveCopies } from '../../src/api/live-copies';
import type { DataVolume, PersistentVolumeClaim } from '../../src/clone';
import { type CloneView, MARKS, type PlannedDisk } from '../../src/contract';

const DISKS: PlannedDisk[] = [
  { name: 'root', sourceClaim: 's-root', dataVolume: 'c-root', bytes: 300, method: 'csi-clone' },
  { name: 'data', sourceClaim: 's-data', dataVolume: 'c-data', bytes: 100, method: 'copy' },
];

function dataVolume(name: string, phase: string, progress: string, cloneUid = 'uid-1'): DataVolume {
  return {
    metadata: { namespace: 'demo', name, uid: `dv-${name}`, labels: { [MARKS.cloneUid]: cloneUid } },
    spec: {},
    status: { phase, progress },
  };
}

function claimOf({ metadata }: DataVolume): PersistentVolumeClaim {
  const annotations = { 'cdi.kubevirt.io/createdForDataVolume': metadata.uid as string };
  return {
    metadata: { namespace: 'demo', name: metadata.name, annotations },
    spec: {},
    status: { phase: 'Bound' },
  };
}

function view(changes: Partial<CloneView> = {}): CloneView {
  return {
    id: 'demo/c',
    workflowId: 'clone/demo/c',
    runId: 'run-1',
    cloneUid: 'uid-1',
    phase: 'Copying',
    percent: null,
    disks: [],
    source: { namespace: 'demo', name: 's' },
    target: { namespace: 'demo', name: 'c' },
    startAfterClone: true,
    requestedBy: 'test',
    startedAt: '2026-01-01T00:00:00Z',
    warnings: [],
    ...changes,
  };
}

function copies() {
  const shown = new Map<string, DataVolume>();
  const live = new LiveCopies({
    dataVolumes: { get: (_: string, name: string) => shown.get(name) },
    claims: { get: (_: string, name: string) => shown.get(name) && claimOf(shown.get(name) as DataVolume) },
  } as never);
  const show = (...volumes: DataVolume[]) => {
    for (const each of volumes) shown.set(each.metadata.name, each);
  };
  return { live, show };
}

test('unknown stays unknown until CDI says a number, then it is weighted by bytes', () => {
  const { live, show } = copies();
  show(dataVolume('c-root', 'CSICloneInProgress', 'N/A'), dataVolume('c-data', 'CloneInProgress', 'N/A'));
  expect(live.upToDate(view(), DISKS).percent).toBeNull();
  show(dataVolume('c-data', 'CloneInProgress', '40.00%'));
  expect(live.upToDate(view(), DISKS)).toMatchObject({
    percent: 10,
    disks: [
      { name: 'root', phase: 'CSICloneInProgress', percent: null },
      { name: 'data', phase: 'CloneInProgress', percent: 40 },
    ],
  });
});

test('never falls: neither when a copy pod starts again, nor below the worker’s heartbeat', () => {
  const { live, show } = copies();
  show(dataVolume('c-data', 'CloneInProgress', '80.00%'));
  expect(live.upToDate(view(), DISKS).percent).toBe(20);
  show(dataVolume('c-data', 'CloneInProgress', '5.00%'));
  expect(live.upToDate(view(), DISKS)).toMatchObject({ percent: 20, disks: [{}, { percent: 80 }] });
  expect(live.upToDate(view({ percent: 60 }), DISKS).percent).toBe(60);
  expect(live.upToDate(view({ percent: 30 }), DISKS).percent).toBe(60);
});

test('is 99 at most while it copies, and another run begins anew', () => {
  const { live, show } = copies();
  show(dataVolume('c-root', 'Succeeded', '100.0%'), dataVolume('c-data', 'Succeeded', '100.0%'));
  expect(live.upToDate(view(), DISKS).percent).toBe(99);
  show(dataVolume('c-root', 'CSICloneInProgress', 'N/A'), dataVolume('c-data', 'CloneInProgress', '8.00%'));
  expect(live.upToDate(view({ runId: 'run-2' }), DISKS).percent).toBe(2);
});

test('a DataVolume of that name that is another clone’s says nothing', () => {
  const { live, show } = copies();
  show(dataVolume('c-data', 'CloneInProgress', '40.00%', 'uid-2'));
  expect(live.upToDate(view(), DISKS).percent).toBeNull();
});

describe('what was told of a copy', () => {
  function told() {
    const { live, show } = copies();
    show(dataVolume('c-data', 'CloneInProgress', '80.00%'));
    expect(live.upToDate(view(), DISKS).percent).toBe(20);
    return { live, show };
  }
  const unknown = DISKS.map(({ name, bytes }) => ({ name, bytes, phase: '', percent: null }));

  test('is kept while it is undone, of every disk, whatever becomes of its objects', () => {
    const { live, show } = told();
    show(dataVolume('c-data', 'CloneInProgress', '90.00%'));
    const undone = view({ phase: 'RollingBack', percent: null, disks: unknown });
    for (const planned of [DISKS, undefined]) {
      expect(live.upToDate(undone, planned)).toMatchObject({
        phase: 'RollingBack',
        percent: 20,
        disks: [
          { name: 'root', percent: null },
          { name: 'data', phase: 'CloneInProgress', percent: 80 },
        ],
      });
    }
  });

  test('counts in a list too, which knows no plan and no heartbeat', () => {
    const { live } = told();
    expect(live.upToDate(view({ disks: unknown }))).toMatchObject({
      percent: 20,
      disks: [{}, { percent: 80 }],
    });
  });

  test('gives way to more: 99 while the source starts again', () => {
    const { live } = told();
    const copied = unknown.map((disk) => ({ ...disk, phase: 'Succeeded', percent: 100 }));
    const after = view({ phase: 'RestartingSource', percent: 99, disks: copied });
    expect(live.upToDate(after, DISKS)).toEqual(after);
  });

  test('is kept for its own run alone', () => {
    const { live } = told();
    const other = view({ runId: 'run-2', phase: 'RollingBack', disks: unknown });
    expect(live.upToDate(other, DISKS)).toEqual(other);
  });

  test.each(['Completed', 'Cancelled', 'Failed'] as const)('says nothing once the clone is %s', (outcome) => {
    const { live } = told();
    const ended = view({
      phase: outcome,
      outcome,
      percent: outcome === 'Completed' ? 100 : null,
      disks: unknown,
    });
    expect(live.upToDate(ended, DISKS)).toBe(ended);
  });
});

test.each(['Queued', 'Validating', 'ShuttingDown', 'RollingBack'] as const)(
  'nobody knows a percent in %s of what has not been copied yet, though a DataVolume says one',
  (phase) => {
    const { live, show } = copies();
    show(dataVolume('c-data', 'CloneInProgress', '40.00%'));
    expect(live.upToDate(view({ phase }), DISKS)).toEqual(view({ phase }));
  },
);
