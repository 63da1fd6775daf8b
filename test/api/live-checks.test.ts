import { LiveChecks } from '../../src/api/live-checks';

/** Looks that end when the test says so. */
function looks() {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const failed: string[] = [];
  const checks = new LiveChecks({
    check: (id) => {
      begun.push(id);
      return new Promise((resolve, reject) => {
        ends.set(id, (error) => (error ? reject(error) : resolve()));
      });
    },
    isOver: () => false,
    onError: (_error, id) => void failed.push(id),
  });
  const end = async (id: string, error?: Error) => {
    ends.get(id)?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { checks, begun, end, failed };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `demo/${index}`);

test('what is touched while nobody listens waits: the latest thousand', () => {
  const { checks, begun } = looks();
  for (const id of many(1_010)) checks.soon(id);
  expect(begun).toEqual([]);
  checks.running = true;
  expect(begun).toEqual(many(1_010).slice(10, 18));
});

test('few are looked at together, and each once at a time', async () => {
  const { checks, begun, end } = looks();
  checks.running = true;
  for (const id of many(20)) checks.now(id);
  expect(begun).toEqual(many(8));
  for (let again = 0; again < 5; again += 1) checks.now('demo/0');
  await end('demo/1');
  expect(begun.slice(8)).toEqual(['demo/8']);
  // The look that has begun may be too old for what happened since: there is exactly one more.
  for (const id of many(20)) await end(id);
  expect(begun.filter((id) => id === 'demo/0')).toHaveLength(2);
});

test('a look that failed is due again when it is asked for, and only then', async () => {
  const { checks, begun, end, failed } = looks();
  checks.running = true;
  checks.now('demo/a');
  await end('demo/a', new Error('down'));
  expect([begun, failed]).toEqual([['demo/a'], ['demo/a']]);
  checks.again();
  expect(begun).toEqual(['demo/a', 'demo/a']);
  await end('demo/a');
  checks.again();
  expect(begun).toHaveLength(2);
});

test('what is touched is looked at three times in all, unless it is over before', async () => {
  jest.useFakeTimers();
  const begun: string[] = [];
  const checks = new LiveChecks({
    check: async (id) => void begun.push(id),
    isOver: (id) => id === 'demo/over',
    onError: () => {},
  });
  checks.running = true;
  checks.soon('demo/a');
  checks.soon('demo/over');
  await jest.advanceTimersByTimeAsync(10_000);
  expect(begun).toEqual(['demo/a', 'demo/over', 'demo/a', 'demo/a']);
  jest.useRealTimers();
});
