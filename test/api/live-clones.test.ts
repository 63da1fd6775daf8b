import { EventJournal } from '../../src/api/events-journal';
import { LiveClones } from '../../src/api/live-clones';
import { LiveCopies } from '../../src/api/live-copies';
import type { RunningClones } from '../../src/api/running-clones';
import type { CloneView, VmRef } from '../../src/contract';
import { createLogger } from '../../src/log';
import type { CloneDescription } from '../../src/temporal';

const ID = 'demo/web-clone';

function clone(runId: string, changes: Partial<CloneView> = {}): CloneDescription {
  const view: CloneView = {
    id: ID,
    workflowId: `clone/${ID}`,
    runId,
    phase: 'ShuttingDown',
    percent: null,
    disks: [],
    source: { namespace: 'demo', name: 'web' },
    target: { namespace: 'demo', name: 'web-clone' },
    startAfterClone: true,
    requestedBy: 'test',
    startedAt: '2026-01-01T00:00:00Z',
    warnings: [],
    ...changes,
  };
  return { view, open: view.outcome === undefined, planned: [] };
}

const ended = (runId: string) => clone(runId, { phase: 'Completed', outcome: 'Completed' });

/** Watches clones that are read as `readings` say, one after the other; and the end of a run by its own id. */
function watched(readings: CloneDescription[], ends: Record<string, CloneDescription> = {}) {
  const journal = new EventJournal();
  let looked = () => {};
  const live = new LiveClones({
    clones: {
      read: async (_target: VmRef, runId?: string) => (runId === undefined ? readings.shift() : ends[runId]),
    },
    running: { note: () => {} } as never as RunningClones,
    copies: new LiveCopies({} as never),
    journal,
    answerOf: (view) => ({
      ...view,
      actions: { cancelCloning: { enabled: false } },
      links: { self: '', temporalUi: '' },
    }),
    onMoved: () => looked(),
    logger: createLogger({ level: 'silent', service: 'api' }),
  });
  live.listening = true;
  return {
    async look() {
      const done = new Promise<void>((resolve) => {
        looked = resolve;
      });
      live.touch(ID);
      await done;
      // Nothing but this one look: none again in a moment.
      live.listening = false;
      live.listening = true;
    },
    told: () =>
      [...journal.read(0, 1e6).text.matchAll(/^data: (.*)$/gm)].map(([, data]) => {
        const { runId, phase } = JSON.parse(data as string) as CloneView;
        return `${runId} ${phase}`;
      }),
  };
}

test('once its end was told, an older reading of the same run is not', async () => {
  const { look, told } = watched([clone('run-1'), ended('run-1'), clone('run-1', { phase: 'Finishing' })]);
  for (let looks = 0; looks < 3; looks += 1) await look();
  expect(told()).toEqual(['run-1 ShuttingDown', 'run-1 Completed']);
});

test('a run that was followed by another between two looks is told to its end', async () => {
  const { look, told } = watched([clone('run-1'), clone('run-2')], { 'run-1': ended('run-1') });
  for (let looks = 0; looks < 2; looks += 1) await look();
  expect(told()).toEqual(['run-1 ShuttingDown', 'run-1 Completed', 'run-2 ShuttingDown']);
});
