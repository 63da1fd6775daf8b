import { randomUUID } from 'node:crypto';
import { cloneWorkflowId, TASK_QUEUE } from '../../src/contract';
import { startStandIn } from '../temporal/stand-in';
import { type Answer, expectProblem, TestApi } from './support';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
  await api.makeVm({ namespace: 'demo', name: 'web' });
});
afterAll(() => api?.stop());

const source = { namespace: 'demo', name: 'web' };
const fresh = () => `web-${randomUUID().slice(0, 8)}`;
const ask = (name: string, more: object = {}, headers: Record<string, string> = {}) =>
  api.post('clones', { source, target: { name }, ...more }, headers);
const handleOf = (name: string) =>
  api.temporal.client.workflow.getHandle(cloneWorkflowId({ namespace: 'demo', name }));
const runOf = ({ body }: Answer) => body.runId as string;

describe('POST /clones', () => {
  it('starts the workflow with what was asked for, and answers where to follow it', async () => {
    const name = fresh();
    const options = {
      shutdownTimeoutSeconds: 300,
      forceShutdown: true,
      storageClass: 'fast',
      persistentState: 'empty',
      copySecrets: true,
      labels: { tier: 'test', 'example.com/team': null, 'kubevirt.io/size': null },
      annotations: { 'example.com/ticket': 'A 1' },
      macAddresses: 'keep',
    };
    const answer = await ask(name, { description: 'a copy', startAfterClone: false, options });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/v1/clones/demo/${name}`);
    const { runId } = answer.body;
    expect(answer.body).toEqual({
      actions: { cancelCloning: { enabled: true } },
      id: `demo/${name}`,
      workflowId: `clone/demo/${name}`,
      runId: expect.any(String),
      cloneUid: expect.any(String),
      phase: 'Validating',
      percent: null,
      disks: [{ name: 'root', bytes: 2 ** 30, phase: '', percent: null }],
      source,
      target: { namespace: 'demo', name },
      description: 'a copy',
      startAfterClone: false,
      requestedBy: 'anonymous',
      startedAt: expect.any(String),
      warnings: [],
      links: {
        self: `/api/v1/clones/demo/${name}`,
        temporalUi: `http://ui.example/namespaces/${api.temporal.namespace}/workflows/clone%2Fdemo%2F${name}/${runId}`,
      },
    });

    const workflow = await handleOf(name).describe();
    expect(workflow).toMatchObject({ type: 'cloneVm', taskQueue: TASK_QUEUE });
    expect(workflow.searchAttributes).toMatchObject({
      ClonePhase: ['Validating'],
      CloneSource: ['demo/web'],
      CloneNamespace: ['demo'],
      CloneRequestedBy: ['anonymous'],
    });
    expect(workflow.memo).toMatchObject({
      cloneUid: answer.body.cloneUid,
      installation: api.installation,
      requestHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      requestedBy: 'anonymous',
      request: {
        source,
        target: { namespace: 'demo', name },
        description: 'a copy',
        startAfterClone: false,
        options,
      },
      disks: [
        { name: 'root', sourceClaim: 'web-root', dataVolume: `${name}-root`, bytes: 2 ** 30, method: 'copy' },
      ],
    });
    expect(await workflow.staticSummary()).toBe(`Clone demo/web to demo/${name}`);
    const { events } = await handleOf(name).fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(input ?? []).toString())).toEqual({
      cloneUid: answer.body.cloneUid,
      installation: api.installation,
      source,
      target: { namespace: 'demo', name },
      description: 'a copy',
      startAfterClone: false,
      requestedBy: 'anonymous',
      options,
      heartbeatTimeoutSeconds: 60,
    });
  });

  it('answers the very same request with the same clone, in whatever order it is written', async () => {
    const name = fresh();
    const first = await ask(name, { options: { forceShutdown: true, shutdownTimeoutSeconds: 200 } });
    const second = await api.post('clones', {
      startAfterClone: true,
      options: { shutdownTimeoutSeconds: 200, forceShutdown: true },
      target: { name, namespace: 'demo' },
      source: { name: 'web', namespace: 'demo' },
    });
    expect(second.status).toBe(202);
    expect(runOf(second)).toBe(runOf(first));
  });

  it('refuses another request for the same target, with a link to the one under way', async () => {
    const name = fresh();
    const first = await ask(name);
    const second = await ask(name, { startAfterClone: false });
    expectProblem(second, 409, 'clone-under-way');
    expect(second.body.links).toEqual(first.body.links);
    expect(second.headers.get('link')).toContain(`/api/v1/clones/demo/${name}`);
  });

  it('begins one clone when the same is asked by many at once', async () => {
    const name = fresh();
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(name)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(202));
    expect(new Set(answers.map(runOf)).size).toBe(1);
  });

  it('begins one clone when different ones are asked at once, and shows the others where it is', async () => {
    const name = fresh();
    const answers = await Promise.all([true, false].map((startAfterClone) => ask(name, { startAfterClone })));
    const [won] = answers.filter(({ status }) => status === 202);
    const [lost] = answers.filter(({ status }) => status !== 202);
    expectProblem(lost as Answer, 409, 'clone-under-way');
    expect(lost?.body.links).toEqual(won?.body.links);
  });

  it('begins a clone anew when the one before has closed and the name is free', async () => {
    const name = fresh();
    const first = await ask(name);
    await handleOf(name).terminate();
    const second = await ask(name);
    expect(second.status).toBe(202);
    expect(second.body.cloneUid).not.toBe(first.body.cloneUid);
  });

  it('needs an installation: without one nothing is begun', async () => {
    const known = api.installation;
    api.installation = undefined;
    const name = fresh();
    expectProblem(await ask(name), 503, 'unavailable');
    api.installation = known;
    expect((await api.get(`clones/demo/${name}`)).status).toBe(404);
  });

  it('is logged with the clone and its workflow', async () => {
    const name = fresh();
    await ask(name);
    expect(api.logged).toContainEqual(
      expect.objectContaining({
        cloneId: `demo/${name}`,
        workflowId: `clone/demo/${name}`,
        msg: 'clone started',
      }),
    );
  });
});

