import { menuOf } from '../../console/src/vms/menu';
import { vmRow } from '../../src/clone/status';
import { MARKS } from '../../src/contract';
import { facts } from './rows';

const labels = (row: ReturnType<typeof vmRow>) => menuOf(row).map(({ label }) => label);
const ON = ['Edit', 'Clone', 'Pause', 'Restart', 'Shut down', 'Delete'];
const OFF = ['Run', 'Edit', 'Clone', 'Delete'];

test.each([
  ['that is off', facts({ printableStatus: 'Stopped' }), OFF],
  ['that runs', facts({ printableStatus: 'Running', on: true }), ON],
  ['that starts', facts({ printableStatus: 'Starting', on: true }), ON],
  [
    'that is paused',
    facts({ printableStatus: 'Paused', on: true }),
    ON.map((label) => (label === 'Pause' ? 'Unpause' : label)),
  ],
  ['that is locked', facts({ printableStatus: 'Stopped', annotations: { [MARKS.lock]: '[]' } }), OFF],
  ['that is being deleted', facts({ printableStatus: 'Terminating', deleting: true }), OFF],
  [
    'that is being cloned into',
    facts({ printableStatus: 'Stopped', annotations: { [MARKS.inProgress]: 'copying' } }),
    ['Cancel cloning'],
  ],
])('the menu of a VM %s', (_name, vm, expected) => {
  expect(labels(vmRow(vm))).toEqual(expected);
});

test('Run and Delete of a locked VM are disabled with the reason, Edit and Clone enabled', () => {
  const { actions } = vmRow(facts({ printableStatus: 'Stopped', annotations: { [MARKS.lock]: '[]' } }));
  expect(actions.run).toEqual({ enabled: false, reason: 'web is locked while it is being cloned.' });
  expect(actions.delete.enabled).toBe(false);
  expect([actions.edit.enabled, actions.clone.enabled]).toEqual([true, true]);
});
