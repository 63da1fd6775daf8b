import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { VirtualMachine } from '../../src/clone';
import { type FinalDocument, MARKS, MEMO, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { concerns, refuse } from '../support/faults';
import { powerOf, tracesOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 29 } });
});
afterAll(() => environment?.stop());

const steered = (steering: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(steering).map(([name, value]) => [`simulator.vm-clone.io/${name}`, value]),
  );

/** The document of a clone that fails. */
async function failureOf(clone: Clone): Promise<FinalDocument> {
  const error: WorkflowFailedError = await clone.result().then(
    () => Promise.reject(new Error('It completed')),
    (failure) => failure,
  );
  return (error.cause as ApplicationFailure).details?.[0] as FinalDocument;
}

async function cloneOf(name: string, options: MachineOptions, wish: object = {}) {
  const source = await makeMachine(environment, name, options);
  const before = await powerOf(environment, source);
  const target: VmRef = { namespace: 'demo', name: `${name}-clone` };
  const clone = await environment.clone(source, target, wish);
  return { source, before, target, clone };
}

async function untilCopying({ input }: Clone, disk: string): Promise<void> {
  const ref = { namespace: input.target.namespace, name: `${input.target.name}-${disk}` };
  await environment.until(
    environment.caches.dataVolumes,
    ref,
    (dataVolume) => Number.parseFloat(dataVolume?.status?.progress ?? '') > 0,
  );
}

const COPIED: MachineOptions = { disks: [{ name: 'root', class: 'standard' }] };

describe('a source that will not stop', () => {
  test.each<[string, MachineOptions]>([
    ['Always', { power: { runStrategy: 'Always' } }],
    ['Manual', { power: { runStrategy: 'Manual' }, on: true }],
    ['running: true', { power: { running: true } }],
  ])('%s: SourceShutdownFailed, nothing made, the power state restored', async (name, options) => {
    const { source, before, target, clone } = await cloneOf(
      `stuck-${name.toLowerCase().replaceAll(/\W+/g, '-')}`,
      { ...options, annotations: steered({ 'stop-seconds': 'never' }) },
      { options: { shutdownTimeoutSeconds: 1 } },
    );
    const made: string[] = [];
    const end = environment.caches.dataVolumes.onChange({ namespace: 'demo' }, (_, { metadata }) => {
      if (metadata.name.startsWith(target.name)) made.push(metadata.name);
    });
    const last = await failureOf(clone);
    end();
    expect(last).toMatchObject({ outcome: 'Failed', failure: { type: 'SourceShutdownFailed' } });
    expect(last.failure?.message).toContain(`${source.namespace}/${source.name} did not shut down in time`);
    expect(made).toEqual([]);
    expect(await tracesOf(environment, clone)).toEqual([]);
    const after = await powerOf(environment, source);
    expect({ ...after, marks: [] }).toEqual(before);
  });

  test.each<[string, MachineOptions]>([
    ['Always', { power: { runStrategy: 'Always' } }],
    ['Manual', { power: { runStrategy: 'Manual' }, on: true }],
    ['RerunOnFailure', { power: { runStrategy: 'RerunOnFailure' } }],
  ])('%s, and goes down when its time is over: it runs again', async (name, options) => {
    const { source, before, clone } = await cloneOf(
      `late-${name.toLowerCase()}`,
      { ...options, annotations: steered({ 'stop-seconds': '2' }) },
      { options: { shutdownTimeoutSeconds: 1 } },
    );
    expect(await failureOf(clone)).toMatchObject({ failure: { type: 'SourceShutdownFailed' } });
    await environment.until(
      environment.caches.instances,
      source,
      (vmi) => vmi?.status?.phase === 'Running' && !vmi.metadata.deletionTimestamp,
    );
    expect(await powerOf(environment, source)).toEqual(before);
  });

  test('goes down by force where that was asked for', async () => {
    const { source, before, clone } = await cloneOf(
      'forced',
      { annotations: steered({ 'stop-seconds': 'never' }) },
      { options: { shutdownTimeoutSeconds: 1, forceShutdown: true } },
    );
    expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
    await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  });
});

test('a source started in mid-copy: the clone fails and goes, the source stays as the person set it', async () => {
  const { source, clone } = await cloneOf('touched', COPIED);
  await untilCopying(clone, 'root');
  await environment.client.act(source, 'start');
  const last = await failureOf(clone);
  expect(last.failure).toMatchObject({ type: 'SourceUsedDuringCopy' });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toMatchObject({ runStrategy: 'Always', on: true, marks: [] });
});

test('an edit of the source during the copy is not in the clone, and stays in the source', async () => {
  const { source, target, clone } = await cloneOf('edited', COPIED);
  await untilCopying(clone, 'root');
  await environment.client.patchMerge(Kinds.VirtualMachine, source, {
    spec: { template: { spec: { domain: { memory: { guest: '2Gi' } } } } },
  });
  expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
  const memoryOf = async (ref: VmRef) =>
    (await environment.client.get(Kinds.VirtualMachine, ref))?.spec.template.spec.domain.memory?.guest;
  expect({ source: await memoryOf(source), target: await memoryOf(target) }).toEqual({
    source: '2Gi',
    target: '1Gi',
  });
});

