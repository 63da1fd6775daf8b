import { SWEEP_SCHEDULE_ID, SWEEP_WORKFLOW } from '../../src/contract';
import { ensureInstallation } from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';

const OPTIONS = { intervalSeconds: 3600, taskQueue: 'nobody', heartbeatTimeoutSeconds: 60 };

let temporal: TestTemporal;

beforeEach(async () => {
  temporal = await startTemporal();
});
afterEach(() => temporal.stop());

const schedule = () => temporal.client.schedule.getHandle(SWEEP_SCHEDULE_ID);

describe('the installation', () => {
  it('is one and the same for all who start first at once, and ever after', async () => {
    const first = await Promise.all(
      Array.from({ length: 5 }, () => ensureInstallation(temporal.client, OPTIONS)),
    );
    expect(new Set(first).size).toBe(1);
    expect(first[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ensureInstallation(temporal.client, OPTIONS)).toBe(first[0]);
  });

  it('is another one in a Temporal of its own', async () => {
    const other = await startTemporal();
    try {
      const [here, there] = await Promise.all(
        [temporal, other].map(({ client }) => ensureInstallation(client, OPTIONS)),
      );
      expect(here).not.toBe(there);
    } finally {
      await other.stop();
    }
  });

  it('has the sweep run for itself, one at a time', async () => {
    const installation = await ensureInstallation(temporal.client, OPTIONS);
    const { action, policies, spec } = await schedule().describe();
    expect(action).toMatchObject({
      workflowType: SWEEP_WORKFLOW,
      taskQueue: 'nobody',
      args: [{ installation, heartbeatTimeoutSeconds: 60 }],
    });
    expect(policies.overlap).toBe('SKIP');
    expect(spec.intervals).toEqual([expect.objectContaining({ every: 3_600_000 })]);
  });

  it('keeps its name when the sweep is set up anew', async () => {
    const installation = await ensureInstallation(temporal.client, OPTIONS);
    const changed = { ...OPTIONS, intervalSeconds: 7200 };
    expect(await ensureInstallation(temporal.client, changed)).toBe(installation);
    const { spec, action, memo } = await schedule().describe();
    expect(spec.intervals).toEqual([expect.objectContaining({ every: 7_200_000 })]);
    expect(action).toMatchObject({ args: [{ installation, heartbeatTimeoutSeconds: 60 }] });
    expect(memo).toEqual({ installation });
  });

  it('is not looked for in a schedule of somebody else', async () => {
    await temporal.client.schedule.create({
      scheduleId: SWEEP_SCHEDULE_ID,
      spec: { intervals: [{ every: '1 day' }] },
      action: { type: 'startWorkflow', workflowType: 'other', taskQueue: 'nobody' },
    });
    await expect(ensureInstallation(temporal.client, OPTIONS)).rejects.toThrow(/not of this product/);
  });
});
