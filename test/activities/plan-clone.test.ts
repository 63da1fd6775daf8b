import { randomUUID } from 'node:crypto';
import type { VirtualMachine } from '../../src/clone';
import { cloneWorkflowId, IN_PROGRESS, MARKS } from '../../src/contract';
import { ClusterClient, type Kind, Kinds, PooledKubeConfig } from '../../src/kubernetes';
import type { CloneRun } from '../../src/temporal';
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
  const clone = await StagedClone.of(stage, 'method', OFF);
  const deps = await stage.depsWith();
  const { client } = stage.environment;
  for (const cloneStrategy of ['csi-clone', 'copy', 'snapshot']) {
    const status = { cloneStrategy };
    await client.patchMerge(Kinds.StorageProfile, { name: 'csi' }, { status }, { subresource: 'status' });
    await stage.seen(
      deps.caches.storageProfiles,
      { name: 'csi' },
      (profile) => profile?.status?.cloneStrategy === cloneStrategy,
    );
    const { disks } = await stage.run('planClone', clone.input, { deps });
    expect(disks.map(({ method }) => method)).toEqual([cloneStrategy]);
  }
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

  test('a source that is gone is not planned', async () => {
    const clone = await StagedClone.of(stage, 'vanished', OFF);
    const deps = await stage.staleDeps();
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
    await stage.environment.untilVm(clone.source, (vm) => vm === undefined);
    await expect(stage.run('planClone', clone.input, { deps })).rejects.toMatchObject({
      type: 'SourceNotFound',
    });
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
    message: expect.stringContaining('GET /apis/kubevirt.io'),
  });
  expect(error).not.toHaveProperty('nonRetryable');
});
