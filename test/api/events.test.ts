import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { cloneWorkflowId, MARKS, type VmRef } from '../../src/contract';
import { createCaches, Kinds } from '../../src/kubernetes';
import { begin, cloneInput, startStandIn } from '../temporal/stand-in';
import { Listener } from './listener';
import { TestApi } from './support';

let api: TestApi;
let url: string;

beforeAll(async () => {
  api = await TestApi.start();
  ({ url } = api);
});
afterAll(() => api?.stop());

const open: Listener[] = [];
async function listen(at = url, headers: Record<string, string> = {}): Promise<Listener> {
  const listener = await Listener.open(at, headers);
  open.push(listener);
  return listener;
}
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
});

const fresh = () => `vm-${randomUUID().slice(0, 8)}`;
const vmsOf = (listener: Listener, name: string) => listener.of('vm').filter(({ row }) => row.name === name);
const clonesOf = (listener: Listener, { name }: VmRef) =>
  listener.of('clone').filter(({ target }) => target.name === name);

async function show(ref: VmRef, printableStatus: string): Promise<void> {
  const status = { status: { printableStatus } };
  await api.cluster.patchMerge(Kinds.VirtualMachine, ref, status, { subresource: 'status' });
}

describe('VMs', () => {
  test('a VM that is made, changes and goes is told as the list shows it', async () => {
    const ref = { namespace: 'demo', name: fresh() };
    const listener = await listen();
    await api.makeVm(ref);
    await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.status === 'Off');
    expect(vmsOf(listener, ref.name)[0]?.moved).toBe(true);
    await show(ref, 'Running');
    await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.status === 'Running');
    const last = vmsOf(listener, ref.name).at(-1);
    expect(last?.moved).toBe(true);
    const { body } = await api.get(`vms?namespace=demo&name=${ref.name}`);
    expect(last?.row).toEqual(body.items[0]);
    await api.cluster.delete(Kinds.VirtualMachine, ref);
    await listener.until((each) => each.of('vm-gone').some(({ name }) => name === ref.name));
    expect(listener.of('vm-gone')).toEqual([ref]);
    expect(listener.response.headers.get('content-encoding')).toBeNull();
  });

  test('a change that no row shows is not told', async () => {
    const ref = { namespace: 'demo', name: fresh() };
    const listener = await listen();
    await api.makeVm(ref);
    await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.status === 'Off');
    const told = vmsOf(listener, ref.name).length;
    await api.cluster.patchMerge(Kinds.VirtualMachine, ref, { metadata: { labels: { tier: 'test' } } });
    await api.until(() => api.caches.virtualMachines.get('demo', ref.name)?.metadata.labels?.tier === 'test');
    const other = { namespace: 'demo', name: fresh() };
    await api.makeVm(other);
    await listener.until((each) => vmsOf(each, other.name).length > 0);
    expect(vmsOf(listener, ref.name)).toHaveLength(told);
  });

  test('what is there when the cluster is read for the first time is no news', async () => {
    const ref = { namespace: 'demo', name: fresh() };
    await api.makeVm(ref);
    const caches = createCaches(api.cluster);
    const late = await api.serve({ caches, live: { pollMs: 50 } });
    const listener = await listen(late.url);
    await caches.start();
    // Whoever listened before could not read the list.
    await listener.until((each) => each.of('resync').length > 0);
    await show(ref, 'Running');
    await listener.until((each) => each.of('vm').length > 0);
    expect(listener.events.map(({ event }) => event)).toEqual(['hello', 'resync', 'vm']);
    expect(vmsOf(listener, ref.name)).toHaveLength(1);
    await listener.close();
    await caches.stop();
  });

  test('a burst of changes is told as few, of which the last is the truth', async () => {
    const ref = { namespace: 'demo', name: fresh() };
    const listener = await listen();
    await api.makeVm(ref);
    await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.status === 'Off');
    const before = vmsOf(listener, ref.name).length;
    const vm = api.caches.virtualMachines.get(ref.namespace, ref.name);
    if (!vm) throw new Error('it was made');
    const cache = api.caches.virtualMachines as unknown as { store(object: typeof vm): void };
    for (let n = 1; n <= 500; n += 1) {
      const printableStatus = n % 2 ? 'Starting' : 'Running';
      const metadata = { ...vm.metadata, resourceVersion: `burst-${n}` };
      cache.store({ ...vm, metadata, status: { ...vm.status, printableStatus } });
    }
    await listener.until((each) => vmsOf(each, ref.name).length > before);
    const other = { namespace: 'demo', name: fresh() };
    await api.makeVm(other);
    await listener.until((each) => vmsOf(each, other.name).length > 0);
    const burst = vmsOf(listener, ref.name).slice(before);
    expect(burst.map(({ row }) => row.status)).toEqual(['Running']);
  });

  test('what was missed is told to whoever comes back, whether or not anyone listened', async () => {
    const [ref, other] = [fresh(), fresh()].map((name) => ({ namespace: 'demo', name })) as [VmRef, VmRef];
    const first = await listen();
    await api.makeVm(ref);
    await first.until((each) => vmsOf(each, ref.name).at(-1)?.row.status === 'Off');
    const { lastId } = first;
    await first.close();
    await api.cluster.delete(Kinds.VirtualMachine, ref);
    await api.makeVm(other);
    const again = await listen(url, { 'Last-Event-ID': lastId ?? '' });
    await again.until((each) => each.of('vm-gone').some(({ name }) => name === ref.name));
    await again.until((each) => vmsOf(each, other.name).at(-1)?.row.status === 'Off');
    expect(vmsOf(again, ref.name)).toEqual([]);
    expect(again.of('resync')).toEqual([]);
  });

  test('the percent of a copy moves nothing, never falls, and a changed mark does', async () => {
    const ref = { namespace: 'demo', name: fresh() };
    const labels = { [MARKS.cloneUid]: randomUUID() };
    const annotations = { [MARKS.inProgress]: 'copying' };
    const listener = await listen();
    await api.makeVm(ref, { more: { name: ref.name, labels, annotations } });
    const disk = { namespace: 'demo', name: `${ref.name}-root` };
    const spec = { pvc: { resources: { requests: { storage: '1Gi' } } } };
    await api.cluster.create(Kinds.DataVolume, { metadata: { ...disk, labels }, spec });
    await listener.until((each) => vmsOf(each, ref.name).length > 0);
    const copied = (progress: string) =>
      api.cluster.patchMerge(
        Kinds.DataVolume,
        disk,
        { status: { phase: 'CloneInProgress', progress } },
        { subresource: 'status' },
      );
    for (const [progress, percent] of [
      ['10.00%', 10],
      ['40.00%', 40],
    ] as const) {
      await copied(progress);
      await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.percent === percent);
    }
    await copied('5.00%');
    const other = { namespace: 'demo', name: fresh() };
    await api.makeVm(other);
    await listener.until((each) => vmsOf(each, other.name).length > 0);
    await copied('60.00%');
    await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.percent === 60);
    // "Copying" to "Cloning (10%)" is another status; from there on only the percent changes.
    const told = vmsOf(listener, ref.name);
    expect(told.map(({ row, moved }) => [row.status, moved])).toEqual([
      ['Copying', true],
      ['Cloning (10%)', true],
      ['Cloning (40%)', false],
      ['Cloning (60%)', false],
    ]);
    await api.cluster.patchMerge(Kinds.VirtualMachine, ref, {
      metadata: { annotations: { [MARKS.inProgress]: null } },
    });
    await listener.until((each) => vmsOf(each, ref.name).at(-1)?.row.status === 'Off');
    expect(vmsOf(listener, ref.name).at(-1)?.moved).toBe(true);
  });
});

