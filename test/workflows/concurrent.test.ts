import type { VirtualMachine } from '../../src/clone';
import { MARKS, type VmRef } from '../../src/contract';
import { type Kind, Kinds } from '../../src/kubernetes';
import { type Environment, startEnvironment } from '../support/environment';
import { powerOf, tracesOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 30 } });
});
afterAll(() => environment?.stop());

const targetOf = (source: VmRef, n: number): VmRef => ({ ...source, name: `${source.name}-clone-${n}` });
const locked = (source: VmRef) =>
  environment.untilVm(source, (vm) => vm?.metadata.annotations?.[MARKS.lock] !== undefined);

test('two clones at once share one outage: the source is off from the first lock to the last unlock', async () => {
  const source = await makeMachine(environment, 'shared', { disks: [{ name: 'root', class: 'standard' }] });
  const before = await powerOf(environment, source);
  const boots: string[] = [];
  environment.caches.instances.onChange(source, (type, vmi) => {
    if (type === 'added') boots.push(vmi.metadata.uid as string);
  });
  const first = await environment.clone(source, targetOf(source, 1));
  await locked(source);
  const second = await environment.clone(source, targetOf(source, 2));
  expect(await Promise.all([first.result(), second.result()])).toMatchObject([
    { outcome: 'Completed' },
    { outcome: 'Completed' },
  ]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  expect(boots).toHaveLength(1);
  await environment.untilRunning(targetOf(source, 1));
  await environment.untilRunning(targetOf(source, 2));
});

test('one of two is cancelled: the other completes, and only then the source comes back', async () => {
  const source = await makeMachine(environment, 'half', { disks: [{ name: 'root', class: 'standard' }] });
  const before = await powerOf(environment, source);
  const first = await environment.clone(source, targetOf(source, 1));
  const second = await environment.clone(source, targetOf(source, 2));
  await environment.untilVm(targetOf(source, 1), (vm) => vm !== undefined);
  await first.cancel();
  expect(await first.result()).toMatchObject({ outcome: 'Cancelled' });
  expect(await tracesOf(environment, first)).not.toContainEqual(expect.stringContaining('half-clone-1'));
  expect(await second.result()).toMatchObject({ outcome: 'Completed' });
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

describe('the second begins while the first unlocks', () => {
  test.each<[string, MachineOptions]>([
    ['Always', { power: { runStrategy: 'Always' } }],
    ['Manual', { power: { runStrategy: 'Manual' }, on: true }],
    ['RerunOnFailure', { power: { runStrategy: 'RerunOnFailure' } }],
    ['running: true', { power: { running: true } }],
  ])('%s', async (strategy, options) => {
    const name = `late-${strategy.toLowerCase().replaceAll(/\W+/g, '-')}`;
    const source = await makeMachine(environment, name, options);
    const before = await powerOf(environment, source);
    const first = await environment.clone(source, targetOf(source, 1));
    await locked(source);
    await environment.untilVm(source, (vm) => vm?.metadata.annotations?.[MARKS.lock] === undefined);
    const second = await environment.clone(source, targetOf(source, 2));
    expect(await first.result()).toMatchObject({ outcome: 'Completed' });
    expect(await second.result()).toMatchObject({ outcome: 'Completed' });
    await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  });
});

test('two requests for one target: the second is refused by the workflow id', async () => {
  const source = await makeMachine(environment, 'once');
  const first = await environment.clone(source, targetOf(source, 1));
  await expect(environment.clone(source, targetOf(source, 1))).rejects.toThrow('already started');
  expect(await first.result()).toMatchObject({ outcome: 'Completed' });
});

test('a retry takes the place of its terminated run: that one’s remains go, and it completes', async () => {
  const source = await makeMachine(environment, 'again', { disks: [{ name: 'root', class: 'standard' }] });
  const before = await powerOf(environment, source);
  const target = targetOf(source, 1);
  const first = await environment.clone(source, target);
  const disk = { ...target, name: `${target.name}-root` };
  const { dataVolumes } = environment.caches;
  await environment.until(dataVolumes, disk, (each) => Number.parseFloat(each?.status?.progress ?? '') > 0);
  await first.handle.terminate('an operator who knows no better');
  const remains = await uidsOf(await tracesOf(environment, first));
  const kinds = [...remains.keys()].map((trace) => trace.split(' ')[0]);
  expect(new Set(kinds)).toEqual(new Set(['VirtualMachine', 'DataVolume', 'PersistentVolumeClaim', 'Pod']));

  const retry = await environment.clone(source, target);
  expect(await retry.result()).toMatchObject({ outcome: 'Completed' });

  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  await environment.untilRunning(target);
  const now = await uidsOf([...remains.keys()]);
  expect([...remains].filter(([trace, uid]) => now.get(trace) === uid)).toEqual([]);
  expect((await environment.client.get(Kinds.VirtualMachine, target))?.metadata.labels).toMatchObject({
    [MARKS.cloneUid]: retry.input.cloneUid,
  });
});

/** Uids of those objects, named as `tracesOf` does, that exist. */
async function uidsOf(traces: string[]): Promise<Map<string, string>> {
  const uids = new Map<string, string>();
  const kinds: Kind[] = [Kinds.VirtualMachine, Kinds.DataVolume, Kinds.PersistentVolumeClaim, Kinds.Pod];
  for (const kind of kinds) {
    const { items } = await environment.client.list(kind, { namespace: 'demo' });
    for (const { metadata } of items) {
      const trace = `${kind.kind} ${metadata.namespace}/${metadata.name}`;
      if (traces.includes(trace)) uids.set(trace, metadata.uid as string);
    }
  }
  return uids;
}

test('ten clones of one source leave it as it was, and no lock', async () => {
  const source = await makeMachine(environment, 'many');
  const before = await powerOf(environment, source);
  const clones = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      environment.clone(source, targetOf(source, n), { startAfterClone: false }),
    ),
  );
  const documents = await Promise.all(clones.map((clone) => clone.result()));
  expect(documents.every(({ outcome }) => outcome === 'Completed')).toBe(true);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  const vms = await environment.client.list(Kinds.VirtualMachine, { namespace: 'demo' });
  const made = vms.items.filter(({ metadata }) => metadata.name.startsWith('many-clone-'));
  expect(made).toHaveLength(10);
  const own = (read: (vm: VirtualMachine) => unknown) => new Set([...made, ...vms.items].map(read)).size;
  expect(own(({ spec }) => spec.template.spec.domain.firmware?.uuid)).toBe(vms.items.length);
  expect(own(({ spec }) => spec.template.spec.domain.firmware?.serial)).toBe(vms.items.length);
  const macs = made.map(({ spec }) => spec.template.spec.domain.devices?.interfaces?.[0]?.macAddress);
  expect(new Set([...macs, undefined]).size).toBe(11);
});
