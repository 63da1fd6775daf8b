import { timelineOf } from '../../console/src/clones/timeline-steps';
import type { FailureType, Phase } from '../../src/contract';

type View = Parameters<typeof timelineOf>[0];

const AT = {
  start: '2030-01-01T10:00:00.000Z',
  stopped: '2030-01-01T10:00:05.000Z',
  copying: '2030-01-01T10:00:30.000Z',
  copied: '2030-01-01T10:05:00.000Z',
  running: '2030-01-01T10:05:20.000Z',
  end: '2030-01-01T10:05:25.000Z',
};
const DISKS = [{ name: 'root', bytes: 2 ** 30, phase: '', percent: null }];

function view(part: Partial<View>): View {
  return { phase: 'Copying', startedAt: AT.start, disks: DISKS, ...part };
}

/** One word a step: its title and state, the note in brackets. */
function told(clone: View): string[] {
  return timelineOf(clone).map(
    ({ title, state, note }) => `${title}: ${state}${note === undefined ? '' : ` (${note})`}`,
  );
}

describe('the timeline of a clone under way', () => {
  const forward: [Phase, string[]][] = [
    ['Queued', ['pending', 'pending', 'pending', 'pending', 'pending']],
    ['Validating', ['current', 'pending', 'pending', 'pending', 'pending']],
    ['ShuttingDown', ['done', 'current', 'pending', 'pending', 'pending']],
    ['Copying', ['done', 'done', 'current', 'pending', 'pending']],
    ['RestartingSource', ['done', 'done', 'done', 'current', 'pending']],
    ['Finishing', ['done', 'done', 'done', 'done', 'current']],
  ];

  test.each(forward)('in %s', (phase, states) => {
    const steps = timelineOf(view({ phase }));
    expect(steps.map(({ title }) => title)).toEqual([
      'Checking',
      'Shutting down',
      'Copying',
      'Restarting source',
      'Finishing',
      'Completed',
    ]);
    expect(steps.map(({ state }) => state)).toEqual([...states, 'pending']);
  });

  it('tells since when it checks', () => {
    expect(timelineOf(view({ phase: 'Validating' }))[0]).toMatchObject({ startedAt: AT.start });
  });

  it('announces the undo as soon as a cancel is asked for', () => {
    const steps = told(view({ phase: 'Copying', cancelRequested: { requestedBy: 'ann' } }));
    expect(steps.slice(2)).toEqual([
      'Copying: current',
      'Restarting source: pending',
      'Finishing: pending',
      'Rolling back: pending',
      'Cancelled: pending',
    ]);
  });

  it('rolls back after a cancel without saying how far it had come, which nobody has told', () => {
    expect(told(view({ phase: 'RollingBack', cancelRequested: { requestedBy: 'ann' } }))).toEqual([
      'Checking: done',
      'Shutting down: skipped (Is being undone)',
      'Copying: skipped (Is being undone)',
      'Restarting source: skipped (Not reached)',
      'Finishing: skipped (Not reached)',
      'Rolling back: current',
      'Cancelled: pending',
    ]);
  });

  const broken: [FailureType, string[]][] = [
    ['SourceShutdownFailed', ['Shutting down: failed', 'Copying: skipped (Not reached)']],
    ['CopyFailed', ['Shutting down: done', 'Copying: failed']],
    ['LockLost', ['Shutting down: skipped (Is being undone)', 'Copying: skipped (Is being undone)']],
  ];
  test.each(broken)('rolls back after %s', (type, steps) => {
    const all = told(view({ phase: 'RollingBack', failure: { type, message: '' } }));
    expect(all.slice(1, 3)).toEqual(steps);
    expect(all.slice(-2)).toEqual(['Rolling back: current', 'Failed: pending']);
  });
});

