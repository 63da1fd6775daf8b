import { underWayFirst } from '../../console/src/clones/order';
import { clonesQueryFrom, searchOf } from '../../console/src/clones/query';
import { formatBytes } from '../../console/src/ui/Bytes';
import { diskPhaseName, isForward, stateName } from '../../console/src/ui/phase-names';
import { formatSeconds, secondsBetween } from '../../console/src/ui/seconds';
import type { CloneAnswer } from '../../src/api/answers';

describe('amounts for people', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [50 * 2 ** 30, '50 GiB'],
    [1.5 * 2 ** 40, '1.5 TiB'],
    [2 ** 70, '1048576 PiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [-3, '0 s'],
    [0, '0 s'],
    [0.9, '< 1 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [185, '3 min 5 s'],
    [7_440, '2 h 4 min'],
    [7_205, '2 h'],
    [180_000, '2 d 2 h'],
  ])('%d seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  it('no time has passed where clocks differ', () => {
    expect(secondsBetween('2030-01-01T00:00:05Z', '2030-01-01T00:00:00Z')).toBe(0);
  });
});

describe('words for a clone', () => {
  const cancelRequested = { requestedBy: 'ann' };
  test.each([
    [{ phase: 'Copying' as const }, 'Copying'],
    [{ phase: 'Copying' as const, cancelRequested }, 'Cancelling…'],
    [{ phase: 'RollingBack' as const }, 'Rolling back'],
    [{ phase: 'Cancelled' as const, outcome: 'Cancelled' as const, cancelRequested }, 'Cancelled'],
    [{ phase: 'Failed' as const, outcome: 'Failed' as const, cancelRequested }, 'Failed'],
  ])('%j is %s', (clone, text) => expect(stateName(clone)).toBe(text));

  test.each([
    ['', 'Waiting'],
    ['Succeeded', 'Copied'],
    ['CSICloneInProgress', 'Cloning by the storage'],
    ['ImportScheduled', 'Import Scheduled'],
  ])('a disk that is %p is %s', (phase, text) => expect(diskPhaseName(phase)).toBe(text));
});

describe('a percent', () => {
  test.each([
    [{ phase: 'Copying' as const }, true],
    [{ phase: 'Finishing' as const }, true],
    [{ phase: 'Copying' as const, cancelRequested: { requestedBy: 'ann' } }, false],
    [{ phase: 'RollingBack' as const }, false],
    [{ phase: 'Completed' as const, outcome: 'Completed' as const }, false],
  ])('of %j is shown: %p', (clone, shown) => expect(isForward(clone)).toBe(shown));
});

describe('the list of clones', () => {
  it('shows those under way first, and leaves the order of each part', () => {
    const clones = [
      { runId: 'a', outcome: 'Completed' },
      { runId: 'b' },
      { runId: 'c', outcome: 'Failed' },
      { runId: 'd' },
    ] as CloneAnswer[];
    expect(underWayFirst(clones).map(({ runId }) => runId)).toEqual(['b', 'd', 'a', 'c']);
  });

  test.each([
    ['', {}],
    ['open=true', { open: true }],
    ['namespace=demo&open=false', { namespace: 'demo', open: false }],
    ['phase=Failed&pageToken=abc', { phase: 'Failed', pageToken: 'abc' }],
  ])('the URL ?%s is its state', (search, query) => {
    expect(clonesQueryFrom(new URLSearchParams(search))).toEqual(query);
    expect(searchOf(query as never).toString()).toBe(search);
  });

  it('leaves out what a URL says and nobody knows', () => {
    expect(clonesQueryFrom(new URLSearchParams('open=maybe&phase=Copying&namespace='))).toEqual({});
  });
});
