import { type CopyHeartbeat, IN_PROGRESS, MARKS } from '../../src/contract';
import { ApiError, type ClusterClient, Kinds } from '../../src/kubernetes';
import { crashesAt, finalFailure, type Run, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage({ limits: { stall: 200 } });
const DISKS = [{ name: 'root', class: 'standard' as const }, { name: 'data' }];
const STEER = 'simulator.vm-clone.io';

/** A clone whose disks are being copied; `steering` is of the root disk. */
async function copying(name: string, steering: Record<string, string> = {}): Promise<StagedClone> {
  const clone = await StagedClone.of(stage, name, { disks: DISKS, power: { runStrategy: 'Halted' } });
  const annotations = Object.fromEntries(
    Object.entries(steering).map(([key, value]) => [`${STEER}/${key}`, value]),
  );
  const claim = { ...clone.source, name: `${name}-root` };
  await stage.environment.client.patchMerge(Kinds.PersistentVolumeClaim, claim, {
    metadata: { annotations },
  });
  return clone.created();
}

/** One that stops at 40 % and never ends. */
const stalled = (name: string) => copying(name, { copy: 'stall:40' });

const last = ({ heartbeats }: Run<unknown>) => heartbeats.at(-1) as CopyHeartbeat | undefined;

async function untilBeat(
  run: Run<unknown>,
  reached: (beat: CopyHeartbeat) => boolean,
): Promise<CopyHeartbeat> {
  return stage.environment.poll(async () => {
    const beat = last(run);
    return beat && reached(beat) ? beat : undefined;
  });
}

async function progressMark(clone: StagedClone) {
  return (await clone.targetVm())?.metadata.annotations?.[MARKS.inProgress];
}

test('waits until every disk is copied, then marks the target: one write', async () => {
  const clone = await copying('whole', { 'copy-seconds': '0.3' });
  const writes = await stage.writesOf(async () => {
    const { disks, copiedAt } = await stage.run('copyDisks', clone.copyInput);
    expect(disks).toEqual([
      { name: 'root', bytes: 2 ** 30, phase: 'Succeeded', percent: 100 },
      { name: 'data', bytes: 2 ** 30, phase: 'Succeeded', percent: 100 },
    ]);
    expect(Date.parse(copiedAt)).toBeLessThanOrEqual(Date.now());
  });
  expect(writes).toEqual(['patch demo/virtualmachines/whole-clone']);
  expect(await progressMark(clone)).toBe(IN_PROGRESS.copied);
});

test('heartbeats say how far each disk has come, and never less than before', async () => {
  const clone = await copying('seen', { 'copy-seconds': '1' });
  const run = stage.start('copyDisks', clone.copyInput);
  await run.ended;
  const beats = run.heartbeats as CopyHeartbeat[];
  const percents = beats.map(({ percent }) => percent ?? 0);
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(beats.some(({ disks }) => disks.some(({ percent }) => percent && percent < 100))).toBe(true);
});

test('the attempt after goes on from the percent that the one before has shown', async () => {
  const clone = await stalled('resumed');
  const disks = [
    { name: 'root', bytes: 2 ** 30, phase: 'CloneInProgress', percent: 70 },
    { name: 'data', bytes: 2 ** 30, phase: 'Succeeded', percent: 100 },
  ];
  const run = stage.start('copyDisks', clone.copyInput, { heartbeatDetails: { percent: 90, disks } });
  await untilBeat(run, ({ stalled: stall }) => stall !== undefined);
  expect(last(run)).toMatchObject({ percent: 90, disks: [{ name: 'root', percent: 70 }, { name: 'data' }] });
});

test('a copy that does not move says since when, and where; it goes on waiting', async () => {
  const clone = await stalled('stuck');
  const run = stage.start('copyDisks', clone.copyInput);
  const said = 'Disk root: CloneInProgress at 40%';
  const { stalled: stall } = await untilBeat(
    run,
    (beat) => beat.stalled?.diagnosis.includes(said) === true && beat.disks[1]?.percent === 100,
  );
  expect(Date.parse(stall?.since ?? '')).toBeLessThan(Date.now());
  expect(stall?.diagnosis).not.toContain('Disk data');
});

test('a stall in a busy namespace: events are asked for once in a while, and done without where they are refused', async () => {
  const clone = await stalled('busy');
  const deps = await stage.depsWith();
  let asked = 0;
  const list: ClusterClient['list'] = (kind, options) => {
    if (kind.kind !== 'Event') return stage.deps.client.list(kind, options);
    asked += 1;
    return Promise.reject(new ApiError(403, 'Forbidden', 'events is forbidden'));
  };
  const client: ClusterClient = Object.assign(Object.create(deps.client), { list });
  const limits = { ...deps.limits, stall: 300 };
  const started = Date.now();
  const run = stage.start('copyDisks', clone.copyInput, { deps: { ...deps, client, limits } });
  await untilBeat(run, (beat) => beat.stalled !== undefined);
  for (const change of Array.from({ length: 20 }, (_, index) => `${index}`)) {
    const metadata = { annotations: { 'example.org/change': change } };
    await stage.environment.client.patchMerge(Kinds.DataVolume, clone.diskRef('root'), { metadata });
    await stage.seen(
      deps.caches.dataVolumes,
      clone.diskRef('root'),
      (each) => each?.metadata.annotations?.['example.org/change'] === change,
    );
  }
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThanOrEqual(1 + (Date.now() - started) / limits.stall);
});

test('run twice: the same disks, and the target stays as it is', async () => {
  const clone = await copying('twice');
  const { disks } = await stage.run('copyDisks', clone.copyInput);
  const before = asWritten(await clone.targetVm());
  expect((await stage.run('copyDisks', clone.copyInput)).disks).toEqual(disks);
  expect(asWritten(await clone.targetVm())).toEqual(before);
});

test.each(crashesAt(1))(
  'its process ends at the mark (%i, %s): the next attempt sets it',
  async (write, how) => {
    const clone = await copying(`crash-${how}`);
    await stage.crash('copyDisks', clone.copyInput, write, how);
    await stage.run('copyDisks', clone.copyInput);
    expect(await progressMark(clone)).toBe(IN_PROGRESS.copied);
  },
);

test('cancelled in mid-copy: it ends, and the copy that goes on is not marked copied', async () => {
  const clone = await copying('cancelled', { 'copy-seconds': '0.5' });
  const run = stage.start('copyDisks', clone.copyInput);
  await untilBeat(run, ({ disks }) => disks.some(({ percent }) => percent !== null));
  run.cancel();
  await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  const { environment } = stage;
  const writes = await stage.writesOf(() =>
    environment.until(
      environment.caches.dataVolumes,
      clone.diskRef('root'),
      (dv) => dv?.status?.phase === 'Succeeded',
    ),
  );
  expect(writes).toEqual([]);
  expect(await progressMark(clone)).toBe(IN_PROGRESS.copying);
});

describe('what ends it for good', () => {
  const { VirtualMachine, DataVolume, PersistentVolumeClaim, Pod } = Kinds;
  const client = () => stage.environment.client;

  test.each<[string, (clone: StagedClone) => Promise<unknown>, Parameters<typeof finalFailure>]>([
    [
      'the target is deleted',
      ({ target }) => client().delete(VirtualMachine, target),
      ['TargetDeleted', /demo\/[\w-]+-clone was deleted while it was being copied/],
    ],
    [
      'the target is no longer marked as ours',
      ({ target }) =>
        client().patchMerge(VirtualMachine, target, {
          metadata: { labels: { [MARKS.cloneUid]: 'another' } },
        }),
      ['TargetDeleted', /-clone/],
    ],
    [
      'the lock is removed',
      ({ source }) =>
        client().patchMerge(VirtualMachine, source, { metadata: { annotations: { [MARKS.lock]: null } } }),
      ['LockLost', /removed this clone's lock from demo/],
    ],
    [
      'the source is started',
      ({ source }) => client().act(source, 'start'),
      ['SourceUsedDuringCopy', /was in use during the copy: its VMI is \w+.*clone it again/],
    ],
    [
      'a pod mounts the source’s disk',
      ({ source, disks }) =>
        client().create(Pod, {
          metadata: { namespace: source.namespace, name: `backup-of-${source.name}` },
          spec: {
            containers: [{ name: 'shell' }],
            volumes: [
              { name: 'disk', persistentVolumeClaim: { claimName: disks[0]?.sourceClaim as string } },
            ],
          },
        }),
      ['SourceUsedDuringCopy', /pod backup-of-[\w-]+ mounts its disks/],
    ],
    [
      'a disk is deleted',
      (clone) => client().delete(DataVolume, clone.diskRef('root')),
      [
        'CopyFailed',
        /Disk root could not be copied.*DataVolume [\w-]+-root was deleted before it had been copied/,
      ],
    ],
    [
      'a disk is another’s',
      (clone) =>
        client().patchMerge(PersistentVolumeClaim, clone.diskRef('data'), {
          metadata: { annotations: { 'cdi.kubevirt.io/createdForDataVolume': 'of-another' } },
        }),
      ['CopyFailed', /Disk data could not be copied.*it is another's disk/],
    ],
  ])('%s', async (what, happens, expected) => {
    const clone = await stalled(`ends-${what.toLowerCase().replaceAll(/\W+/g, '-')}`);
    const run = stage.start('copyDisks', clone.copyInput);
    await untilBeat(run, ({ disks }) => disks[0]?.percent === 40);
    await happens(clone);
    await expect(run.ended).rejects.toMatchObject(finalFailure(...expected));
    expect(await progressMark(clone)).not.toBe(IN_PROGRESS.copied);
  });

  test('the copy crashes again and again', async () => {
    const clone = await copying('crashing', { copy: 'fail' });
    await expect(stage.run('copyDisks', clone.copyInput)).rejects.toMatchObject(
      finalFailure('CopyFailed', /Disk root could not be copied.*crashed \d+ times: see its log/),
    );
  });
});

test('the target is deleted as its disks are copied: TargetDeleted, and its successor is not marked', async () => {
  const clone = await copying('replaced');
  const deps = await stage.staleDeps();
  await stage.run('copyDisks', clone.copyInput);
  const input = { ...clone.copyInput, record: { ...clone.record, vmUid: 'of-the-first' } };
  const before = asWritten(await clone.targetVm());
  await expect(stage.run('copyDisks', input, { deps })).rejects.toMatchObject({ type: 'TargetDeleted' });
  expect(asWritten(await clone.targetVm())).toEqual(before);
});

test('a source that is deleted meanwhile does not end it: its claims are protected', async () => {
  const clone = await copying('orphaned', { 'copy-seconds': '0.5' });
  const run = stage.start('copyDisks', clone.copyInput);
  await untilBeat(run, ({ disks }) => disks.some(({ percent }) => percent !== null));
  await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
  expect((await run.ended).disks).toHaveLength(2);
});

describe('caches that are behind', () => {
  test('and do not know the clone yet: no false failure', async () => {
    const deps = await stage.staleDeps();
    const clone = await copying('unseen');
    expect((await stage.run('copyDisks', clone.copyInput, { deps })).disks).toHaveLength(2);
    expect(await progressMark(clone)).toBe(IN_PROGRESS.copied);
  });

  test('by 300 ms: it only takes longer', async () => {
    const deps = await stage.depsWith(300);
    const clone = await copying('lagging', { 'copy-seconds': '0.3' });
    expect((await stage.run('copyDisks', clone.copyInput, { deps })).disks).toHaveLength(2);
  });

  test('and show the source in use, which is over: no false failure', async () => {
    const clone = await StagedClone.of(stage, 'was-running', { disks: DISKS });
    const deps = await stage.staleDeps();
    await clone.created();
    expect((await stage.run('copyDisks', clone.copyInput, { deps })).disks).toHaveLength(2);
  });
});
