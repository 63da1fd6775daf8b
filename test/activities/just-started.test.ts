import { useStage } from './stage';
import { StagedClone } from './staged-clone';

/** A virtual-machine controller that acts on what it saw a moment ago: it may make a VMI after the stop. */
const stage = useStage({ simulator: { lagMs: 30 }, limits: { settle: 300 } });

test.each(['Always', 'RerunOnFailure'] as const)(
  'a source that another clone has just given back (%s) is cloned all the same',
  async (runStrategy) => {
    const power = { runStrategy };
    const first = await (
      await StagedClone.of(stage, `back-${runStrategy.toLowerCase()}`, { power })
    ).copied();
    const target = { ...first.source, name: `${first.source.name}-second` };
    const second = await StagedClone.again(stage, first.source, { target });
    await stage.run('unlockSource', first.unlockInput(false));
    await second.copied();
    expect((await second.targetVm())?.metadata.uid).toBe(second.record.vmUid);
  },
);

test('a source that is just being started is cloned all the same', async () => {
  const clone = await StagedClone.of(stage, 'begun', { power: { runStrategy: 'Halted' } });
  await stage.environment.client.act(clone.source, 'start');
  await clone.copied();
  expect((await clone.targetVm())?.metadata.uid).toBe(clone.record.vmUid);
});
