import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultDataConverter } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import type { Orphan } from '../../src/activities/find-orphans';
import { IN_PROGRESS, MARKS, SWEEP_WORKFLOW, TASK_QUEUE, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { SweepInput, SweepResult } from '../../src/workflows/sweep-orphans';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { concerns, refuse, refuseStarts } from '../support/faults';
import { powerOf, tracesOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
let installation: string;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 29 } });
  installation = environment.installation;
});
afterAll(() => environment?.stop());

function startSweep(): Promise<WorkflowHandle> {
  const { client } = environment.temporal;
  const args = [{ installation, heartbeatTimeoutSeconds: 3, confirmAfterSeconds: 0.2 }] satisfies [
    SweepInput,
  ];
  const workflowId = `sweep-${randomUUID()}`;
  return client.workflow.start(SWEEP_WORKFLOW, { taskQueue: TASK_QUEUE, workflowId, args });
}

async function sweep(): Promise<SweepResult> {
  return (await startSweep()).result();
}

const DISK: MachineOptions = { disks: [{ name: 'root', class: 'standard' }] };

async function cloneOf(name: string, options: MachineOptions = {}, wish: object = {}) {
  const source = await makeMachine(environment, name, { ...DISK, ...options });
  const before = await powerOf(environment, source);
  const target: VmRef = { namespace: 'demo', name: `${name}-clone` };
  const clone = await environment.clone(source, target, { installation, ...wish });
  return { source, before, target, clone };
}

const untilMark = (target: VmRef, mark: string) =>
  environment.untilVm(target, (vm) => vm?.metadata.annotations?.[MARKS.inProgress] === mark);

async function terminate({ handle }: Clone): Promise<void> {
  await handle.terminate('an operator who knows no better');
}

test('terminated in mid-copy: the sweep gives the source back and removes the clone', async () => {
  const { source, before, target, clone } = await cloneOf('cut');
  await untilMark(target, IN_PROGRESS.copying);
  await terminate(clone);

  expect(await sweep()).toEqual({ settled: [clone.input.cloneUid], left: [] });

  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
  await environment.untilVm(target, (vm) => vm === undefined);
  await environment.poll(async () => ((await tracesOf(environment, clone)).length === 0 ? true : undefined));
});

test('terminated when it was copied: the sweep finishes it; startAfterClone: false survives that', async () => {
  const { source, before, target, clone } = await cloneOf('whole', {}, { startAfterClone: false });
  await untilMark(target, IN_PROGRESS.copied);
  await terminate(clone);
  await sweep();
  const vm = await environment.client.get(Kinds.VirtualMachine, target);
  expect(vm?.metadata.annotations).not.toHaveProperty([MARKS.inProgress]);
  expect(vm?.spec.runStrategy).toBe('Halted');
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
});

test('terminated while a Manual source is still owed its start: the sweep pays', async () => {
  const starts = refuseStarts(environment, 'owed');
  const { source, before, clone } = await cloneOf('owed', { power: { runStrategy: 'Manual' }, on: true });
  starts.refuse();
  await environment.untilVm(
    source,
    (vm) =>
      vm?.metadata.annotations?.[MARKS.power] !== undefined &&
      vm.metadata.annotations[MARKS.lock] === undefined,
  );
  await terminate(clone);
  starts.allow();
  await sweep();
  await environment.untilRunning(source);
  await environment.poll(async () => {
    const power = await powerOf(environment, source);
    return JSON.stringify(power) === JSON.stringify(before) || undefined;
  });
});