describe('an Idempotency-Key', () => {
  const key = () => ({ 'idempotency-key': randomUUID() });

  it('has the same request answered by the same clone, also when that has closed', async () => {
    const name = fresh();
    const headers = key();
    const first = await ask(name, {}, headers);
    await handleOf(name).terminate();
    const second = await ask(name, {}, headers);
    expect(second.status).toBe(202);
    expect(runOf(second)).toBe(runOf(first));
    expect(second.body).toMatchObject({ outcome: 'Failed', failure: { type: 'Terminated' } });
  });

  it('refuses another request, closed or not', async () => {
    const name = fresh();
    const headers = key();
    await ask(name, {}, headers);
    expectProblem(await ask(name, { startAfterClone: false }, headers), 422, 'idempotency-key-reused');
    await handleOf(name).terminate();
    expectProblem(await ask(name, { startAfterClone: false }, headers), 422, 'idempotency-key-reused');
  });

  it('that is new begins a new clone once the other has closed', async () => {
    const name = fresh();
    const first = await ask(name, {}, key());
    await handleOf(name).terminate();
    expect(runOf(await ask(name, {}, key()))).not.toBe(runOf(first));
  });
});

describe('cancel', () => {
  const cancel = (name: string, body: object = {}) => api.post(`clones/demo/${name}/cancel`, body);

  it('asks the workflow, and answers what it asked', async () => {
    const name = fresh();
    await ask(name);
    const answer = await cancel(name, { reason: 'wrong source' });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      id: `demo/${name}`,
      cancelRequested: { requestedBy: 'anonymous', reason: 'wrong source' },
    });
    const { events } = await handleOf(name).fetchHistory();
    const signal = events?.find((event) => event.workflowExecutionSignaledEventAttributes);
    const attributes = signal?.workflowExecutionSignaledEventAttributes;
    expect(attributes?.signalName).toBe('cancelClone');
    expect(JSON.parse(Buffer.from(attributes?.input?.payloads?.[0]?.data ?? []).toString())).toEqual({
      requestedBy: 'anonymous',
      reason: 'wrong source',
    });
  });

  it('needs no body', async () => {
    const name = fresh();
    await ask(name);
    expect((await api.send(`clones/demo/${name}/cancel`, { method: 'POST' })).status).toBe(202);
  });

  it('is refused when the clone has closed', async () => {
    const name = fresh();
    await ask(name);
    await handleOf(name).terminate();
    expectProblem(await cancel(name), 409, 'clone-finished');
  });
});

