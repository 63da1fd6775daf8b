import { awaitChange } from '../../src/kubernetes';

/** Something that changes when it is told to, and counts its listeners. */
class Thing {
  readonly wakes = new Set<() => void>();
  readonly source = (wake: () => void) => {
    this.wakes.add(wake);
    return () => this.wakes.delete(wake);
  };
  change(): void {
    for (const wake of [...this.wakes]) wake();
  }
}

const never = new AbortController().signal;

test('a state that is reached already counts, however late one comes', async () => {
  expect(await awaitChange([], () => 'there', { signal: never, deadline: Date.now() - 1000 })).toBe('there');
});

test('evaluates again after each change, and listens no more at the end', async () => {
  const thing = new Thing();
  let looks = 0;
  const awaited = awaitChange([thing.source], () => (++looks === 3 ? looks : undefined), { signal: never });
  await Promise.resolve();
  thing.change();
  await new Promise(setImmediate);
  thing.change();
  expect(await awaited).toBe(3);
  expect(thing.wakes.size).toBe(0);
});

test('changes in mid-evaluation coalesce into one more', async () => {
  const thing = new Thing();
  let looks = 0;
  let release = () => {};
  const awaited = awaitChange(
    [thing.source],
    async () => {
      looks += 1;
      if (looks > 1) return looks;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return undefined;
    },
    { signal: never },
  );
  for (let n = 0; n < 5; n++) thing.change();
  release();
  expect(await awaited).toBe(2);
});

test('gives up at the deadline with nothing', async () => {
  const thing = new Thing();
  const deadline = Date.now() + 20;
  expect(await awaitChange([thing.source], () => undefined, { signal: never, deadline })).toBeUndefined();
  expect(thing.wakes.size).toBe(0);
});

test('looks by itself where no event comes', async () => {
  let looks = 0;
  const options = { signal: never, recheckMs: 5 };
  expect(await awaitChange([], () => (++looks > 2 ? looks : undefined), options)).toBe(3);
});

test.each<[string, () => AbortSignal]>([
  ['before', () => AbortSignal.abort(new Error('stop'))],
  [
    'meanwhile',
    () => {
      const controller = new AbortController();
      setImmediate(() => controller.abort(new Error('stop')));
      return controller.signal;
    },
  ],
])('ends with the signal’s reason when aborted %s', async (_, signal) => {
  const thing = new Thing();
  await expect(awaitChange([thing.source], () => undefined, { signal: signal() })).rejects.toThrow('stop');
  expect(thing.wakes.size).toBe(0);
});

test('what evaluating throws is thrown to the waiter', async () => {
  const thing = new Thing();
  const look = () => {
    throw new Error('broken');
  };
  await expect(awaitChange([thing.source], look, { signal: never })).rejects.toThrow('broken');
  expect(thing.wakes.size).toBe(0);
});