test('a target deleted in mid-copy: TargetDeleted, and the source is back', async () => {
  const { source, before, target, clone } = await cloneOf('dropped', COPIED);
  await untilCopying(clone, 'root');
  await environment.client.delete(Kinds.VirtualMachine, target);
  expect((await failureOf(clone)).failure).toMatchObject({ type: 'TargetDeleted' });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('a source deleted in mid-copy: the copy finishes, for its claims are protected', async () => {
  const { source, target, clone } = await cloneOf('gone', COPIED);
  await untilCopying(clone, 'root');
  await environment.client.delete(Kinds.VirtualMachine, source);
  const last = await clone.result();
  expect(last).toMatchObject({ outcome: 'Completed' });
  expect(last.warnings).toContainEqual(expect.objectContaining({ type: 'SourceDeleted' }));
  await environment.untilRunning(target);
});

describe('a lock that somebody removes: LockLost, everything undone, the source as it was', () => {
  test.each<[string, MachineOptions]>([
    ['Always', {}],
    ['Manual', { power: { runStrategy: 'Manual' }, on: true }],
  ])('%s', async (strategy, options) => {
    const { source, before, clone } = await cloneOf(`unlocked-${strategy.toLowerCase()}`, {
      ...COPIED,
      ...options,
    });
    await untilCopying(clone, 'root');
    await environment.client.patchMerge(Kinds.VirtualMachine, source, {
      metadata: { annotations: { [MARKS.lock]: null } },
    });
    expect((await failureOf(clone)).failure).toMatchObject({ type: 'LockLost' });
    expect(await tracesOf(environment, clone)).toEqual([]);
    await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  });
});

test('a webhook that refuses the lock with 422: Refused, in its words, and nothing is touched', async () => {
  const source = await makeMachine(environment, 'refused');
  const before = await environment.client.get(Kinds.VirtualMachine, source);
  const message = 'admission webhook "vm.example.org" denied the request: change freeze until Monday';
  const allow = refuse(environment, (request) => concerns(request, 'UPDATE', source), {
    code: 422,
    reason: 'Invalid',
    message,
  });
  const clone = await environment.clone(source, { namespace: 'demo', name: 'refused-clone' });
  const last = await failureOf(clone);
  allow();
  expect(last.failure).toMatchObject({ type: 'Refused', message: expect.stringContaining(message) });
  expect(await tracesOf(environment, clone)).toEqual([]);
  const after = await environment.client.get(Kinds.VirtualMachine, source);
  const touchable = ({ metadata, spec }: VirtualMachine) => [metadata.generation, metadata.annotations, spec];
  expect(touchable(after as VirtualMachine)).toEqual(touchable(before as VirtualMachine));
  expect(await powerOf(environment, source)).toMatchObject({ runStrategy: 'Always', on: true, marks: [] });
});

test('a copy that crashes for ever: CopyFailed, with the reason', async () => {
  const source = await makeMachine(environment, 'crash', COPIED);
  await environment.client.patchMerge(
    Kinds.PersistentVolumeClaim,
    { namespace: 'demo', name: 'crash-root' },
    { metadata: { annotations: steered({ copy: 'fail' }) } },
  );
  const before = await powerOf(environment, source);
  const clone = await environment.clone(source, { namespace: 'demo', name: 'crash-clone' });
  const last = await failureOf(clone);
  expect(last.failure).toMatchObject({ type: 'CopyFailed', message: expect.stringContaining('Disk root') });
  expect(await tracesOf(environment, clone)).toEqual([]);
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('a stalled copy says so, and why, while it waits; a cancel ends it', async () => {
  const source = await makeMachine(environment, 'stall', COPIED);
  await environment.client.patchMerge(
    Kinds.PersistentVolumeClaim,
    { namespace: 'demo', name: 'stall-root' },
    { metadata: { annotations: steered({ copy: 'stall:40' }) } },
  );
  const clone = await environment.clone(source, { namespace: 'demo', name: 'stall-clone' });
  const heartbeat = await environment.untilHeartbeat(clone, ({ stalled }) => stalled !== undefined);
  expect(heartbeat.percent).toBe(40);
  expect(heartbeat.stalled?.diagnosis).toContain('Disk root: CloneInProgress at 40%');
  await clone.cancel();
  expect(await clone.result()).toMatchObject({ outcome: 'Cancelled' });
});

describe('a name that is taken', () => {
  test('by a VM: refused before anything is touched', async () => {
    const other = await makeMachine(environment, 'taken-clone', { power: { runStrategy: 'Halted' } });
    const { source, before, clone } = await cloneOf('taken', {});
    expect((await failureOf(clone)).failure).toMatchObject({ type: 'NameTaken' });
    expect(await powerOf(environment, source)).toEqual(before);
    expect(await environment.client.get(Kinds.VirtualMachine, other)).toBeDefined();
  });

  test('by a claim that appears after the plan: the claim survives the undo', async () => {
    const source = await makeMachine(environment, 'late', { annotations: steered({ 'stop-seconds': '1' }) });
    const before = await powerOf(environment, source);
    const clone = await environment.clone(source, { namespace: 'demo', name: 'late-clone' });
    await environment.untilVm(source, (vm) => vm?.metadata.annotations?.[MARKS.lock] !== undefined);
    const claim = { namespace: 'demo', name: 'late-clone-root' };
    await environment.client.create(Kinds.PersistentVolumeClaim, {
      metadata: claim,
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'csi',
        resources: { requests: { storage: '1Gi' } },
      },
    });
    expect((await failureOf(clone)).failure).toMatchObject({ type: 'NameTaken' });
    const survivor = await environment.client.get(Kinds.PersistentVolumeClaim, claim);
    expect(survivor?.metadata.deletionTimestamp).toBeUndefined();
    expect(survivor).toBeDefined();
    await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  });
});

test('a failure shows in the memo while the undo still runs', async () => {
  const { clone } = await cloneOf(
    'shown',
    { annotations: steered({ 'stop-seconds': 'never' }) },
    { options: { shutdownTimeoutSeconds: 1 } },
  );
  await failureOf(clone);
  const { memo } = await clone.handle.describe();
  expect(memo?.[MEMO.failure]).toMatchObject({ type: 'SourceShutdownFailed' });
});
