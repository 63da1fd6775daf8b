import { applyJsonPatch } from '../../simulator/apiserver/patches';
import {
  type Holder,
  holdersOf,
  holds,
  LockUnreadable,
  lockPatch,
  misfiredStartPatch,
  unlockStep,
} from '../../src/clone/lock';
import { savedPower } from '../../src/clone/power';
import type {
  PatchOperation,
  RunStrategy,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../src/clone/resources';
import { MARKS } from '../../src/contract';

const holder = (cloneUid: string): Holder => ({
  cloneUid,
  installation: 'inst',
  workflowId: `clone/demo/${cloneUid}`,
  since: '2026-01-01T00:00:00Z',
});
const A = holder('a');
const B = holder('b');
const running: VirtualMachineInstance = { metadata: { name: 'web' }, status: { phase: 'Running' } };

function source(spec: object, annotations?: Record<string, string>): VirtualMachine {
  return {
    metadata: { name: 'web', namespace: 'demo', uid: 'vm-1', ...(annotations && { annotations }) },
    spec: { template: { spec: { domain: {} } }, ...spec },
  };
}

/** Applies as the API server does: throws when a `test` fails. */
function apply(vm: VirtualMachine, operations: PatchOperation[]): VirtualMachine {
  return applyJsonPatch(vm, operations) as VirtualMachine;
}

function lock(vm: VirtualMachine, by: Holder, vmi?: VirtualMachineInstance): VirtualMachine {
  return apply(vm, lockPatch(vm, vmi, by));
}

function unlock(vm: VirtualMachine, by: Holder): VirtualMachine {
  const step = unlockStep(vm, by);
  if (step.do !== 'patch') throw new Error(`no patch but ${step.do}`);
  return apply(vm, step.operations);
}

function setting({ spec, metadata }: VirtualMachine) {
  const { template: _, ...power } = spec;
  return { ...power, marks: Object.keys(metadata.annotations ?? {}).sort() };
}

describe('one holder', () => {
  // spec, VMI, spec while locked
  test.each<[string, object, VirtualMachineInstance | undefined, object]>([
    ['Always', { runStrategy: 'Always' }, running, { runStrategy: 'Halted' }],
    ['Once, running', { runStrategy: 'Once' }, running, { runStrategy: 'Halted' }],
    ['running: true', { running: true }, running, { running: false }],
  ])(
    '%s: stopped and saved by the lock, restored by the unlock, in one patch each',
    (_, spec, vmi, stopped) => {
      const locked = lock(source(spec), A, vmi);
      expect(setting(locked)).toEqual({ ...stopped, marks: [MARKS.lock, MARKS.power] });
      expect(setting(unlock(locked, A))).toEqual({ ...spec, marks: [] });
    },
  );

  test.each<[string, object]>([
    ['Halted', { runStrategy: 'Halted' }],
    ['Manual, off', { runStrategy: 'Manual' }],
    ['running: false', { running: false }],
  ])('%s: only locked, its strategy never touched', (_, spec) => {
    const locked = lock(source(spec), A);
    expect(setting(locked)).toEqual({ ...spec, marks: [MARKS.lock] });
    expect(setting(unlock(locked, A))).toEqual({ ...spec, marks: [] });
  });

  test('a source that a person is just stopping stays off: restoring RerunOnFailure would boot it', () => {
    const stopping = { ...running, metadata: { name: 'web', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const locked = lock(source({ runStrategy: 'RerunOnFailure' }), A, stopping);
    expect(setting(locked)).toEqual({ runStrategy: 'RerunOnFailure', marks: [MARKS.lock] });
  });

  // KubeVirt watch/vm/vm.go, shouldStartRerunOnFailure: set back while it goes down, it stays off
  test.each(['Manual', 'RerunOnFailure'])(
    '%s, running: strategy back, a start still owed by the one who left last',
    (runStrategy) => {
      const unlocked = unlock(lock(source({ runStrategy }), A, running), A);
      expect(setting(unlocked)).toEqual({ runStrategy, marks: [MARKS.power] });
      expect(savedPower(unlocked)?.debtor).toEqual(A);
      const step = unlockStep(unlocked, A);
      if (step.do !== 'start') throw new Error(step.do);
      expect(setting(apply(unlocked, step.paid))).toEqual({ runStrategy, marks: [] });
    },
  );

  test('what a person set meanwhile is left as it is', () => {
    const locked = lock(source({ runStrategy: 'Always' }), A, running);
    const set = { ...locked, spec: { ...locked.spec, runStrategy: 'RerunOnFailure' } };
    expect(setting(unlock(set, A))).toEqual({ runStrategy: 'RerunOnFailure', marks: [] });
  });

  test('a stale note of an earlier time is neither restored nor kept', () => {
    const stale = JSON.stringify({ setting: { runStrategy: 'Always' }, uid: 'vm-1' });
    const locked = lock(source({ runStrategy: 'Halted' }, { [MARKS.power]: stale }), A);
    expect(setting(unlock(locked, A))).toEqual({ runStrategy: 'Halted', marks: [] });
  });
});

describe('a lock that somebody removed', () => {
  const removed = (vm: VirtualMachine): VirtualMachine => {
    const { [MARKS.lock]: _, ...annotations } = vm.metadata.annotations ?? {};
    return { ...vm, metadata: { ...vm.metadata, annotations } };
  };

  test.each<[string, object, string[]]>([
    ['Always', { runStrategy: 'Always' }, []],
    ['running: true', { running: true }, []],
    ['Manual', { runStrategy: 'Manual' }, [MARKS.power]],
  ])('%s: the source is given back all the same', (_, spec, marks) => {
    expect(setting(unlock(removed(lock(source(spec), A, running)), A))).toEqual({ ...spec, marks });
  });

  test('the next clone inherits what was saved', () => {
    const again = lock(removed(lock(source({ runStrategy: 'Once' }), A, running)), B);
    expect(setting(unlock(again, B))).toEqual({ runStrategy: 'Once', marks: [] });
  });
});

describe('a person has overruled what was saved: the note of it goes, and the setting stays', () => {
  const without = (vm: VirtualMachine, mark: string): VirtualMachine => {
    const { [mark]: _, ...annotations } = vm.metadata.annotations ?? {};
    return { ...vm, metadata: { ...vm.metadata, annotations } };
  };
  const set = (vm: VirtualMachine, runStrategy: RunStrategy): VirtualMachine => ({
    ...vm,
    spec: { ...vm.spec, runStrategy },
  });
  const locked = (runStrategy: RunStrategy) => lock(source({ runStrategy }), A, running);

  test.each<[string, VirtualMachine, RunStrategy]>([
    ['started when the lock was removed', without(set(locked('Once'), 'Always'), MARKS.lock), 'Always'],
    ['Halted while its start was owed', set(unlock(locked('Manual'), A), 'Halted'), 'Halted'],
    ['Always while its start was owed', set(unlock(locked('Manual'), A), 'Always'), 'Always'],
  ])('%s', (_, vm, runStrategy) => {
    expect(setting(unlock(vm, A))).toEqual({ runStrategy, marks: [] });
  });

  test('Manual set back under the lock overrules nothing: the source is still owed its start', () => {
    const unlocked = unlock(set(locked('Manual'), 'Manual'), A);
    expect(setting(unlocked)).toEqual({ runStrategy: 'Manual', marks: [MARKS.power] });
    expect(unlockStep(unlocked, A)).toMatchObject({ do: 'start' });
  });
});

describe('several holders', () => {
  test('the source stays off until the last one leaves, in whatever order', () => {
    const one = lock(source({ runStrategy: 'Always' }), A, running);
    const two = lock(one, B);
    expect(holdersOf(two)).toEqual([A, B]);
    const left = unlock(two, A);
    expect(setting(left)).toEqual({ runStrategy: 'Halted', marks: [MARKS.lock, MARKS.power] });
    expect(unlockStep(left, A)).toEqual({ do: 'nothing', locked: true });
    expect(setting(unlock(left, B))).toEqual({ runStrategy: 'Always', marks: [] });
  });

  test('one that begins while a Manual source is being started inherits the debt', () => {
    const owed = unlock(lock(source({ runStrategy: 'Manual' }), A, running), A);
    const again = lock(owed, B);
    expect(setting(again)).toEqual({ runStrategy: 'Halted', marks: [MARKS.lock, MARKS.power] });
    expect(unlockStep(again, A)).toEqual({ do: 'nothing', locked: true });
    expect(setting(unlock(again, B))).toEqual({ runStrategy: 'Manual', marks: [MARKS.power] });
  });

  test('one that joins after a person switched the locked source on saves what the person set', () => {
    const one = lock(source({ runStrategy: 'Once' }), A, running);
    const set = { ...one, spec: { ...one.spec, runStrategy: 'Always' } };
    expect(setting(unlock(unlock(lock(set, B, running), A), B))).toEqual({
      runStrategy: 'Always',
      marks: [],
    });
  });

  test('a retry takes the place of its earlier, terminated run; the same target of another installation stays', () => {
    const earlier = { ...A, cloneUid: 'a0' };
    const foreign = { ...A, cloneUid: 'f', installation: 'other' };
    const left = lock(lock(source({ runStrategy: 'Always' }), earlier, running), foreign);
    const retried = lock(left, A);
    expect(holdersOf(retried)).toEqual([foreign, A]);
    expect(setting(unlock(unlock(retried, foreign), A))).toEqual({ runStrategy: 'Always', marks: [] });
  });

  test('a start of ours that hit a source just stopped by another is taken back', () => {
    const owed = unlock(lock(source({ runStrategy: 'Manual' }), A, running), A);
    const again = lock(owed, B);
    expect(misfiredStartPatch(again)).toBeUndefined();
    const misfired = { ...again, spec: { ...again.spec, runStrategy: 'Always' } };
    expect(setting(apply(misfired, misfiredStartPatch(misfired) ?? []))).toEqual(setting(again));
  });
});

describe('a patch made from a stale read fails', () => {
  const seen = source({ runStrategy: 'Always' });
  test.each<[string, VirtualMachine]>([
    ['locked meanwhile', lock(seen, B, running)],
    ['strategy changed', source({ runStrategy: 'Manual' })],
    [
      'template edited',
      source({ runStrategy: 'Always', template: { spec: { domain: { cpu: { cores: 2 } } } } }),
    ],
    ['another VM of that name', { ...seen, metadata: { ...seen.metadata, uid: 'vm-2' } }],
    ['annotations added', source({ runStrategy: 'Always' }, { note: 'x' })],
  ])('lock: %s', (_, now) => {
    expect(() => apply(now, lockPatch(seen, running, A))).toThrow();
  });

  test.each<[string, (vm: VirtualMachine) => VirtualMachine]>([
    ['a holder joined', (vm) => lock(vm, B)],
    ['a person switched it on', (vm) => ({ ...vm, spec: { ...vm.spec, runStrategy: 'Always' } })],
    ['it is another VM', (vm) => ({ ...vm, metadata: { ...vm.metadata, uid: 'vm-2' } })],
  ])('unlock: %s', (_, change) => {
    const locked = lock(seen, A, running);
    const step = unlockStep(locked, A);
    if (step.do !== 'patch') throw new Error(step.do);
    expect(() => apply(change(locked), step.operations)).toThrow();
  });
});

test('a lock that is not ours to read is reported, never overwritten', () => {
  const strange = source({ runStrategy: 'Always' }, { [MARKS.lock]: 'by hand' });
  expect(() => lockPatch(strange, running, A)).toThrow(LockUnreadable);
  expect(() => unlockStep(strange, A)).toThrow('remove it');
});

test('a holder of another installation with the same uid is another holder', () => {
  const locked = lock(source({ runStrategy: 'Always' }), A, running);
  expect(holds(locked, A)).toBe(true);
  expect(holds(locked, { ...A, installation: 'other' })).toBe(false);
});
