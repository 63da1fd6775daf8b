import { randomUUID } from 'node:crypto';
import type { VirtualMachine } from '../../src/clone';
import { cloneWorkflowId, IN_PROGRESS, MARKS } from '../../src/contract';
import { ClusterClient, type Kind, Kinds, PooledKubeConfig } from '../../src/kubernetes';
import type { CloneRun } from '../../src/temporal';
import { refuse } from '../support/faults';
import { makeMachine } from '../support/machines';
import { finalFailure, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage();
const OFF = { power: { runStrategy: 'Halted' } };

test.each([
  ['on', { runStrategy: 'Always' }, true],
  ['off', { runStrategy: 'Halted' }, false],
])(
  'a source that is %s: its disks and the time to shut down; nothing is written',
  async (name, power, sourceOn) => {
    const disks = [
      { name: 'root', gib: 2 },
      { name: 'data', class: 'standard' as const },
    ];
    const clone = await StagedClone.of(stage, `plan-${name}`, { power, disks });
    let plan: unknown;
    const writes = await stage.writesOf(async () => {
      plan = await stage.run('planClone', clone.input);
    });
    expect(writes).toEqual([]);
    const planned = (disk: string, gib: number) => ({
      name: disk,
      sourceClaim: `plan-${name}-${disk}`,
      dataVolume: `plan-${name}-clone-${disk}`,
      bytes: gib * 2 ** 30,
      method: expect.any(String),
    });
    expect(plan).toEqual({
      sourceUid: clone.sourceUid,
      sourceOn,
      disks: [planned('root', 2), planned('data', 1)],
      warnings: expect.any(Array),
      shutdownTimeoutSeconds: 120,
      leftover: undefined,
    });
  },
);

test('the method of each disk is what its storage class says', async () => {
  const classes = ['csi', 'standard', 'snap'] as const;
  const disks = classes.map((name) => ({ name, class: name }));
  const clone = await StagedClone.of(stage, 'method', { ...OFF, disks });
  const deps = await stage.depsWith();
  const planned = await stage.run('planClone', clone.input, { deps });
  expect(planned.disks.map(({ method }) => method)).toEqual(['csi-clone', 'copy', 'snapshot']);
});

test('asked twice it answers the same', async () => {
  const clone = await StagedClone.of(stage, 'twice', OFF);
  const first = await stage.run('planClone', clone.input);
  expect(await stage.run('planClone', clone.input)).toEqual(first);
});

describe('what stands against the clone', () => {
  test('no such source', async () => {
    const source = { namespace: 'demo', name: 'nobody' };
    const input = stage.environment.inputFor(source, { namespace: 'demo', name: 'nobody-clone' });
    await expect(stage.run('planClone', input)).rejects.toMatchObject(
      finalFailure('SourceNotFound', 'no VM nobody in namespace demo'),
    );
  });

  test('a VM of the target’s name, which stays as it is', async () => {
    const clone = await StagedClone.of(stage, 'vm-taken', OFF);
    await makeMachine(stage.environment, 'vm-taken-clone', OFF);
    const before = asWritten(await clone.targetVm());
    await expect(stage.run('planClone', clone.input)).rejects.toMatchObject(
      finalFailure('NameTaken', 'There is a VM demo/vm-taken-clone already: choose another name'),
    );
    expect(asWritten(await clone.targetVm())).toEqual(before);
  });

  test.each<[string, Kind, object]>([
    [
      'claim',
      Kinds.PersistentVolumeClaim,
      {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'csi',
        resources: { requests: { storage: '1Gi' } },
      },
    ],
    [
      'data-volume',
      Kinds.DataVolume,
      {
        source: { blank: {} },
        pvc: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'csi',
          resources: { requests: { storage: '1Gi' } },
        },
      },
    ],
  ])('a %s of a planned name, which stays as it is', async (name, kind, spec) => {
    const clone = await StagedClone.of(stage, `${name}-taken`, OFF);
    const { uid } = (
      await stage.environment.client.create(kind, { metadata: clone.diskRef('root'), spec } as never)
    ).metadata;
    const deps = await stage.depsWith();
    await expect(stage.run('planClone', clone.input, { deps })).rejects.toMatchObject(
      finalFailure('NameTaken', `There is a disk demo/${name}-taken-clone-root already`),
    );
    const after = await stage.get(kind, clone.diskRef('root'));
    expect(after?.metadata).toMatchObject({ uid });
    expect(after?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('several obstacles: all are told, as details too', async () => {
    const clone = await StagedClone.of(stage, 'blocked', OFF);
    const { client } = stage.environment;
    await client.patchJson(Kinds.VirtualMachine, clone.source, [
      {
        op: 'add',
        path: '/spec/template/spec/volumes/-',
        value: { name: 'host', hostDisk: { path: '/x', type: 'Disk' } },
      },
      {
        op: 'add',
        path: '/spec/template/spec/volumes/-',
        value: { name: 'lost', persistentVolumeClaim: { claimName: 'lost' } },
      },
      { op: 'add', path: '/spec/template/spec/domain/devices/disks/-', value: { name: 'host' } },
      { op: 'add', path: '/spec/template/spec/domain/devices/disks/-', value: { name: 'lost' } },
    ]);
    await expect(stage.run('planClone', clone.input)).rejects.toMatchObject({
      ...finalFailure('PlanBlocked', /Volume host .* Claim lost of disk lost does not exist/),
      details: [
        {
          blockers: [
            expect.objectContaining({ type: 'HostDisk' }),
            expect.objectContaining({ type: 'SourceDiskMissing' }),
          ],
        },
      ],
    });
  });
});

describe('what the cluster itself would say to the clone’s VM', () => {
  const policy = (answer?: { code: number; reason: string; message: string }) =>
    refuse(
      stage.environment,
      ({ operation, kind, dryRun }) =>
        Boolean(dryRun && operation === 'CREATE' && kind.kind === 'VirtualMachine'),
      answer,
    );

  test('no: the clone is refused with its words, and nothing is written', async () => {
    const clone = await StagedClone.of(stage, 'forbidden', OFF);
    const allow = policy();
    const writes = await stage.writesOf(async () => {
      await expect(stage.run('planClone', clone.input)).rejects.toMatchObject({
        ...finalFailure('PlanBlocked', /The cluster would refuse the clone: .*"policy.example.org" denied/),
        details: [{ blockers: [expect.objectContaining({ type: 'TargetRefused' })] }],
      });
    });
    allow();
    expect(writes).toEqual([]);
  });

  test.each([
    ['does not support dry run', 400, 'admission webhook "odd.example.org" does not support dry run'],
    ['finds the name taken by a leftover', 409, 'virtualmachines "x" already exists'],
  ])('a webhook that %s does not stand against it', async (_what, code, message) => {
    const clone = await StagedClone.of(stage, `tried-${code}`, OFF);
    const allow = policy({ code, reason: code === 400 ? 'BadRequest' : 'AlreadyExists', message });
    const plan = await stage.run('planClone', clone.input);
    allow();
    expect(plan.sourceUid).toBe(clone.sourceUid);
  });

  test('nothing for now: it is asked again', async () => {
    const clone = await StagedClone.of(stage, 'silent', OFF);
    const allow = policy({ code: 500, reason: 'InternalError', message: 'failed calling webhook' });
    const error = await stage.run('planClone', clone.input).catch((reason) => reason);
    allow();
    expect(error).toMatchObject({ code: 500 });
    expect(error).not.toHaveProperty('nonRetryable');
  });
});

describe('an unfinished target under the name', () => {
  const targetOf = (
    clone: StagedClone,
    more: { installation?: string; inProgress?: string },
  ): VirtualMachine => ({
    metadata: {
      ...clone.target,
      labels: {
        [MARKS.cloneUid]: 'earlier-run',
        [MARKS.installation]: more.installation ?? clone.input.installation,
      },
      annotations: {
        [MARKS.workflowId]: cloneWorkflowId(clone.target),
        [MARKS.runId]: 'run-1',
        [MARKS.inProgress]: more.inProgress ?? IN_PROGRESS.copying,
      },
    },
    spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
  });

  test('of an earlier run of ours is a leftover, to be removed first', async () => {
    const clone = await StagedClone.of(stage, 'again', OFF);
    const { metadata } = await stage.environment.client.create(Kinds.VirtualMachine, targetOf(clone, {}));
    const deps = await stage.depsTold({ live: false, stage: 'forward' });
    const { leftover } = await stage.run('planClone', clone.input, { deps });
    expect(leftover).toEqual({ cloneUid: 'earlier-run', runId: 'run-1', vmUid: metadata.uid });
  });

  test.each<[string, CloneRun]>([
    ['finished', { live: false, stage: 'committed' }],
    ['forgotten', { live: false }],
    ['replaced', { live: false, stage: 'undoing', record: { vmUid: 'the-first', dataVolumes: [] } }],
  ])('a mark that was put back on a clone that is %s: the name is taken', async (name, run) => {
    const clone = await StagedClone.of(stage, `marked-${name}`, OFF);
    await stage.environment.client.create(Kinds.VirtualMachine, targetOf(clone, {}));
    const deps = await stage.depsTold(run);
    await expect(stage.run('planClone', clone.input, { deps })).rejects.toMatchObject(
      finalFailure('NameTaken', 'but is none: choose another name'),
    );
  });

  test.each([
    ['another-installation', { installation: randomUUID() }],
    ['copied', { inProgress: IN_PROGRESS.copied }],
  ])('%s: the name is taken', async (name, more) => {
    const clone = await StagedClone.of(stage, `left-${name}`, OFF);
    await stage.environment.client.create(Kinds.VirtualMachine, targetOf(clone, more));
    const deps = await stage.depsWith();
    await expect(stage.run('planClone', clone.input, { deps })).rejects.toMatchObject(
      finalFailure('NameTaken', 'choose another name'),
    );
  });
});

describe('caches that are behind', () => {
  test('a target that is gone does not take the name', async () => {
    const clone = await StagedClone.of(stage, 'freed', OFF);
    await makeMachine(stage.environment, 'freed-clone', { ...OFF, disks: [] });
    const deps = await stage.staleDeps();
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.target);
    await stage.environment.untilVm(clone.target, (vm) => vm === undefined);
    expect(await stage.run('planClone', clone.input, { deps })).toMatchObject({ sourceUid: clone.sourceUid });
  });

  test('a source that is gone is found out at the lock, with nothing touched', async () => {
    const clone = await StagedClone.of(stage, 'vanished', OFF);
    const deps = await stage.staleDeps();
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
    await stage.environment.untilVm(clone.source, (vm) => vm === undefined);
    const { sourceUid } = await stage.run('planClone', clone.input, { deps });
    const writes = await stage.writesOf(async () => {
      const lock = stage.run('lockSource', { ...clone.lockInput, sourceUid }, { deps });
      await expect(lock).rejects.toMatchObject({ type: 'SourceDeleted' });
    });
    expect(writes).toEqual([]);
  });

  test('a source that is not seen yet is planned', async () => {
    const deps = await stage.staleDeps();
    const clone = await StagedClone.of(stage, 'newcomer', OFF);
    expect(await stage.run('planClone', clone.input, { deps })).toMatchObject({ sourceUid: clone.sourceUid });
  });

  test('a name that was taken a moment ago is found out before anything is touched', async () => {
    const clone = await StagedClone.of(stage, 'hasty', OFF);
    const deps = await stage.staleDeps();
    await makeMachine(stage.environment, 'hasty-clone', { ...OFF, disks: [] });
    const writes = await stage.writesOf(async () => {
      await expect(stage.run('planClone', clone.input, { deps })).rejects.toMatchObject(
        finalFailure('NameTaken', 'There is a VM demo/hasty-clone already'),
      );
    });
    expect(writes).toEqual([]);
  });

  test('what stood against it and does no more is not held against it', async () => {
    const clone = await StagedClone.of(stage, 'unmarked', OFF);
    const marked = { [MARKS.inProgress]: IN_PROGRESS.copying };
    const annotate = (annotations: object) =>
      stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.source, { metadata: { annotations } });
    await annotate(marked);
    const deps = await stage.staleDeps();
    await annotate({ [MARKS.inProgress]: null });
    expect(await stage.run('planClone', clone.input, { deps })).toMatchObject({ sourceUid: clone.sourceUid });
  });
});

test('a cancel ends it', async () => {
  const clone = await StagedClone.of(stage, 'cancelled', OFF);
  const run = stage.start('planClone', clone.input);
  run.cancel();
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
});

test('a cluster that does not answer is asked again: no final failure', async () => {
  const clone = await StagedClone.of(stage, 'unreachable', OFF);
  const kubeConfig = new PooledKubeConfig();
  kubeConfig.loadFromClusterAndUser(
    { name: 'gone', server: 'http://127.0.0.1:9', skipTLSVerify: true },
    { name: 'worker' },
  );
  const deps = { ...stage.deps, client: new ClusterClient(kubeConfig) };
  const error = await stage.run('planClone', clone.input, { deps }).catch((reason) => reason);
  expect(error).toMatchObject({
    name: 'ApiUnreachable',
    message: expect.stringContaining('/apis/kubevirt.io'),
  });
  expect(error).not.toHaveProperty('nonRetryable');
});
