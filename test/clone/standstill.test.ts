import type { VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';
import { hasRunSince, standstillOf } from '../../src/clone/standstill';

interface Seen {
  generation?: number;
  observed?: number;
  reason?: string;
  at?: string;
}

function vm({
  generation = 2,
  observed = 2,
  reason = 'VMINotExists',
  at = '10:00:00',
}: Seen = {}): VirtualMachine {
  const lastTransitionTime = `2026-01-01T${at}Z`;
  return {
    metadata: { name: 'web', generation },
    spec: { template: { spec: { domain: {} } } },
    status: {
      observedGeneration: observed,
      conditions: [{ type: 'Ready', status: 'False', reason, lastTransitionTime }],
    },
  };
}

describe('whether a VM has run since it was off', () => {
  test.each<[string, VirtualMachine, VirtualMachine, boolean]>([
    ['nothing happened', vm(), vm(), false],
    ['it was edited', vm(), vm({ generation: 3 }), false],
    [
      'off before its generation was ever observed',
      vm({ generation: 4, observed: 0 }),
      vm({ generation: 4, observed: 0 }),
      false,
    ],
    ['its strategy was set, and set back', vm(), vm({ generation: 4, observed: 3 }), true],
    ['a Manual VM was started, and stopped', vm(), vm({ at: '10:05:00' }), true],
    ['it is starting', vm(), vm({ reason: 'GuestNotRunning', at: '10:05:00' }), true],
    ['a cache shows how it went down', vm(), vm({ reason: 'PodTerminating', at: '09:59:58' }), false],
    ['without conditions', { ...vm(), status: {} }, vm({ at: '10:05:00' }), false],
  ])('%s', (_, before, after, expected) => {
    expect(hasRunSince(after, undefined, standstillOf(before, undefined))).toBe(expected);
  });

  const vmi = (uid: string) => ({ metadata: { name: 'web', uid }, status: { phase: 'Succeeded' } });
  test.each<[string, VirtualMachineInstance | undefined, VirtualMachine, boolean]>([
    ['is still there', vmi('ended'), vm(), false],
    ['is still there, and notes an edit of the VM', vmi('ended'), vm({ generation: 3, observed: 3 }), false],
    ['is gone', undefined, vm({ at: '10:05:00' }), false],
    ['has been followed by another', vmi('another'), vm({ reason: 'PodNotExists', at: '10:05:00' }), true],
  ])('an ended VMI was left, which %s', (_, after, source, expected) => {
    expect(hasRunSince(source, after, standstillOf(vm({ reason: 'PodNotExists' }), vmi('ended')))).toBe(
      expected,
    );
  });
});
