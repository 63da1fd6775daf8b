import { connectTemporal, isReachable, withBackOff, within } from '../../src/temporal';
import { startTemporal } from '../support/temporal';

describe('a Temporal that is not there', () => {
  it('is told within the time that a probe has, and calls end in theirs', async () => {
    const { client, close } = connectTemporal({ address: '127.0.0.1:1', namespace: 'default' });
    const started = Date.now();
    expect(await isReachable(client, 300)).toBe(false);
    await expect(within(client, () => client.workflow.getHandle('x').describe(), 300)).rejects.toThrow();
    expect(Date.now() - started).toBeLessThan(5_000);
    await close();
  });

  it('is a namespace that does not exist, too', async () => {
    const temporal = await startTemporal();
    const { client, close } = connectTemporal({ address: temporal.address, namespace: 'nowhere' });
    expect(await isReachable(client, 5_000)).toBe(false);
    await close();
    const known = connectTemporal(temporal);
    expect(await isReachable(known.client, 5_000)).toBe(true);
    await known.close();
    await temporal.stop();
  });
});

describe('withBackOff', () => {
  it('tries until it succeeds, with longer and longer pauses', async () => {
    const pauses: number[] = [];
    let tries = 0;
    const answer = await withBackOff(
      async () => {
        tries += 1;
        if (tries < 4) throw new Error('not yet');
        return 'there';
      },
      {
        signal: new AbortController().signal,
        minMs: 1,
        maxMs: 100,
        onFailure: (_, pause) => pauses.push(pause),
      },
    );
    expect(answer).toBe('there');
    expect(pauses).toHaveLength(3);
    expect(pauses[2]).toBeGreaterThan(pauses[0] as number);
  });

  it('ends at once when it is told to', async () => {
    const end = new AbortController();
    const never = withBackOff(() => Promise.reject(new Error('never')), {
      signal: end.signal,
      minMs: 60_000,
      onFailure: () => end.abort(new Error('the process ends')),
    });
    await expect(never).rejects.toThrow('the process ends');
  });
});