describe('clones that run', () => {
  let worker: Awaited<ReturnType<typeof startStandIn>>;
  beforeAll(async () => {
    worker = await startStandIn(api.temporal);
  });
  afterAll(() => worker?.stop());

  const until = async (name: string, reached: (body: Answer['body']) => boolean): Promise<Answer['body']> => {
    let answer: Answer | undefined;
    await api.until(async () => {
      answer = await api.get(`clones/demo/${name}`);
      return reached(answer.body);
    });
    return answer?.body;
  };

  it('are followed to their end', async () => {
    const name = fresh();
    await ask(name, { description: 'copy until cancelled' });
    expect(await until(name, ({ percent }) => percent === 37)).toMatchObject({
      phase: 'Copying',
      disks: [{ name: 'root', percent: 37.5 }],
    });
    await api.post(`clones/demo/${name}/cancel`, { reason: 'enough' });
    expect(await until(name, ({ outcome }) => outcome !== undefined)).toMatchObject({
      outcome: 'Cancelled',
      cancelRequested: { requestedBy: 'anonymous', reason: 'enough' },
      sourceDowntimeSeconds: 42,
    });
  });

  it('are asked once: a cancel of one that is being cancelled adds nothing to its history', async () => {
    const name = fresh();
    await ask(name, { description: 'end the copy when cancelled' });
    await until(name, ({ phase }) => phase === 'Copying');
    await api.post(`clones/demo/${name}/cancel`, { reason: 'enough' });
    await until(name, ({ cancelRequested }) => cancelRequested !== undefined);
    const again = await api.post(`clones/demo/${name}/cancel`, { reason: 'really' });
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ cancelRequested: { reason: 'enough' } });
    const { events } = await handleOf(name).fetchHistory();
    expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes)).toHaveLength(1);
  });

  it('can not be cancelled while they are undone, as their action says', async () => {
    const name = fresh();
    await ask(name, { description: 'undo until cancelled' });
    const { actions } = await until(name, ({ failure }) => failure !== undefined);
    expect(actions.cancelCloning.enabled).toBe(false);
    expectProblem(await api.post(`clones/demo/${name}/cancel`, {}), 409, 'clone-undoing');
    expect((await api.get(`clones/demo/${name}`)).body.cancelRequested).toBeUndefined();
    await handleOf(name).terminate();
  });

  it('can not be cancelled past the commit point', async () => {
    const name = fresh();
    await ask(name, { description: 'pass the commit point' });
    await until(name, ({ phase }) => phase === 'RestartingSource');
    expectProblem(await api.post(`clones/demo/${name}/cancel`, {}), 409, 'clone-past-cancel');
  });

  it('are found by run after a retry', async () => {
    const name = fresh();
    const first = await ask(name, { description: 'fail' });
    await until(name, ({ outcome }) => outcome === 'Failed');
    await ask(name, { description: 'complete' });
    expect(await until(name, ({ outcome }) => outcome !== undefined && outcome !== 'Failed')).toMatchObject({
      outcome: 'Completed',
      percent: 100,
    });
    expect((await api.get(`clones/demo/${name}?runId=${runOf(first)}`)).body).toMatchObject({
      outcome: 'Failed',
      failure: { type: 'CopyFailed', message: 'The copy pod crashed.' },
    });
  });
});

describe('GET /clones', () => {
  it('lists those under way first, the latest first, page by page, and filters', async () => {
    await api.makeVm({ namespace: 'lists', name: 'db' });
    const names = ['one', 'two', 'three'];
    for (const name of names) {
      const body = { source: { namespace: 'lists', name: 'db' }, target: { name } };
      expect((await api.post('clones', body)).status).toBe(202);
    }
    await api.temporal.client.workflow.getHandle('clone/lists/two').terminate();
    const list = async (query: string) => (await api.get(`clones?namespace=lists&${query}`)).body;
    const namesOf = ({ items }: { items: { target: { name: string } }[] }) =>
      items.map(({ target }) => target.name);
    await api.until(
      async () => namesOf(await list('phase=Failed')).length === 1 && namesOf(await list('')).length === 3,
    );

    expect(namesOf(await list(''))).toEqual(['three', 'one', 'two']);
    const first = await list('limit=2');
    expect(namesOf(first)).toEqual(['three', 'one']);
    expect(namesOf(await list(`limit=2&pageToken=${first.nextPageToken}`))).toEqual(['two']);
    expect(namesOf(await list('open=true'))).toEqual(['three', 'one']);
    expect(namesOf(await list('open=false'))).toEqual(['two']);
    expect(namesOf(await list('phase=Validating'))).toEqual(['three', 'one']);
    expect(namesOf(await list('source=lists/db'))).toHaveLength(3);
    expect(namesOf(await list('source=lists/other'))).toEqual([]);
    expect((await list('phase=Failed')).items[0]).toMatchObject({
      id: 'lists/two',
      outcome: 'Failed',
      failure: { type: 'Terminated' },
      links: { self: '/api/v1/clones/lists/two' },
    });
    expectProblem(await api.get(`clones?pageToken=${first.nextPageToken}`), 400, 'invalid-request');
  });

  it('leaves other workflows out', async () => {
    await api.temporal.client.workflow.start('other', {
      taskQueue: 'nobody',
      workflowId: 'clone/demo/other',
    });
    const name = fresh();
    await ask(name);
    const ids = async () =>
      (await api.get('clones?limit=200')).body.items.map(({ id }: { id: string }) => id);
    await api.until(async () => (await ids()).includes(`demo/${name}`));
    expect(await ids()).not.toContain('demo/other');
  });
});
