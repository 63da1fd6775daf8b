import type { VmRef } from '../../src/contract';
import { type Environment, startEnvironment } from '../support/environment';
import { powerOf } from '../support/invariants';
import { type MachineOptions, makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment?.stop());

const guestEnds = { 'simulator.vm-clone.io/guest-exits': 'succeeded' };

describe('a source comes back exactly as it was', () => {
  test.each<[string, MachineOptions]>([
    ['Always, on', { power: { runStrategy: 'Always' } }],
    ['running: true', { power: { running: true } }],
    ['running: false', { power: { running: false } }],
    ['Halted', { power: { runStrategy: 'Halted' } }],
    ['Manual, on', { power: { runStrategy: 'Manual' }, on: true }],
    ['Manual, off', { power: { runStrategy: 'Manual' } }],
    ['RerunOnFailure, on', { power: { runStrategy: 'RerunOnFailure' } }],
    ['RerunOnFailure, off', { power: { runStrategy: 'RerunOnFailure' }, on: false }],
    ['Once, on', { power: { runStrategy: 'Once' } }],
    ['Once, its guest ended', { power: { runStrategy: 'Once' }, annotations: guestEnds, ended: true }],
    [
      'Manual, its guest ended',
      { power: { runStrategy: 'Manual' }, on: true, annotations: guestEnds, ended: true },
    ],
  ])('%s', async (name, options) => {
    const source = await makeMachine(environment, nameFor(name), options);
    const before = await powerOf(environment, source);
    const target: VmRef = { namespace: 'demo', name: `${source.name}-clone` };

    const last = await (await environment.clone(source, target, { startAfterClone: false })).result();

    expect(last.outcome).toBe('Completed');
    expect(await powerOf(environment, source)).toEqual(before);
    if (before?.on) await environment.untilRunning(source);
    else expect(last.timings).not.toHaveProperty('sourceRunningAt');
  });
});

describe('a clone starts with the strategy that fits', () => {
  test.each<[string, MachineOptions, boolean, object]>([
    ['Always, started', { power: { runStrategy: 'Always' } }, true, { runStrategy: 'Always', on: true }],
    [
      'Always, not started',
      { power: { runStrategy: 'Always' } },
      false,
      { runStrategy: 'Halted', on: false },
    ],
    ['running: true, started', { power: { running: true } }, true, { runStrategy: 'Always', on: true }],
    ['Halted, started', { power: { runStrategy: 'Halted' } }, true, { runStrategy: 'Always', on: true }],
    [
      'Halted, not started',
      { power: { runStrategy: 'Halted' } },
      false,
      { runStrategy: 'Halted', on: false },
    ],
    ['Manual, started', { power: { runStrategy: 'Manual' } }, true, { runStrategy: 'Manual', on: true }],
    [
      'Manual, not started',
      { power: { runStrategy: 'Manual' } },
      false,
      { runStrategy: 'Manual', on: false },
    ],
    ['Once, started', { power: { runStrategy: 'Once' } }, true, { runStrategy: 'Once', on: true }],
    [
      'RerunOnFailure, started',
      { power: { runStrategy: 'RerunOnFailure' } },
      true,
      { runStrategy: 'RerunOnFailure', on: true },
    ],
    [
      'RerunOnFailure, not started',
      { power: { runStrategy: 'RerunOnFailure' } },
      false,
      { runStrategy: 'Halted', on: false },
    ],
  ])('%s', async (name, options, startAfterClone, expected) => {
    const source = await makeMachine(environment, `s-${nameFor(name)}`, options);
    const target: VmRef = { namespace: 'demo', name: `${source.name}-clone` };
    const last = await (await environment.clone(source, target, { startAfterClone })).result();
    expect(last).toMatchObject({ outcome: 'Completed' });
    if (startAfterClone) await environment.untilRunning(target);
    expect(await powerOf(environment, target)).toMatchObject(expected);
  });
});

function nameFor(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
}
