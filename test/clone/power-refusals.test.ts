import { powerRefusals } from '../../src/clone/power-refusals';
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';

const vm = (runStrategy: RunStrategy, status: VirtualMachine['status'] = {}): VirtualMachine => ({
  metadata: { namespace: 'demo', name: 'web' },
  spec: { runStrategy, template: { spec: { domain: {} } } },
  status,
});
const ended: VirtualMachineInstance = {
  metadata: { namespace: 'demo', name: 'web' },
  spec: { domain: {} },
  status: { phase: 'Succeeded' },
};
const IN_SNAPSHOT = { snapshotInProgress: 'nightly' };
const IN_RESTORE = { restoreInProgress: 'back' };
const IN_RECOVERY = { conditions: [{ type: 'ManualRecoveryRequired', status: 'True' as const }] };

const snapshot = 'web is in a snapshot right now (nightly): wait until it is done.';
const restore = 'web is being restored (back): wait until it is done.';
const once = 'web has run once, as its run strategy has it: give it another one first.';

describe('what the cluster would refuse', () => {
  test.each<[string, VirtualMachine, VirtualMachineInstance | undefined, object]>([
    ['off', vm('Halted'), undefined, {}],
    ['off, in a snapshot', vm('Halted', IN_SNAPSHOT), undefined, { run: snapshot, unpause: snapshot }],
    ['off, in a restore', vm('Halted', IN_RESTORE), undefined, { run: restore }],
    ['on, in a snapshot', vm('Always', IN_SNAPSHOT), undefined, { shutDown: snapshot, unpause: snapshot }],
    ['on, in a restore', vm('Once', IN_RESTORE), undefined, { shutDown: restore }],
    // Their starts and stops are requests in the status, which no webhook looks at.
    ['Manual, in a snapshot', vm('Manual', IN_SNAPSHOT), undefined, { unpause: snapshot }],
    ['RerunOnFailure, in a restore', vm('RerunOnFailure', IN_RESTORE), undefined, {}],
    ['Once, and its guest has ended', vm('Once'), ended, { run: once }],
    ['Always, and its guest has ended', vm('Always'), ended, {}],
    ['to be recovered', vm('Halted', IN_RECOVERY), undefined, { run: expect.stringContaining('Recovery') }],
  ])('of a VM that is %s', (_state, source, vmi, refusals) => {
    const defined = Object.entries(powerRefusals(source, vmi)).filter(([, reason]) => reason !== undefined);
    expect(Object.fromEntries(defined)).toEqual(refusals);
  });
});
