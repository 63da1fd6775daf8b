import type { VmRef } from '../../src/contract';
import { type Kind, Kinds } from '../../src/kubernetes';
import { type Environment, startEnvironment } from '../support/environment';
import { powerOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment?.stop());

const guestEnds = { 'simulator.vm-clone.io/guest-exits': 'succeeded' };
const guestFails = { 'simulator.vm-clone.io/guest-exits': 'failed' };

describe('a source comes back exactly as it was', () => {
  test.each<[string, MachineOptions]>([
    ['Always, on', { power: { runStrategy: 'Always' } }],
    ['running: true', { power: { running: true } }],
    ['running: false', { power: { running: false } }],
    ['Halted', { power: { runStrategy: 'Halted' } }],
    ['Manual, on', { power: { runStrategy: 'Manual' }, on: true }],
    ['Manual, off', { power: { runStrategy: 'Manual' } }],
    ['RerunOnFailure, on', { power: { runStrategy: 'RerunOnFailure' } }],
    ['RerunOnFailure, off', { power: { runStrategy: 'RerunOnFailure' }, on: false }],
    ['Once, on', { power: { runStrategy: 'Once' } }],
    ['Once, its guest ended', { power: { runStrategy: 'Once' }, annotations: guestEnds, ended: true }],
    [
      'Manual, its guest ended',
      { power: { runStrategy: 'Manual' }, on: true, annotations: guestEnds, ended: true },
    ],
    ['Once, its guest failed', { power: { runStrategy: 'Once' }, annotations: guestFails, ended: true }],
    [
      'Manual, its guest failed',
      { power: { runStrategy: 'Manual' }, on: true, annotations: guestFails, ended: true },
    ],
    [
      'RerunOnFailure, its guest ended',
      { power: { runStrategy: 'RerunOnFailure' }, annotations: guestEnds, ended: true },
    ],
  ])('%s', async (name, options) => {
    const source = await makeMachine(environment, nameFor(name), options);
    const before = await powerOf(environment, source);
    const target: VmRef = { namespace: 'demo', name: `${source.name}-clone` };

    const last = await (await environment.clone(source, target, { startAfterClone: false })).result();

    expect(last.outcome).toBe('Completed');
    expect(await powerOf(environment, source)).toEqual(before);
    if (before?.on) await environment.untilRunning(source);
    else expect(last.timings).not.toHaveProperty('sourceRunningAt');
  });
});

describe('a guest that ends by itself and is started again by its strategy', () => {
  test.each<[string, MachineOptions]>([
    ['Always', { power: { runStrategy: 'Always' } }],
    ['RerunOnFailure, failing', { power: { runStrategy: 'RerunOnFailure' } }],
  ])('%s: it is off during the copy, and then goes on like that', async (name, options) => {
    const result = name === 'Always' ? 'succeeded' : 'failed';
    const annotations = { 'simulator.vm-clone.io/guest-exits': `${result}:0.3` };
    const source = await makeMachine(environment, `loop-${nameFor(name)}`, { ...options, annotations });
    const target: VmRef = { namespace: 'demo', name: `${source.name}-clone` };
    const last = await (await environment.clone(source, target, { startAfterClone: false })).result();
    expect(last.outcome).toBe('Completed');
    const vm = await environment.client.get(Kinds.VirtualMachine, source);
    expect(vm?.spec).toMatchObject(options.power as object);
    await environment.untilRunning(source);
  });
});

