import { clonesMovedBy } from '../../src/api/live-marks';
import type { VirtualMachine } from '../../src/clone';
import { cloneWorkflowId, MARKS } from '../../src/contract';

function vm(annotations: Record<string, string> = {}, deletionTimestamp?: string): VirtualMachine {
  return {
    metadata: {
      namespace: 'demo',
      name: 'web',
      annotations,
      ...(deletionTimestamp && { deletionTimestamp }),
    },
    spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } },
  };
}

const lockedBy = (...names: string[]) =>
  vm({
    [MARKS.lock]: JSON.stringify(
      names.map((name) => ({ cloneUid: name, workflowId: cloneWorkflowId({ namespace: 'demo', name }) })),
    ),
  });
const copying = { [MARKS.inProgress]: 'copying' };

test.each([
  ['a VM that is no clone appears', undefined, vm(), []],
  ['a VM changes in what is no mark', vm({ other: 'a' }), vm({ other: 'b' }), []],
  ['a clone appears', undefined, vm(copying), ['demo/web']],
  ['a clone goes on', vm(copying), vm(copying), []],
  ['a clone is copied', vm(copying), vm({ [MARKS.inProgress]: 'copied' }), ['demo/web']],
  ['a clone is finished', vm({ [MARKS.inProgress]: 'copied' }), vm(), ['demo/web']],
  ['a clone is being deleted', vm(copying), vm(copying, '2026-01-01T00:00:00Z'), ['demo/web']],
  ['a clone is gone', vm(copying), undefined, ['demo/web']],
  ['a finished clone is deleted', vm(), undefined, []],
  ['a source is locked', vm(), lockedBy('a'), ['demo/a']],
  ['another holder comes', lockedBy('a'), lockedBy('a', 'b'), ['demo/b']],
  ['one of two leaves', lockedBy('a', 'b'), lockedBy('b'), ['demo/a']],
  ['a locked source is gone', lockedBy('a'), undefined, ['demo/a']],
  ['somebody makes the lock unreadable', lockedBy('a'), vm({ [MARKS.lock]: 'mine' }), ['demo/a']],
])('%s', (_, before, now, ids) => {
  expect(clonesMovedBy(now, before)).toEqual(ids);
});
