import type { Client } from '@temporalio/client';
import { CloneReader, listClones } from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { begin, cloneInput, startStandIn } from './stand-in';

const CLOSED = 25;

let temporal: TestTemporal;
let worker: Awaited<ReturnType<typeof startStandIn>>;
beforeAll(async () => {
  temporal = await startTemporal();
  worker = await startStandIn(temporal);
  for (let n = 0; n < CLOSED; n += 1) await begin(temporal, cloneInput(`c-${n}`, 'complete'));
  await begin(temporal, cloneInput('open'));
  for (;;) {
    const { items } = await listClones(temporal.client, { filters: { open: false }, limit: 100 });
    if (items.length === CLOSED) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
afterAll(async () => {
  await worker?.stop();
  await temporal?.stop();
});

/** A client that tells how many endings were read, and how many at once; some can't be. */
function watched({ failing = [] as string[], hanging = [] as string[] } = {}) {
  const { client } = temporal;
  const read = { all: 0, now: 0, most: 0 };
  const getHandle: Client['workflow']['getHandle'] = (id: string, ...rest: never[]) => {
    const handle = client.workflow.getHandle(id, ...rest);
    const result = async () => {
      read.all += 1;
      read.now += 1;
      read.most = Math.max(read.most, read.now);
      try {
        if (failing.includes(id)) throw new Error('not now');
        if (hanging.includes(id)) await new Promise(() => {});
        return await handle.result();
      } finally {
        read.now -= 1;
      }
    };
    return Object.create(handle, { result: { value: result } });
  };
  const workflow = Object.create(client.workflow, { getHandle: { value: getHandle } });
  return { read, clones: new CloneReader(Object.create(client, { workflow: { value: workflow } })) };
}

const listed = (endings?: CloneReader) => listClones(temporal.client, { limit: 100, endings });

test('endings of a page are read ten at a time, once for good, and only of those that have ended', async () => {
  const { read, clones } = watched();
  const { items } = await listed(clones);
  const ended = items.filter(({ outcome }) => outcome);
  expect(ended.map(({ sourceDowntimeSeconds }) => sourceDowntimeSeconds)).toEqual(Array(CLOSED).fill(42));
  expect(ended[0]).toMatchObject({
    timings: { endedAt: '2026-01-01T00:01:00.000Z' },
    warnings: [{ type: 'SourceSlowToReturn' }],
    disks: [{ name: 'root', phase: 'Succeeded', percent: 100 }],
  });
  expect(items.find(({ id }) => id === 'demo/open')).not.toHaveProperty('timings');
  expect(read).toEqual({ all: CLOSED, now: 0, most: 10 });
  expect((await listed(clones)).items).toEqual(items);
  expect(read.all).toBe(CLOSED);
});

test.each(['failing', 'hanging'] as const)('one whose ending is %s stays as the list has it', async (how) => {
  const { clones } = watched({ [how]: ['clone/demo/c-3'] });
  const [plain, complete] = [(await listed()).items, (await listed(clones)).items];
  expect(complete.map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
  const without = complete.filter(({ outcome, timings }) => outcome && !timings);
  expect(without).toEqual(plain.filter(({ id }) => id === 'demo/c-3'));
});
