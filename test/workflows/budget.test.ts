import type { ObservedRequest } from '../../simulator/apiserver';
import { DEFAULT_LIMITS } from '../../src/activities/deps';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { type MachineOptions, makeMachine } from '../support/machines';

/** The most that a clone of one disk may cost, however long it takes. */
const EVENTS = { completed: 55, undone: 66 };
const REQUESTS = 16;

const DISK: MachineOptions = { disks: [{ name: 'root', class: 'standard' }] };
const GIB = 2 ** 30;

/** Rates a thousand times the real ones: a minute's copy takes 60 ms, an hour's 3.6 s. */
const RATE = 1_000;
const copyTimes = [
  ['a minute', 60],
  ['an hour', 3_600],
] as const;

describe.each(copyTimes)('a copy of %s', (_, seconds) => {
  let environment: Environment;
  beforeAll(async () => {
    environment = await startEnvironment({
      simulator: { copyBytesPerSecond: (GIB * RATE) / seconds },
      heartbeatThrottleMs: 20_000 / RATE,
      // A copy that goes on counts as stalled no sooner than in earnest, however busy the machine is.
      limits: { stall: DEFAULT_LIMITS.stall },
    });
  });
  afterAll(() => environment?.stop());

  test('costs as many events and requests as any', async () => {
    const source = await makeMachine(environment, 'web', DISK);
    environment.clearRequests();
    const clone = await environment.clone(source, { ...source, name: 'web-clone' });
    const { timings } = await clone.result();
    const copied = Date.parse(timings.copiedAt ?? '') - Date.parse(timings.copyStartedAt ?? '');
    expect(copied).toBeGreaterThanOrEqual((seconds * 1000) / RATE);

    const requests = environment.workerRequests();
    console.log(`${await clone.events()} events, ${requests.length} requests`);
    expect(await clone.events()).toBeLessThanOrEqual(EVENTS.completed);
    expect(requests.map(words).slice(REQUESTS)).toEqual([]);
  });
});

describe('an undone clone', () => {
  let environment: Environment;
  beforeAll(async () => {
    environment = await startEnvironment({ simulator: { copyBytesPerSecond: GIB / 5 } });
  });
  afterAll(() => environment?.stop());

  async function copying(name: string, options = DISK): Promise<Clone> {
    const source = await makeMachine(environment, name, options);
    const target = { ...source, name: `${name}-clone` };
    const clone = await environment.clone(source, target);
    await environment.untilVm(target, (vm) => vm?.status?.printableStatus === 'Provisioning');
    return clone;
  }

  test.each<[string, (clone: Clone) => Promise<unknown>]>([
    ['cancelled by signal', (clone) => clone.cancel()],
    ['cancelled by Temporal', (clone) => clone.handle.cancel()],
    ['failed: its source was started', (clone) => environment.client.act(clone.input.source, 'start')],
  ])('%s: events', async (name, end) => {
    const clone = await copying(name.toLowerCase().replaceAll(/\W+/g, '-'));
    await end(clone);
    await clone.result().catch(() => undefined);
    console.log(`${name}: ${await clone.events()} events`);
    expect(await clone.events()).toBeLessThanOrEqual(EVENTS.undone);
  });
});

function words({ verb, path }: ObservedRequest): string {
  return `${verb} ${path}`;
}