test('what is under way, of another installation, or only looks like ours is left alone', async () => {
  const { source, target, clone } = await cloneOf('live');
  await untilMark(target, IN_PROGRESS.copying);
  const marked = await environment.client.get(Kinds.VirtualMachine, target);
  const forge = async (name: string, labels: Record<string, string>) => {
    await environment.client.create(Kinds.VirtualMachine, {
      metadata: {
        namespace: 'demo',
        name,
        labels: { ...marked?.metadata.labels, ...labels },
        annotations: marked?.metadata.annotations,
      },
      spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
    });
    return { namespace: 'demo', name };
  };
  const copied = await forge('live-copied-manifest', {});
  const foreign = await forge('live-foreign', { [MARKS.installation]: randomUUID() });

  expect(await sweep()).toEqual({ settled: [], left: [] });
  await clone.cancel();
  expect(await clone.result()).toMatchObject({ outcome: 'Cancelled' });
  await sweep();
  expect(await environment.client.get(Kinds.VirtualMachine, copied)).toBeDefined();
  expect(await environment.client.get(Kinds.VirtualMachine, foreign)).toBeDefined();
  await environment.untilRunning(source);
});

type Orphaned = Awaited<ReturnType<typeof cloneOf>>;

/** A clone that was terminated in mid-copy. */
async function orphanOf(name: string): Promise<Orphaned> {
  const made = await cloneOf(name);
  await untilMark(made.target, IN_PROGRESS.copying);
  await terminate(made.clone);
  return made;
}

async function givenBack({ source, before }: Orphaned): Promise<void> {
  await environment.untilRunning(source);
  expect(await powerOf(environment, source)).toEqual(before);
}

describe('a finished clone whose mark was put back (GitOps)', () => {
  test('is only finished again', async () => {
    const { source, before, target, clone } = await cloneOf('reapplied', {
      disks: [{ name: 'root', class: 'csi' }],
    });
    await clone.result();
    const finished = await environment.client.get(Kinds.VirtualMachine, target);
    await environment.client.patchMerge(Kinds.VirtualMachine, target, {
      metadata: { annotations: { [MARKS.inProgress]: IN_PROGRESS.copying } },
    });
    await untilMark(target, IN_PROGRESS.copying);
    environment.clearRequests();

    expect(await sweep()).toEqual({ settled: [clone.input.cloneUid], left: [] });

    const swept = await environment.client.get(Kinds.VirtualMachine, target);
    expect(swept?.metadata).toMatchObject({ uid: finished?.metadata.uid });
    expect(swept?.metadata.deletionTimestamp).toBeUndefined();
    expect(swept?.metadata.annotations).not.toHaveProperty([MARKS.inProgress]);
    expect(environment.workerRequests().filter(({ verb }) => verb === 'delete')).toEqual([]);
    await environment.untilRunning(target);
    expect(await powerOf(environment, source)).toEqual(before);
  });
});

describe('a claim of a terminated clone', () => {
  test('whose DataVolume somebody deleted with Orphan is found and deleted', async () => {
    const { source, before, target, clone } = await cloneOf('abandoned', {
      disks: [
        { name: 'root', class: 'csi' },
        ...(DISK.disks ?? []).map((disk) => ({ ...disk, name: 'data' })),
      ],
    });
    const { client, caches } = environment;
    const root = { namespace: 'demo', name: `${target.name}-root` };
    await environment.until(caches.dataVolumes, root, (each) => each?.status?.phase === 'Succeeded');
    await terminate(clone);
    await client.delete(Kinds.DataVolume, root, { propagationPolicy: 'Orphan' });
    await environment.until(
      caches.claims,
      root,
      (claim) =>
        claim?.metadata.ownerReferences?.length === 0 ||
        (claim !== undefined && !claim.metadata.ownerReferences),
    );
    await client.delete(Kinds.VirtualMachine, target);
    await environment.untilVm(target, (vm) => vm === undefined);
    expect(await client.get(Kinds.PersistentVolumeClaim, root)).toBeDefined();

    expect(await sweep()).toEqual({ settled: [clone.input.cloneUid], left: [] });

    await environment.until(caches.claims, root, (claim) => claim === undefined);
    await environment.poll(async () =>
      (await tracesOf(environment, clone)).length === 0 ? true : undefined,
    );
    await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  });

  test('that CDI made for the time of the copy is not taken for loose', async () => {
    const { target, clone } = await cloneOf('temporary');
    await untilMark(target, IN_PROGRESS.copying);
    const temporary = await environment.poll(async () =>
      environment.caches.claims
        .list('demo')
        .find(({ metadata }) => metadata.name.startsWith('tmp-pvc-') && !metadata.deletionTimestamp),
    );
    expect(temporary.metadata.labels).toMatchObject({ [MARKS.cloneUid]: clone.input.cloneUid });
    expect(temporary.metadata.ownerReferences ?? []).toEqual([]);
    await terminate(clone);

    const handle = await startSweep();
    expect(await handle.result()).toEqual({ settled: [clone.input.cloneUid], left: [] });

    const found = await orphansFound(handle);
    expect(found).toMatchObject([
      { cloneUid: clone.input.cloneUid, unfinished: { copied: false }, loose: [] },
    ]);
    await environment.poll(async () =>
      (await tracesOf(environment, clone)).length === 0 ? true : undefined,
    );
  });
});

