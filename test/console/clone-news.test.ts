import { CloneNews } from '../../console/src/toasts/clone-news';
import type { CloneAnswer } from '../../src/api/answers';

const state = (change: Partial<CloneAnswer>) =>
  ({ id: 'demo/web-clone', runId: 'run-1', phase: 'ShuttingDown', ...change }) as CloneAnswer;

const shuttingDown = state({});
const copying = state({ phase: 'Copying' });
const failure = { type: 'SourceShutdownFailed', message: 'it would not' } as const;
const undoing = state({ phase: 'RollingBack', failure });
const failed = state({ phase: 'Failed', outcome: 'Failed', failure });
const completed = state({ phase: 'Completed', outcome: 'Completed' });
const cancelled = state({ phase: 'Cancelled', outcome: 'Cancelled' });

function newsOf(states: CloneAnswer[], asked: boolean) {
  const news = new CloneNews();
  if (asked) news.ask(shuttingDown);
  return states.flatMap((each) => news.take(each));
}

test.each([
  ['its copy begins, once, and its end', [copying, copying, completed], ['started', 'completed']],
  ['its start too when the copy was too quick to be seen', [completed], ['started', 'completed']],
  ['its cancel', [copying, cancelled], ['started', 'cancelled']],
  ['its cancel before the copy, and no start', [cancelled], ['cancelled']],
  ['its failure once, as soon as it is known', [shuttingDown, undoing, undoing, failed], ['failed']],
] as const)('of a clone that was asked for here is told: %s', (_name, states, expected) => {
  expect(newsOf([...states], true)).toEqual(expected);
});

test.each([
  ['no start and no end', [copying, completed], []],
  ['no cancel', [copying, cancelled], []],
  ['its failure, once', [undoing, failed], ['failed']],
] as const)('of a clone of somebody else is told: %s', (_name, states, expected) => {
  expect(newsOf([...states], false)).toEqual(expected);
});

test('what is still open is asked for after a gap', () => {
  const news = new CloneNews();
  news.ask(shuttingDown);
  expect(news.open.map(({ runId }) => runId)).toEqual(['run-1']);
  news.take(completed);
  expect(news.open).toEqual([]);
});

test('a failure from before the page was opened is no news', () => {
  const news = new CloneNews();
  news.know(failed);
  expect(news.take(failed)).toEqual([]);
  expect(news.take({ ...failed, runId: 'run-2' })).toEqual(['failed']);
});
