import { overallPercent, parseProgress, percentForPhase, raise } from '../../src/clone/progress';
import { type DiskProgress, PHASES } from '../../src/contract';

test.each([
  // rules 56, observed 33
  [undefined, null],
  ['', null],
  ['N/A', null],
  ['26.67%', 26.67],
  ['100.00%', 100],
  ['100.0%', 100],
  ['0%', 0],
  ['120%', 100],
  ['26.67', null],
  ['-1%', null],
  ['about 5%', null],
])('progress %p is %p', (text, percent) => expect(parseProgress(text)).toBe(percent));

const disk = (bytes: number, percent: number | null, phase = 'CloneInProgress'): DiskProgress => ({
  name: 'd',
  bytes,
  phase,
  percent,
});

test.each<[string, DiskProgress[], number | null]>([
  ['no disks', [], null],
  ['nothing known of any', [disk(1, null), disk(1, null)], null],
  ['one disk', [disk(5, 26.67)], 26],
  ['weighted by bytes', [disk(30, 100, 'Succeeded'), disk(10, 0)], 75],
  ['one unknown counts as nothing yet', [disk(10, 50), disk(10, null)], 25],
  ['no bytes known: even', [disk(0, 100, 'Succeeded'), disk(0, 50)], 75],
  ['observed 33: 100.00% before it has succeeded', [disk(1, 100)], 99],
  ['one of two done', [disk(1e15, 100, 'Succeeded'), disk(1, 0)], 99],
  ['all done', [disk(1, 100, 'Succeeded'), disk(1, 100, 'Succeeded')], 100],
  ['all done, of which one never told a number', [disk(1, null, 'Succeeded')], 100],
  ['no error of rounding', Array.from({ length: 6 }, () => disk(1, 29)), 29],
])('overall: %s', (_what, disks, percent) => expect(overallPercent(disks)).toBe(percent));

test.each([
  [null, null, null],
  [null, 5, 5],
  [5, null, 5],
  [5, 4, 5],
  [5, 6, 6],
])('rules 56, console.md: from %p to %p shows %p', (before, next, shown) =>
  expect(raise(before, next)).toBe(shown),
);

test.each<[string, number | null, number | null]>([
  ['Queued', null, null],
  ['Validating', null, null],
  ['ShuttingDown', null, null],
  ['Copying', null, null],
  ['Copying', 40, 40],
  ['Copying', 100, 99],
  ['RestartingSource', 100, 99],
  ['Finishing', null, 99],
  ['RollingBack', 40, 40],
  ['Cancelled', 100, 99],
  ['Failed', null, null],
  ['Completed', 40, 100],
])('in %s, copied %p: %p', (phase, copied, percent) =>
  expect(percentForPhase(phase as (typeof PHASES)[number], copied)).toBe(percent),
);

test('console.md: 100 only at completion', () =>
  expect(PHASES.filter((phase) => percentForPhase(phase, 100) === 100)).toEqual(['Completed']));
