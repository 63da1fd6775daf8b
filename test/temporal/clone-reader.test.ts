import { CLONE_WORKFLOW, cloneWorkflowId, TASK_QUEUE } from '../../src/contract';
import { CloneReader, cancelClone } from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { begin, cloneInput, HEARTBEAT, startStandIn, untilClone } from './stand-in';
import { FAILURE } from './stand-in-workflows';

let temporal: TestTemporal;
let worker: Awaited<ReturnType<typeof startStandIn>>;
let clones: CloneReader;

beforeAll(async () => {
  temporal = await startTemporal();
  worker = await startStandIn(temporal);
  clones = new CloneReader(temporal.client);
});

afterAll(async () => {
  await worker?.stop();
  await temporal?.stop();
});

const handleOf = (target: { namespace: string; name: string }) =>
  temporal.client.workflow.getHandle(cloneWorkflowId(target));

describe('a clone under way', () => {
  it('shows percent, disks and stall from the copy’s heartbeat, also with no worker up', async () => {
    const target = await begin(temporal, cloneInput('copying', 'copy until cancelled'));
    const live = await untilClone(clones, target, ({ view }) => view.stalled !== undefined);
    expect(live).toMatchObject({
      open: true,
      requestHash: 'hash',
      idempotencyKey: 'key',
      view: {
        id: 'demo/copying',
        workflowId: 'clone/demo/copying',
        phase: 'Copying',
        percent: HEARTBEAT.percent,
        disks: HEARTBEAT.disks,
        stalled: HEARTBEAT.stalled,
        source: { namespace: 'demo', name: 'web' },
        target,
        requestedBy: 'anonymous',
        warnings: [],
      },
    });
    expect(live.view.outcome).toBeUndefined();
    expect(live.view.endedAt).toBeUndefined();
    await worker.stop();
    expect((await clones.read(target))?.view).toMatchObject({ phase: 'Copying', percent: 37 });
    worker = await startStandIn(temporal);
    await handleOf(target).terminate();
  });

  it('shows no less when the copy is over and the next phase has not begun', async () => {
    const target = await begin(temporal, cloneInput('between', 'end the copy when cancelled'));
    const { view } = await untilClone(clones, target, (clone) => clone.view.percent === HEARTBEAT.percent);
    await cancelClone(temporal.client, target, view.runId, { requestedBy: 'ann' });
    // Somebody who has not seen the heartbeat knows nothing of it any more.
    const newcomer = () => new CloneReader(temporal.client);
    await untilClone({ read: (ref) => newcomer().read(ref) }, target, (clone) => clone.view.percent === null);
    expect((await clones.read(target))?.view).toMatchObject({ phase: 'Copying', percent: HEARTBEAT.percent });
    await handleOf(target).terminate();
  });

  it('shows why it failed and what is tried again while the undo runs', async () => {
    const target = await begin(temporal, cloneInput('undoing', 'undo until cancelled'));
    const { view } = await untilClone(clones, target, (clone) => clone.view.retrying !== undefined);
    expect(view).toMatchObject({
      phase: 'RollingBack',
      failure: FAILURE,
      disks: [{ name: 'root', bytes: 1024, percent: null }],
      retrying: { step: 'unlockSource', attempt: expect.any(Number), message: 'the cluster does not answer' },
    });
    expect(view.outcome).toBeUndefined();
    await handleOf(target).terminate();
  });

  it('shows whole disks once they are copied', async () => {
    const target = await begin(temporal, cloneInput('committed', 'pass the commit point'));
    const { view } = await untilClone(clones, target, (clone) => clone.view.phase === 'RestartingSource');
    expect(view).toMatchObject({ percent: 99, disks: [{ name: 'root', percent: 100, phase: 'Succeeded' }] });
    await handleOf(target).terminate();
  });

  it('shows who has asked to cancel', async () => {
    const target = await begin(temporal, cloneInput('asked', 'pass the commit point'));
    const { view } = await untilClone(clones, target, (clone) => clone.view.phase === 'RestartingSource');
    await cancelClone(temporal.client, target, view.runId, { requestedBy: 'ann', reason: 'wrong' });
    const asked = await untilClone(clones, target, (clone) => clone.view.cancelRequested !== undefined);
    expect(asked.view.cancelRequested).toEqual({ requestedBy: 'ann', reason: 'wrong' });
    await handleOf(target).terminate();
  });
});

