import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import {
  CLONE_WORKFLOW,
  type CloneInput,
  cloneWorkflowId,
  MEMO,
  type Phase,
  type TargetRecord,
} from '../../src/contract';
import { type CloneLookup, cloneLookup, type Stage, searchAttributesOf } from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { begin, cloneInput } from './stand-in';

const RECORD: TargetRecord = { vmUid: 'vm-1', dataVolumes: [{ name: 'x-root', uid: 'dv-1' }] };

let temporal: TestTemporal;
let lookup: CloneLookup;

// Without a worker: what `describe()` says needs none.
beforeAll(async () => {
  temporal = await startTemporal();
  lookup = cloneLookup(temporal.client);
});
afterAll(() => temporal?.stop());

function find({ target, cloneUid, installation }: CloneInput, runId?: string) {
  return lookup.find(cloneWorkflowId(target), { cloneUid, installation }, runId);
}

/** A clone as the API starts it. */
async function started(name: string): Promise<{ input: CloneInput; handle: WorkflowHandle; runId: string }> {
  const input = cloneInput(name);
  await begin(temporal, input);
  const handle = temporal.client.workflow.getHandle(cloneWorkflowId(input.target));
  return { input, handle, runId: (await handle.describe()).runId };
}

/** A clone that was terminated when it had come so far. */
async function terminatedIn(phase: Phase, name: string, record?: TargetRecord) {
  const input = cloneInput(name);
  const { cloneUid, source, target, requestedBy } = input;
  const handle = await temporal.client.workflow.start(CLONE_WORKFLOW, {
    taskQueue: 'nobody',
    workflowId: cloneWorkflowId(target),
    args: [input],
    typedSearchAttributes: searchAttributesOf({ phase, source, target, requestedBy }),
    memo: { [MEMO.cloneUid]: cloneUid, ...(record && { [MEMO.target]: record }) },
  });
  await handle.terminate();
  return { input, runId: handle.firstExecutionRunId };
}

describe('a clone under way', () => {
  it('is live, and not past its commit point', async () => {
    const { input, runId } = await started('live');
    const expected = { live: true, stage: 'forward', record: undefined };
    expect(await find(input)).toEqual(expected);
    expect(await find(input, runId)).toEqual(expected);
  });

  it('counts as live when it was started by hand: without a memo nobody knows whose it is', async () => {
    const input = cloneInput('by-hand');
    await temporal.client.workflow.start(CLONE_WORKFLOW, {
      taskQueue: 'nobody',
      workflowId: cloneWorkflowId(input.target),
      args: [input],
    });
    expect(await find(input)).toEqual({ live: true });
  });

  it('is told by its latest run, when its marks are of an earlier one of its own', async () => {
    const { input, runId } = await terminatedIn('RollingBack', 'reset', RECORD);
    await begin(temporal, input);
    expect(await find(input, runId)).toEqual({ live: true, stage: 'forward', record: undefined });
  });
});

describe('a clone that is closed', () => {
  it.each<[Phase, Stage]>([
    ['Validating', 'forward'],
    ['ShuttingDown', 'forward'],
    ['Copying', 'forward'],
    ['RollingBack', 'undoing'],
    ['Cancelled', 'undoing'],
    ['Failed', 'undoing'],
    ['RestartingSource', 'committed'],
    ['Finishing', 'committed'],
    ['Completed', 'committed'],
  ])('in phase %s: %s', async (phase, stage) => {
    const { input, runId } = await terminatedIn(phase, `in-${phase.toLowerCase()}`);
    expect(await find(input, runId)).toEqual({ live: false, stage, record: undefined });
  });

  it('as the API had started it: it had not come past its commit point', async () => {
    const { input, handle } = await started('cut');
    await handle.terminate();
    expect(await find(input)).toEqual({ live: false, stage: 'forward', record: undefined });
  });

  it('tells what it had made', async () => {
    const { input } = await terminatedIn('Copying', 'made', RECORD);
    expect(await find(input)).toMatchObject({ record: RECORD });
  });
});

describe('a name that another clone has now', () => {
  it('the marks say which run they are of: that one is told', async () => {
    const { input, runId } = await terminatedIn('Finishing', 'again', RECORD);
    const { handle } = await started('again');
    const expected = { live: false, stage: 'committed', record: RECORD };
    expect(await find(input, runId)).toEqual(expected);
    await handle.terminate();
    expect(await find(input, runId)).toEqual(expected);
  });

  it('marks that name no run: it is closed, and nobody knows how it ended', async () => {
    const { input } = await terminatedIn('Finishing', 'unmarked', RECORD);
    await started('unmarked');
    expect(await find(input)).toEqual({ live: false });
  });

  it('marks of another clone’s run prove nothing', async () => {
    const { runId } = await terminatedIn('Copying', 'forged', RECORD);
    await started('forged');
    expect(await find(cloneInput('forged'), runId)).toEqual({ live: false });
  });
});

describe('what Temporal does not know', () => {
  it('an id: closed, and nobody knows how', async () => {
    expect(await find(cloneInput('unknown'))).toEqual({ live: false });
    expect(await find(cloneInput('unknown'), randomUUID())).toEqual({ live: false });
  });

  it.each([
    ['a run', randomUUID()],
    ['a run id that can be none, in a mark that somebody wrote', 'not-a-run'],
  ])('%s: closed, and nobody knows how', async (_, runId) => {
    await started(`lost-${runId}`);
    expect(await find(cloneInput(`lost-${runId}`), runId)).toEqual({ live: false });
  });
});