/** What the first look of a sweep has found. */
async function orphansFound(handle: WorkflowHandle): Promise<Orphan[]> {
  const { events } = await handle.fetchHistory();
  const result = events?.find((each) => each.activityTaskCompletedEventAttributes)
    ?.activityTaskCompletedEventAttributes?.result;
  return (await decodeArrayFromPayloads(defaultDataConverter, result?.payloads))[0] as Orphan[];
}

describe('one that cannot be settled', () => {
  test('its target may not be deleted: the source is given back, the orphan is left, others are settled', async () => {
    const kept = await orphanOf('kept');
    const other = await orphanOf('gone');
    const allow = refuse(environment, (request) => concerns(request, 'DELETE', kept.target));
    expect(await sweep()).toEqual({
      settled: [other.clone.input.cloneUid],
      left: [kept.clone.input.cloneUid],
    });
    await givenBack(other);
    await givenBack(kept);
    expect(await environment.client.get(Kinds.VirtualMachine, kept.target)).toBeDefined();
    allow();
    expect(await sweep()).toEqual({ settled: [kept.clone.input.cloneUid], left: [] });
    await environment.untilVm(kept.target, (vm) => vm === undefined);
  });

  test('its source takes no patch: others are settled meanwhile', async () => {
    const stuck = await orphanOf('stuck');
    const other = await orphanOf('free');
    const refuseTo = ({ source }: Orphaned) =>
      refuse(environment, (request) => concerns(request, 'UPDATE', source));
    const allow = refuseTo(stuck);
    const allowOther = refuseTo(other);
    const handle = await startSweep();
    // Side by side, whichever was found first.
    await untilTried(handle, 'unlockSource', 2);
    allowOther();
    await givenBack(other);
    await environment.untilVm(other.target, (vm) => vm === undefined);
    expect(await powerOf(environment, stuck.source)).toMatchObject({ on: false });
    allow();
    const { settled, left } = (await handle.result()) as SweepResult;
    expect(new Set(settled)).toEqual(new Set([stuck, other].map(({ clone }) => clone.input.cloneUid)));
    expect(left).toEqual([]);
    await givenBack(stuck);
  });
});

/** Waits until a step of the sweep has failed and is tried again, for so many orphans at once. */
function untilTried(handle: WorkflowHandle, step: string, orphans = 1): Promise<true> {
  return environment.poll(async () => {
    const { raw } = await handle.describe();
    const tried = raw.pendingActivities?.filter(
      ({ activityType, attempt }) => activityType?.name === step && (attempt ?? 0) > 1,
    );
    return tried?.length === orphans || undefined;
  });
}

test('a sweep that finds nothing writes nothing', async () => {
  environment.clearRequests();
  expect(await sweep()).toEqual({ settled: [], left: [] });
  expect(environment.workerRequests().filter(({ verb }) => !['get', 'list'].includes(verb))).toEqual([]);
});