describe('a closed clone', () => {
  const closed = ({ open }: { open: boolean }) => !open;

  it('shows its final document when it is complete', async () => {
    const target = await begin(temporal, cloneInput('complete', 'complete'));
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({
      phase: 'Completed',
      outcome: 'Completed',
      percent: 100,
      disks: [{ name: 'root', percent: 100 }],
      warnings: [{ type: 'SourceSlowToReturn' }],
      sourceDowntimeSeconds: 42,
      timings: { startedAt: expect.any(String) },
      endedAt: expect.any(String),
    });
    expect(view.failure).toBeUndefined();
  });

  it('shows the document in its failure when it has failed', async () => {
    const target = await begin(temporal, cloneInput('failed', 'fail'));
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({
      phase: 'Failed',
      outcome: 'Failed',
      failure: FAILURE,
      sourceDowntimeSeconds: 42,
    });
    expect(view.percent).toBeNull();
  });

  it('shows the failure itself when there is no document', async () => {
    const target = await begin(temporal, cloneInput('bare', 'fail without a document'));
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({ outcome: 'Failed', failure: FAILURE, disks: [{ name: 'root' }] });
  });

  it('is Cancelled after the signal', async () => {
    const target = await begin(temporal, cloneInput('signalled', 'wait'));
    const running = await clones.read(target);
    await cancelClone(temporal.client, target, running?.view.runId as string, { requestedBy: 'ann' });
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({
      outcome: 'Cancelled',
      phase: 'Cancelled',
      cancelRequested: { requestedBy: 'ann' },
    });
    expect(view.failure).toBeUndefined();
  });

  it("is Cancelled after Temporal's own cancel", async () => {
    const target = await begin(temporal, cloneInput('native', 'wait'));
    await handleOf(target).cancel();
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({ outcome: 'Cancelled', phase: 'Cancelled' });
    expect(view.failure).toBeUndefined();
  });

  it('has failed when it was terminated, whatever phase it had', async () => {
    const target = await begin(temporal, cloneInput('terminated', 'pass the commit point'));
    await untilClone(clones, target, (clone) => clone.view.phase === 'RestartingSource');
    await handleOf(target).terminate('by hand');
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({
      phase: 'Failed',
      outcome: 'Failed',
      percent: null,
      failure: { type: 'Terminated', message: expect.stringContaining('by hand') },
    });
  });

  it('has failed when it timed out', async () => {
    const { target } = cloneInput('late');
    await temporal.client.workflow.start(CLONE_WORKFLOW, {
      workflowId: cloneWorkflowId(target),
      taskQueue: TASK_QUEUE,
      args: [cloneInput('late', 'wait')],
      workflowRunTimeout: '1 second',
    });
    const { view } = await untilClone(clones, target, closed);
    expect(view).toMatchObject({ outcome: 'Failed', failure: { type: 'TimedOut' } });
  });

  it('is found by its run when a later one has its name', async () => {
    const target = await begin(temporal, cloneInput('twice', 'fail'));
    const first = await untilClone(clones, target, closed);
    await begin(temporal, cloneInput('twice', 'complete'));
    const second = await untilClone(
      clones,
      target,
      ({ view, open }) => !open && view.runId !== first.view.runId,
    );
    expect(second.view.outcome).toBe('Completed');
    expect((await clones.read(target, first.view.runId))?.view.outcome).toBe('Failed');
  });

  it('is described from Temporal, its ending read once', async () => {
    const target = await begin(temporal, cloneInput('kept', 'complete'));
    await untilClone(clones, target, closed);
    const asked = jest.spyOn(temporal.client.workflowService, 'getWorkflowExecutionHistory');
    expect((await clones.read(target))?.view.sourceDowntimeSeconds).toBe(42);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });
});

describe('what is no clone', () => {
  it('is not found', async () => {
    expect(await clones.read({ namespace: 'demo', name: 'nobody' })).toBeUndefined();
  });

  it('is not found when another workflow has the id', async () => {
    const target = { namespace: 'demo', name: 'foreign' };
    await temporal.client.workflow.start('somethingElse', {
      taskQueue: 'nobody',
      workflowId: cloneWorkflowId(target),
    });
    expect(await clones.read(target)).toBeUndefined();
  });
});