describe('clones', () => {
  let worker: Awaited<ReturnType<typeof startStandIn>>;
  const source = { namespace: 'demo', name: 'source' };
  beforeAll(async () => {
    worker = await startStandIn(api.temporal);
    await api.makeVm(source);
  });
  afterAll(() => worker?.stop());

  const ask = async (description: string, at = url) => {
    const target = { namespace: 'demo', name: fresh() };
    const { status } = await api.post(`${at}/api/v1/clones`, { source, target, description });
    expect(status).toBe(202);
    return target;
  };

  test('one that was asked for here is told at once, then its end with outcome and downtime', async () => {
    // No list tells it: that is asked for once, before it begins.
    const { url: patient } = await api.serve({ live: { pollMs: 600_000 } });
    const listener = await listen(patient);
    const target = await ask('copy until cancelled', patient);
    await listener.until((each) => clonesOf(each, target).length > 0);
    await api.post(`${patient}/api/v1/clones/demo/${target.name}/cancel`, { reason: 'enough' });
    await listener.until((each) => clonesOf(each, target).at(-1)?.outcome !== undefined);
    expect(clonesOf(listener, target).at(-1)).toMatchObject({
      outcome: 'Cancelled',
      cancelRequested: { reason: 'enough' },
      sourceDowntimeSeconds: 42,
      links: { self: `/api/v1/clones/demo/${target.name}` },
    });
  });

  test('one that was begun elsewhere, and fails, is told by lists: once in each state, its end last', async () => {
    const { url: quick } = await api.serve({ live: { pollMs: 50 } });
    const listener = await listen(quick);
    const target = await begin(api.temporal, cloneInput(fresh(), 'copy until cancelled'));
    await listener.until((each) => clonesOf(each, target).some(({ phase }) => phase === 'Copying'));
    await api.temporal.client.workflow.getHandle(cloneWorkflowId(target)).terminate('no reason');
    await listener.until((each) => clonesOf(each, target).at(-1)?.outcome !== undefined);
    const again = await begin(api.temporal, cloneInput(target.name, 'fail'));
    await listener.until((each) => clonesOf(each, again).at(-1)?.failure?.type === 'CopyFailed');
    const told = clonesOf(listener, target);
    const states = told.map((clone) => JSON.stringify(clone));
    expect(new Set(states).size).toBe(states.length);
    const ends = told.filter(({ outcome }) => outcome);
    expect(ends.map(({ failure }) => failure?.type)).toEqual(['Terminated', 'CopyFailed']);
    for (const runId of new Set(told.map((each) => each.runId))) {
      const run = told.filter((each) => each.runId === runId);
      expect(run.findIndex(({ outcome }) => outcome)).toBe(run.length - 1);
    }
  });

  test('those that begin and end between two lists are told by their end', async () => {
    const { url: slow } = await api.serve({ live: { pollMs: 800 } });
    const listener = await listen(slow);
    const first = await begin(api.temporal, cloneInput(fresh(), 'copy until cancelled'));
    await listener.until((each) => clonesOf(each, first).length > 0);
    const targets = await Promise.all(
      [1, 2, 3, 4].map(() => begin(api.temporal, cloneInput(fresh(), 'complete'))),
    );
    await listener.until((each) =>
      targets.every((target) => clonesOf(each, target).at(-1)?.outcome === 'Completed'),
    );
  });

  test('the row of one that is asked to cancel says so', async () => {
    const { url: quick } = await api.serve({ live: { pollMs: 50 } });
    const target = await begin(api.temporal, cloneInput(fresh(), 'end the copy when cancelled'));
    const { memo } = await api.temporal.client.workflow.getHandle(cloneWorkflowId(target)).describe();
    const labels = { [MARKS.cloneUid]: memo?.cloneUid as string };
    const annotations = { [MARKS.inProgress]: 'copying' };
    await api.makeVm(target, { more: { name: target.name, labels, annotations } });
    const listener = await listen(quick);
    await api.post(`${quick}/api/v1/clones/demo/${target.name}/cancel`, {});
    await listener.until((each) => vmsOf(each, target.name).at(-1)?.row.status === 'Cancelling…');
  });

  test('Temporal is asked for lists while somebody listens, and by no means otherwise', async () => {
    let lists = 0;
    const connection = await Connection.connect({
      address: api.temporal.address,
      interceptors: [
        (options, nextCall) => {
          if (options.method_definition.path.endsWith('/ListWorkflowExecutions')) lists += 1;
          return nextCall(options) as never;
        },
      ],
    });
    const temporal = new Client({ connection, namespace: api.temporal.namespace });
    const { url: counted } = await api.serve({ temporal, live: { pollMs: 20 } });
    const target = await begin(api.temporal, cloneInput(fresh(), 'complete'));
    await api.makeVm({ namespace: 'demo', name: fresh() });
    expect(lists).toBe(0);
    const listener = await listen(counted);
    await api.until(() => lists >= 5);
    await listener.close();
    // The one that was under way may still have begun another.
    await api.get(`${counted}/api/v1/clones/demo/${target.name}`);
    const before = lists;
    for (let n = 0; n < 5; n += 1) await api.makeVm({ namespace: 'demo', name: fresh() });
    expect(lists).toBeLessThanOrEqual(before + 1);
    const after = lists;
    for (let n = 0; n < 3; n += 1) await api.makeVm({ namespace: 'demo', name: fresh() });
    expect(lists).toBe(after);
    await connection.close();
  });

  test('while Temporal is down VMs are told all the same, and clones again when it is back', async () => {
    let down = true;
    const connection = await Connection.connect({
      address: api.temporal.address,
      interceptors: [
        (options, nextCall) => {
          if (down && /List|Describe/.test(options.method_definition.path)) throw new Error('down');
          return nextCall(options) as never;
        },
      ],
    });
    const temporal = new Client({ connection, namespace: api.temporal.namespace });
    const { url: shaky } = await api.serve({ temporal, live: { pollMs: 20 } });
    const listener = await listen(shaky);
    const target = await begin(api.temporal, cloneInput(fresh(), 'complete'));
    const ref = { namespace: 'demo', name: fresh() };
    await api.makeVm(ref);
    await listener.until((each) => vmsOf(each, ref.name).length > 0);
    expect(clonesOf(listener, target)).toEqual([]);
    down = false;
    const later = await begin(api.temporal, cloneInput(fresh(), 'copy until cancelled'));
    await listener.until((each) => clonesOf(each, later).length > 0);
    await listener.close();
    await connection.close();
  });

  test('a list of closed clones tells what only their endings know', async () => {
    const target = await begin(api.temporal, cloneInput(fresh(), 'complete'));
    const item = async () => {
      const { body } = await api.get('clones?open=false&limit=200');
      return body.items.find(({ id }: { id: string }) => id === `demo/${target.name}`);
    };
    await api.until(async () => (await item()) !== undefined);
    const { body } = await api.get(`clones/demo/${target.name}`);
    expect(body.sourceDowntimeSeconds).toEqual(expect.any(Number));
    expect(await item()).toEqual(body);
  });
});
