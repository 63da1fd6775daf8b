import { ACTIONS, type ActionFacts, type ActionName, actionsFor } from '../../src/clone/actions';

const running: ActionFacts = {
  name: 'web',
  status: 'Running',
  filterGroup: 'Running',
  live: true,
  on: true,
  paused: false,
  once: false,
  locked: false,
  deleting: false,
};
const off: ActionFacts = { ...running, status: 'Off', filterGroup: 'Offline', live: false, on: false };
const paused: ActionFacts = { ...running, status: 'Paused', filterGroup: 'Transitioning', paused: true };
const POWER: ActionName[] = ['run', 'shutDown', 'restart', 'pause', 'unpause'];

describe('the reason why an action is not enabled', () => {
  test.each<[string, ActionFacts, ActionName, string | undefined]>([
    ['off', off, 'unpause', 'web is not paused.'],
    ['running', running, 'unpause', 'web is not paused.'],
    ['paused', paused, 'unpause', undefined],
    ['paused', paused, 'pause', 'web is already paused.'],
    ['paused', paused, 'shutDown', 'web is paused: unpause it first.'],
    ['stopping', { ...running, status: 'Stopping', filterGroup: 'Transitioning' }, 'shutDown', undefined],
    ['off', off, 'shutDown', 'web is off.'],
    ['running', running, 'run', 'web is already on.'],
  ])('of a VM that is %s', (_state, facts, action, reason) => {
    expect(actionsFor(facts)[action].reason).toBe(reason);
  });
});

test.each([
  ['off', off],
  ['running', running],
  ['paused', paused],
])('a locked VM that is %s takes no power action and no delete, but edits and clones', (_state, facts) => {
  const actions = actionsFor({ ...facts, locked: true });
  for (const action of [...POWER, 'delete'] as const) {
    expect(actions[action]).toEqual({
      enabled: false,
      reason: 'web is locked while it is being cloned.',
    });
  }
  expect(actions.edit).toEqual({ enabled: true });
  expect(actions.clone).toEqual({ enabled: true });
});

test('a clone in progress can only be cancelled', () => {
  const actions = actionsFor({ ...paused, clone: { copied: false, cancelling: false } });
  expect(ACTIONS.filter((action) => actions[action].enabled)).toEqual(['cancelCloning']);
  expect(actions.edit.reason).toBe('web is still being cloned.');
});
