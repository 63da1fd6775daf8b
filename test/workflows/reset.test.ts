import { randomUUID } from 'node:crypto';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import {
  type FinalDocument,
  IN_PROGRESS,
  MARKS,
  SWEEP_WORKFLOW,
  TASK_QUEUE,
  type VmRef,
} from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { cloneLookup } from '../../src/temporal';
import { Clone, type Environment, startEnvironment } from '../support/environment';
import { powerOf } from '../support/invariants';
import { makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 30 } });
});
afterAll(() => environment?.stop());

/** A clone that its user works with. */
async function completed(name: string) {
  const source = await makeMachine(environment, name);
  const before = await powerOf(environment, source);
  const target: VmRef = { namespace: 'demo', name: `${name}-clone` };
  const clone = await environment.clone(source, target);
  expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
  await environment.untilRunning(target);
  return { source, before, target, clone, kept: await keptOf(target) };
}

/** What must be the same ever after: the VM, its disk, and that nobody has asked to delete them. */
async function keptOf(target: VmRef) {
  const disk = { ...target, name: `${target.name}-root` };
  const [vm, dataVolume, claim] = await Promise.all([
    environment.client.get(Kinds.VirtualMachine, target),
    environment.client.get(Kinds.DataVolume, disk),
    environment.client.get(Kinds.PersistentVolumeClaim, disk),
  ]);
  return [vm, dataVolume, claim].map((each) => ({
    uid: each?.metadata.uid,
    deletion: each?.metadata.deletionTimestamp,
  }));
}

/** As an operator resets a workflow in Temporal's UI: it runs again from the task that scheduled that step. */
async function resetTo(step: string, { handle, input }: Clone): Promise<Clone> {
  const { client, namespace } = environment.temporal;
  const { events = [] } = await handle.fetchHistory();
  const scheduled = events?.findIndex(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === step,
  );
  const task = events?.slice(0, scheduled).findLast((each) => each.workflowTaskCompletedEventAttributes);
  const { runId } = await handle.describe();
  const again = await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId: handle.workflowId, runId },
    reason: 'an operator who wants to see it again',
    workflowTaskFinishEventId: task?.eventId,
    requestId: randomUUID(),
  });
  return new Clone(input, client.workflow.getHandle(handle.workflowId, again.runId));
}

/** The outcome of a clone, with the type of its failure. */
function endingOf(clone: Clone): Promise<string> {
  return clone.result().then(
    ({ outcome }) => outcome,
    ({ cause }: WorkflowFailedError) => {
      const [document] = ((cause as ApplicationFailure).details ?? []) as FinalDocument[];
      return `${document?.outcome}: ${document?.failure?.type}`;
    },
  );
}

describe('a completed clone that is reset', () => {
  test.each([
    ['lockSource', 'Failed: NameTaken'],
    ['shutDownSource', 'Failed: LockLost'],
    ['createTarget', 'Failed: NameTaken'],
    ['copyDisks', 'Failed: SourceUsedDuringCopy'],
    ['unlockSource', 'Completed'],
  ])('to before %s: %s; clone and source stay as they are', async (step, ending) => {
    const { source, before, target, clone, kept } = await completed(`reset-${step.toLowerCase()}`);
    const again = await resetTo(step, clone);
    expect(await endingOf(again)).toBe(ending);
    expect(await keptOf(target)).toEqual(kept);
    await environment.untilRunning(target);
    await environment.untilRunning(source);
    expect(await powerOf(environment, source)).toEqual(before);
  });
});

test('reset in mid-copy, completed, its mark put back: the sweep finishes it, and deletes nothing', async () => {
  const source = await makeMachine(environment, 'twice', { disks: [{ name: 'root', class: 'standard' }] });
  const target: VmRef = { namespace: 'demo', name: 'twice-clone' };
  const clone = await environment.clone(source, target);
  const { runId } = await clone.handle.describe();
  await environment.untilHeartbeat(clone, ({ percent }) => percent !== null);
  expect(await endingOf(await resetTo('copyDisks', clone))).toBe('Completed');
  await environment.untilRunning(target);
  const kept = await keptOf(target);
  const annotations = { [MARKS.inProgress]: IN_PROGRESS.copying };
  await environment.client.patchMerge(Kinds.VirtualMachine, target, { metadata: { annotations } });

  const swept = await environment.temporal.client.workflow.execute(SWEEP_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId: `sweep-${randomUUID()}`,
    args: [{ installation: environment.installation, heartbeatTimeoutSeconds: 3, confirmAfterSeconds: 0.2 }],
  });
  expect(swept).toEqual({ settled: [clone.input.cloneUid], left: [] });
  expect(await keptOf(target)).toEqual(kept);
  const vm = await environment.client.get(Kinds.VirtualMachine, target);
  expect(vm?.metadata.annotations).not.toHaveProperty([MARKS.inProgress]);

  // Asked by the first run's mark when another clone has its id: the run that followed it tells.
  expect(await endingOf(await environment.clone(source, target))).toBe('Failed: NameTaken');
  const lookup = cloneLookup(environment.temporal.client);
  expect(await lookup.find(clone.handle.workflowId, clone.input, runId)).toMatchObject({
    live: false,
    stage: 'committed',
  });
});

test('its mark is put back (GitOps), and its name asked for again: NameTaken, and nothing is deleted', async () => {
  const { source, before, target, kept } = await completed('reapplied');
  await environment.client.patchMerge(Kinds.VirtualMachine, target, {
    metadata: { annotations: { [MARKS.inProgress]: IN_PROGRESS.copying } },
  });
  environment.clearRequests();
  const second = await environment.clone(source, target);
  expect(await endingOf(second)).toBe('Failed: NameTaken');
  expect(environment.workerRequests().filter(({ verb }) => !['get', 'list'].includes(verb))).toEqual([]);
  expect(await keptOf(target)).toEqual(kept);
  expect(await powerOf(environment, source)).toEqual(before);
});
