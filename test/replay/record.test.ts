import { randomUUID } from 'node:crypto';
import { IN_PROGRESS, MARKS, SWEEP_WORKFLOW, TASK_QUEUE } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { type MachineOptions, makeMachine, makeNamespace } from '../support/machines';
import { recordHistory } from './histories';

/** Writes test/replay/histories anew: `RECORD_HISTORIES=1 npx jest test/replay/record`. */
const recording = process.env.RECORD_HISTORIES ? describe : describe.skip;

recording('record the histories that are replayed', () => {
  let environment: Environment;
  beforeAll(async () => {
    environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 29 } });
  });
  afterAll(() => environment.stop());

  const DISK: MachineOptions = { disks: [{ name: 'root', class: 'standard' }] };
  const never = { 'simulator.vm-clone.io/stop-seconds': 'never' };

  async function clone(name: string, options: MachineOptions, wish: object = {}): Promise<Clone> {
    const source = await makeMachine(environment, name, { ...DISK, ...options });
    return environment.clone(source, { ...source, name: `${name}-clone` }, wish);
  }

  const copying = ({ input }: Clone) =>
    environment.untilVm(
      input.target,
      (vm) => vm?.metadata.annotations?.[MARKS.inProgress] === IN_PROGRESS.copying,
    );

  test.each<[string, MachineOptions, object, (clone: Clone) => Promise<unknown>]>([
    ['completed', {}, {}, async () => {}],
    ['completed-off', { power: { runStrategy: 'Halted' } }, { startAfterClone: false }, async () => {}],
    ['completed-manual', { power: { runStrategy: 'Manual' }, on: true }, {}, async () => {}],
    ['cancelled', {}, {}, async (c) => copying(c).then(() => c.cancel())],
    ['cancelled-in-temporal', {}, {}, async (c) => copying(c).then(() => c.handle.cancel())],
    ['failed-shutdown', { annotations: never }, { options: { shutdownTimeoutSeconds: 1 } }, async () => {}],
    [
      'failed-copy',
      {},
      {},
      async (c) => copying(c).then(() => environment.client.act(c.input.source, 'start')),
    ],
  ])('%s', async (name, options, wish, then) => {
    const started = await clone(name, options, wish);
    await then(started);
    await started.result().catch(() => undefined);
    await recordHistory(name, started.handle);
  });

  test('failed-plan', async () => {
    const source = { namespace: 'demo', name: 'nowhere' };
    const started = await environment.clone(source, { ...source, name: 'nowhere-clone' });
    await started.result().catch(() => undefined);
    await recordHistory('failed-plan', started.handle);
  });

  test('cancelled-elsewhere', async () => {
    await makeNamespace(environment, 'lab');
    const source = await makeMachine(environment, 'elsewhere', {
      ...DISK,
      more: ({ spec }) => {
        spec.template.spec.volumes?.push({ name: 'answers', sysprep: { configMap: { name: 'answers' } } });
        spec.template.spec.domain.devices?.disks?.push({ name: 'answers', cdrom: { bus: 'sata' } });
      },
    });
    await environment.client.create(Kinds.ConfigMap, { metadata: { namespace: 'demo', name: 'answers' } });
    const target = { namespace: 'lab', name: 'elsewhere-clone' };
    const started = await environment.clone(source, target, { options: { copySecrets: true } });
    await copying(started);
    await started.cancel();
    await started.result();
    await recordHistory('cancelled-elsewhere', started.handle);
  });

  test.each(['sweep-nothing', 'sweep-terminated'])('%s', async (name) => {
    if (name === 'sweep-terminated') {
      const started = await clone('swept', {});
      await copying(started);
      await started.handle.terminate();
    }
    const { client } = environment.temporal;
    const handle = await client.workflow.start(SWEEP_WORKFLOW, {
      taskQueue: TASK_QUEUE,
      workflowId: `sweep-${randomUUID()}`,
      args: [{ installation: environment.installation, confirmAfterSeconds: 0.2 }],
    });
    await handle.result();
    await recordHistory(name, handle);
  });
});