describe('the timeline of a clone that has ended', () => {
  const ended = (outcome: 'Completed' | 'Cancelled' | 'Failed', part: Partial<View>) =>
    view({ phase: outcome, outcome, endedAt: AT.end, ...part });
  const upTo = {
    start: { startedAt: AT.start, endedAt: AT.end },
    stopped: { startedAt: AT.start, sourceStoppedAt: AT.stopped, endedAt: AT.end },
    copying: {
      startedAt: AT.start,
      sourceStoppedAt: AT.stopped,
      copyStartedAt: AT.copying,
      endedAt: AT.end,
    },
    copied: {
      startedAt: AT.start,
      sourceStoppedAt: AT.stopped,
      copyStartedAt: AT.copying,
      copiedAt: AT.copied,
      endedAt: AT.end,
    },
  };
  const failure = (type: FailureType) => ({ failure: { type, message: 'why' } });

  const cases: [string, View, string[]][] = [
    [
      'completed',
      ended('Completed', { timings: { ...upTo.copied, sourceRunningAt: AT.running } }),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: done',
        'Restarting source: done',
        'Finishing: done',
        'Completed: done',
      ],
    ],
    [
      'completed from a source that was off from the start',
      ended('Completed', {
        timings: { startedAt: AT.start, copyStartedAt: AT.copying, copiedAt: AT.copied, endedAt: AT.end },
      }),
      [
        'Checking: done',
        'Shutting down: skipped (The source was off)',
        'Copying: done',
        'Restarting source: skipped (The source stays off)',
        'Finishing: done',
        'Completed: done',
      ],
    ],
    [
      'completed while its source was slow to return',
      ended('Completed', { timings: upTo.copied }),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: done',
        'Restarting source: done (The source was not seen running again)',
        'Finishing: done',
        'Completed: done',
      ],
    ],
    [
      'completed, of which no times are known',
      ended('Completed', {}),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: done',
        'Restarting source: done',
        'Finishing: done',
        'Completed: done',
      ],
    ],
    [
      'cancelled before anything was touched',
      ended('Cancelled', { disks: [], timings: upTo.start }),
      [
        'Checking: skipped (Cancelled here)',
        'Shutting down: skipped (Not reached)',
        'Copying: skipped (Not reached)',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Cancelled: done',
      ],
    ],
    [
      'cancelled before the copy',
      ended('Cancelled', { timings: upTo.stopped }),
      [
        'Checking: done',
        'Shutting down: skipped (Cancelled here)',
        'Copying: skipped (Not reached)',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: done',
        'Cancelled: done',
      ],
    ],
    [
      'cancelled during the copy',
      ended('Cancelled', { timings: { ...upTo.copying, sourceRunningAt: AT.running } }),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: skipped (Cancelled here)',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: done',
        'Cancelled: done',
      ],
    ],
    [
      'cancelled just after the copy',
      ended('Cancelled', { timings: upTo.copied }),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: done',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: done',
        'Cancelled: done',
      ],
    ],
    [
      'blocked by its plan',
      ended('Failed', { disks: [], timings: upTo.start, ...failure('PlanBlocked') }),
      [
        'Checking: failed',
        'Shutting down: skipped (Not reached)',
        'Copying: skipped (Not reached)',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Failed: failed',
      ],
    ],
    [
      'failed at the shutdown of its source',
      ended('Failed', { timings: upTo.stopped, ...failure('SourceShutdownFailed') }),
      [
        'Checking: done',
        'Shutting down: failed',
        'Copying: skipped (Not reached)',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: done',
        'Failed: failed',
      ],
    ],
    [
      'failed in making the target of a name that was taken meanwhile',
      ended('Failed', { timings: upTo.stopped, ...failure('NameTaken') }),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: failed',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: done',
        'Failed: failed',
      ],
    ],
    [
      'failed in the copy of a source that was off',
      ended('Failed', {
        timings: { startedAt: AT.start, copyStartedAt: AT.copying, endedAt: AT.end },
        ...failure('CopyFailed'),
      }),
      [
        'Checking: done',
        'Shutting down: skipped (The source was off)',
        'Copying: failed',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: done',
        'Failed: failed',
      ],
    ],
    [
      'cancelled and not cleaned up',
      ended('Failed', {
        timings: upTo.copying,
        cancelRequested: { requestedBy: 'ann' },
        ...failure('CleanupIncomplete'),
      }),
      [
        'Checking: done',
        'Shutting down: done',
        'Copying: skipped (Cancelled here)',
        'Restarting source: skipped (Not reached)',
        'Finishing: skipped (Not reached)',
        'Rolling back: failed',
        'Failed: failed',
      ],
    ],
    [
      'terminated without a final document',
      ended('Failed', failure('Terminated')),
      [
        'Checking: skipped (Not recorded)',
        'Shutting down: skipped (Not recorded)',
        'Copying: skipped (Not recorded)',
        'Restarting source: skipped (Not recorded)',
        'Finishing: skipped (Not recorded)',
        'Failed: failed',
      ],
    ],
  ];
  test.each(cases)('%s', (_name, clone, steps) => {
    expect(told(clone)).toEqual(steps);
  });

  it('gives each step of a completed one its times, each beginning where the one before ended', () => {
    const steps = timelineOf(
      ended('Completed', { timings: { ...upTo.copied, sourceRunningAt: AT.running } }),
    );
    expect(steps.map(({ startedAt, endedAt }) => [startedAt, endedAt])).toEqual([
      [AT.start, AT.stopped],
      [AT.stopped, AT.copying],
      [AT.copying, AT.copied],
      [AT.copied, AT.running],
      [AT.running, AT.end],
      [undefined, AT.end],
    ]);
  });

  it('takes the return of the source in the undo for no step of the way forward', () => {
    const steps = timelineOf(
      ended('Cancelled', { timings: { ...upTo.copying, sourceRunningAt: AT.running } }),
    );
    expect(steps.find(({ key }) => key === 'RestartingSource')).not.toHaveProperty('endedAt');
    expect(steps.find(({ key }) => key === 'RollingBack')).toMatchObject({
      endedAt: AT.end,
      sourceBackAt: AT.running,
    });
  });
});