describe('an operation of KubeVirt on the source', () => {
  const operation = (plural: string, kind: string, groupVersion: string): Kind => {
    const [group = '', version = ''] = groupVersion.split('/');
    return { group, version, plural, kind, namespaced: true };
  };
  const Snapshot = operation(
    'virtualmachinesnapshots',
    'VirtualMachineSnapshot',
    'snapshot.kubevirt.io/v1beta1',
  );
  const held = (what: string) => ({ [`simulator.vm-clone.io/${what}-seconds`]: 'never' });
  const snapshotOf = (name: string) => ({
    metadata: { namespace: 'demo', name },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name } },
  });

  test('it is asked to migrate: refused before anything is touched', async () => {
    const source = await makeMachine(environment, 'moving', {
      annotations: held('migration'),
      disks: [{ name: 'root', block: true }],
    });
    await environment.client.create(Kinds.Migration, {
      metadata: { namespace: 'demo', name: 'moving' },
      spec: { vmiName: 'moving' },
    });
    await refused(source, 'is migrating to another node');
  });

  test('a snapshot of it is being taken: refused before anything is touched', async () => {
    const source = await makeMachine(environment, 'pictured', { annotations: held('snapshot') });
    await environment.client.create(Snapshot, snapshotOf('pictured'));
    await environment.untilVm(source, (vm) => vm?.status?.snapshotInProgress !== undefined);
    await refused(source, 'pictured is in a snapshot right now (pictured)');
  });

  test('a snapshot begun in mid-copy holds its return up, and no longer', async () => {
    const source = await makeMachine(environment, 'late', { annotations: held('snapshot') });
    const before = await powerOf(environment, source);
    const clone = await environment.clone(source, { ...source, name: 'late-clone' });
    await environment.untilVm({ ...source, name: 'late-clone' }, (vm) => vm !== undefined);
    await environment.client.create(Snapshot, snapshotOf('late'));
    await environment.untilVm(source, (vm) => vm?.status?.snapshotInProgress !== undefined);
    await environment.poll(async () => {
      const { raw } = await clone.handle.describe();
      const unlock = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'unlockSource');
      return unlock?.lastFailure?.message?.includes('until snapshot "late" completes') || undefined;
    });
    await environment.client.patchMerge(Kinds.VirtualMachine, source, {
      metadata: { annotations: { 'simulator.vm-clone.io/snapshot-seconds': '0' } },
    });
    expect((await clone.result()).outcome).toBe('Completed');
    expect(await powerOf(environment, source)).toEqual(before);
  });

  async function refused(source: VmRef, why: string): Promise<void> {
    const before = await powerOf(environment, source);
    const clone = await environment.clone(source, { ...source, name: `${source.name}-clone` });
    const message = expect.stringContaining(why);
    await expect(clone.result()).rejects.toMatchObject({ cause: { type: 'PlanBlocked', message } });
    expect(await powerOf(environment, source)).toEqual(before);
    await environment.untilRunning(source);
  }
});

describe('a clone starts with the strategy that fits', () => {
  test.each<[string, MachineOptions, boolean, object]>([
    ['Always, started', { power: { runStrategy: 'Always' } }, true, { runStrategy: 'Always', on: true }],
    [
      'Always, not started',
      { power: { runStrategy: 'Always' } },
      false,
      { runStrategy: 'Halted', on: false },
    ],
    ['running: true, started', { power: { running: true } }, true, { runStrategy: 'Always', on: true }],
    ['Halted, started', { power: { runStrategy: 'Halted' } }, true, { runStrategy: 'Always', on: true }],
    [
      'Halted, not started',
      { power: { runStrategy: 'Halted' } },
      false,
      { runStrategy: 'Halted', on: false },
    ],
    ['Manual, started', { power: { runStrategy: 'Manual' } }, true, { runStrategy: 'Manual', on: true }],
    [
      'Manual, not started',
      { power: { runStrategy: 'Manual' } },
      false,
      { runStrategy: 'Manual', on: false },
    ],
    ['Once, started', { power: { runStrategy: 'Once' } }, true, { runStrategy: 'Once', on: true }],
    [
      'RerunOnFailure, started',
      { power: { runStrategy: 'RerunOnFailure' } },
      true,
      { runStrategy: 'RerunOnFailure', on: true },
    ],
    [
      'RerunOnFailure, not started',
      { power: { runStrategy: 'RerunOnFailure' } },
      false,
      { runStrategy: 'Halted', on: false },
    ],
  ])('%s', async (name, options, startAfterClone, expected) => {
    const source = await makeMachine(environment, `s-${nameFor(name)}`, options);
    const target: VmRef = { namespace: 'demo', name: `${source.name}-clone` };
    const last = await (await environment.clone(source, target, { startAfterClone })).result();
    expect(last).toMatchObject({ outcome: 'Completed' });
    if (startAfterClone) await environment.untilRunning(target);
    expect(await powerOf(environment, target)).toMatchObject(expected);
  });
});

function nameFor(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
}
