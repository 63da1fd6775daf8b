import { isFinal } from '../../src/clone/power';
import { MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { crashesAt, finalFailure, useStage } from './stage';
import { asWritten, StagedClone } from './staged-clone';

const stage = useStage({ limits: { forcedShutdown: 300 } });
const STOP = 'simulator.vm-clone.io/stop-seconds';

/** A source that is locked, and whose guest won't go down before `letGo`. */
async function stubborn(name: string, stop: 'never' | 'dead' = 'never') {
  const clone = await StagedClone.of(stage, name, { annotations: { [STOP]: stop } });
  return clone.locked();
}

async function isLive({ source }: StagedClone): Promise<boolean> {
  const vmi = await stage.get(Kinds.VirtualMachineInstance, source);
  return vmi !== undefined && !isFinal(vmi);
}

const soon = () => Date.now() + 200;

function annotate({ source }: StagedClone, annotations: Record<string, string | null>) {
  return stage.environment.client.patchMerge(Kinds.VirtualMachine, source, { metadata: { annotations } });
}

/** Somebody's own pod on the source's disk. */
async function occupy({ source, disks }: StagedClone, name: string): Promise<void> {
  const claimName = disks[0]?.sourceClaim as string;
  await stage.environment.client.create(Kinds.Pod, {
    metadata: { namespace: source.namespace, name },
    spec: {
      containers: [{ name: 'shell' }],
      volumes: [{ name: 'disk', persistentVolumeClaim: { claimName } }],
    },
  });
  await stage.seen(stage.deps.caches.pods, { namespace: source.namespace, name }, (pod) => pod !== undefined);
}

test('waits until the guest has gone down, says meanwhile for what, and writes nothing', async () => {
  const clone = await stubborn('patient');
  const writes = await stage.writesOf(async () => {
    const run = stage.start('shutDownSource', clone.shutDownInput);
    await stage.environment.poll(
      async () => JSON.stringify(run.heartbeats).includes('Running and stopping') || undefined,
    );
    await annotate(clone, { [STOP]: '0' });
    const { offAt } = await run.ended;
    expect(Date.parse(offAt)).toBeLessThanOrEqual(Date.now());
  });
  expect(writes).toEqual([]);
  expect(await isLive(clone)).toBe(false);
});

test('run twice: the second finds it off and writes nothing', async () => {
  const clone = await (await StagedClone.of(stage, 'twice')).locked();
  await stage.run('shutDownSource', clone.shutDownInput);
  const writes = await stage.writesOf(() => stage.run('shutDownSource', clone.shutDownInput));
  expect(writes).toEqual([]);
});

test('an attempt that comes after the deadline finds a source that went down in time', async () => {
  const clone = await (await StagedClone.of(stage, 'late')).off();
  await stage.run('shutDownSource', { ...clone.shutDownInput, deadline: Date.now() - 60_000 });
});

test('a source that was off is off', async () => {
  const clone = await (await StagedClone.of(stage, 'idle', { power: { runStrategy: 'Halted' } })).locked();
  await stage.run('shutDownSource', clone.shutDownInput);
});

describe('at the deadline', () => {
  test('SourceShutdownFailed, with what keeps it and what to do; its power is not cut', async () => {
    const clone = await stubborn('stuck');
    const writes = await stage.writesOf(() =>
      expect(stage.run('shutDownSource', { ...clone.shutDownInput, deadline: soon() })).rejects.toMatchObject(
        finalFailure(
          'SourceShutdownFailed',
          /demo\/stuck .*the VMI is Running and stopping.*longer shutdownTimeoutSeconds or with forceShutdown/,
        ),
      ),
    );
    expect(writes).toEqual([]);
  });

  test('the pod that still uses its disks is named', async () => {
    const clone = await (await StagedClone.of(stage, 'mounted')).off();
    await occupy(clone, 'backup-agent');
    await expect(
      stage.run('shutDownSource', { ...clone.shutDownInput, deadline: soon() }),
    ).rejects.toMatchObject(
      finalFailure('SourceShutdownFailed', /pod backup-agent \(\w+\) still uses its disks/),
    );
  });

  test('with force its power is cut, once', async () => {
    const clone = await stubborn('forced');
    const input = { ...clone.shutDownInput, deadline: soon(), force: true };
    const writes = await stage.writesOf(() => stage.run('shutDownSource', input));
    expect(writes).toEqual(['update demo/virtualmachines/forced/stop']);
  });

  test('not before the deadline', async () => {
    const clone = await stubborn('in-time');
    const input = { ...clone.shutDownInput, deadline: Date.now() + 60_000, force: true };
    const writes = await stage.writesOf(async () => {
      const run = stage.start('shutDownSource', input);
      await stage.environment.poll(
        async () => JSON.stringify(run.heartbeats).includes('stopping') || undefined,
      );
      await annotate(clone, { [STOP]: '0' });
      await run.ended;
    });
    expect(writes).toEqual([]);
  });

  test('SourceShutdownFailed when even force does not help', async () => {
    const clone = await stubborn('dead', 'dead');
    const input = { ...clone.shutDownInput, deadline: soon(), force: true };
    await expect(stage.run('shutDownSource', input)).rejects.toMatchObject(
      finalFailure('SourceShutdownFailed', /even by force.*Shut it down by hand/),
    );
  });
});

test.each(crashesAt(1))(
  'its process ends at the forced stop (%i, %s): the next attempt brings it down',
  async (write, how) => {
    const clone = await stubborn(`crash-${how}`);
    const input = { ...clone.shutDownInput, deadline: soon(), force: true };
    await stage.crash('shutDownSource', input, write, how);
    await stage.run('shutDownSource', input);
    expect(await isLive(clone)).toBe(false);
  },
);

test('cancelled while it waits: it ends, and its power is not cut', async () => {
  const clone = await stubborn('cancelled');
  const writes = await stage.writesOf(async () => {
    const run = stage.start('shutDownSource', { ...clone.shutDownInput, deadline: soon(), force: true });
    run.cancel();
    await expect(run.ended).rejects.toMatchObject({ name: 'CancelledFailure' });
  });
  expect(writes).toEqual([]);
});

describe('somebody meddles meanwhile', () => {
  test('removes the lock: LockLost', async () => {
    const clone = await stubborn('unlocked');
    const run = stage.start('shutDownSource', clone.shutDownInput);
    await annotate(clone, { [MARKS.lock]: null, [STOP]: '0' });
    await expect(run.ended).rejects.toMatchObject(
      finalFailure('LockLost', "removed this clone's lock from demo/unlocked"),
    );
  });

  test('switches it on again: SourceUsedDuringCopy, and it stays as it was set', async () => {
    const clone = await stubborn('again');
    const run = stage.start('shutDownSource', clone.shutDownInput);
    await stage.environment.client.patchMerge(Kinds.VirtualMachine, clone.source, {
      spec: { runStrategy: 'Always' },
    });
    await expect(run.ended).rejects.toMatchObject(
      finalFailure('SourceUsedDuringCopy', 'switched demo/again on'),
    );
    expect((await clone.sourceVm())?.spec.runStrategy).toBe('Always');
  });

  test('deletes it: SourceDeleted', async () => {
    const clone = await (
      await StagedClone.of(stage, 'deleted', { power: { runStrategy: 'Halted' } })
    ).locked();
    await stage.environment.client.delete(Kinds.VirtualMachine, clone.source);
    await stage.environment.untilVm(clone.source, (vm) => vm === undefined);
    await expect(stage.run('shutDownSource', clone.shutDownInput)).rejects.toMatchObject(
      finalFailure('SourceDeleted', 'demo/deleted was deleted'),
    );
  });

  test('puts another VM in its place: SourceDeleted, and that one is not touched', async () => {
    const clone = await (
      await StagedClone.of(stage, 'replaced', { power: { runStrategy: 'Halted' } })
    ).locked();
    const before = asWritten(await clone.sourceVm());
    const input = { ...clone.shutDownInput, sourceUid: 'of-the-locked-one' };
    await expect(stage.run('shutDownSource', input)).rejects.toMatchObject(
      finalFailure('SourceDeleted', 'demo/replaced'),
    );
    expect(asWritten(await clone.sourceVm())).toEqual(before);
  });
});

describe('caches that are behind', () => {
  test('a source that has gone down unseen is no failure', async () => {
    const clone = await (await StagedClone.of(stage, 'unseen')).locked();
    const deps = await stage.staleDeps();
    await stage.environment.until(
      stage.environment.caches.instances,
      clone.source,
      (vmi) => vmi === undefined,
    );
    await stage.run('shutDownSource', { ...clone.shutDownInput, deadline: soon() }, { deps });
  });

  test('a source that runs unseen is waited for', async () => {
    const clone = await StagedClone.of(stage, 'runs-unseen', {
      power: { runStrategy: 'Manual' },
      annotations: { [STOP]: 'never' },
    });
    const deps = await stage.staleDeps();
    await stage.environment.client.act(clone.source, 'start');
    await stage.environment.untilRunning(clone.source);
    await clone.locked();
    await expect(
      stage.run('shutDownSource', { ...clone.shutDownInput, deadline: soon() }, { deps }),
    ).rejects.toMatchObject({ type: 'SourceShutdownFailed' });
  });
});
