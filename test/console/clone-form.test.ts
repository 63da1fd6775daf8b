import { bodyOf, judge, NEW_FORM } from '../../console/src/clone-modal/form';
import type { ClonePlanAnswer } from '../../src/api/answers';

const SOURCE = { namespace: 'demo', name: 'web' };

const plan = (change: Partial<ClonePlanAnswer> = {}) =>
  ({
    defaults: { name: 'web-clone', namespace: 'demo', startAfterClone: true },
    target: { namespace: 'demo', name: 'web-clone' },
    blockers: [],
    warnings: [],
    ...change,
  }) as unknown as ClonePlanAnswer;

const taken = { type: 'NameTaken', message: 'demo/web-clone is there already.' };
const paused = { type: 'SourcePaused', message: 'web is paused.' };

describe('the proposed name', () => {
  test('stands and is ready before the API has answered', () => {
    expect(judge(SOURCE, NEW_FORM, undefined)).toMatchObject({ name: 'web-clone', ready: true });
  });

  test('is the one that the API finds free', () => {
    const free = plan({ defaults: { name: 'web-clone-2', namespace: 'demo', startAfterClone: true } });
    expect(judge(SOURCE, NEW_FORM, free).name).toBe('web-clone-2');
  });

  test('has neither dots nor more than 63 characters', () => {
    const { name, ready } = judge({ namespace: 'demo', name: `a.${'b'.repeat(80)}` }, NEW_FORM, undefined);
    expect([name.length, ready]).toEqual([63, true]);
  });
});

describe('readiness', () => {
  test.each([
    ['', 'A name is required.'],
    ['Web', 'lower-case'],
    ['web-', 'letter or digit at both ends'],
    ['a'.repeat(64), '63'],
  ])('the name "%s" is refused: %s', (name, words) => {
    const verdict = judge(SOURCE, { ...NEW_FORM, name }, plan());
    expect(verdict.nameError).toContain(words);
    expect(verdict.ready).toBe(false);
  });

  test('a name that is taken is said under the name, not as a blocker', () => {
    const verdict = judge(SOURCE, { ...NEW_FORM, name: 'web-clone' }, plan({ blockers: [taken] }));
    expect(verdict).toMatchObject({ nameError: taken.message, blockers: [], ready: false });
  });

  test('what was said of another name does not count for the one that stands there now', () => {
    const verdict = judge(SOURCE, { ...NEW_FORM, name: 'web-other' }, plan({ blockers: [taken] }));
    expect(verdict).toMatchObject({ nameError: undefined, ready: true });
  });

  test('any other blocker stands against it', () => {
    const verdict = judge(SOURCE, NEW_FORM, plan({ blockers: [paused] }));
    expect(verdict).toMatchObject({ blockers: [paused], ready: false });
  });
});

describe('what is asked for', () => {
  const verdict = judge(SOURCE, NEW_FORM, plan());

  test('is the least by default', () => {
    expect(bodyOf(SOURCE, NEW_FORM, verdict)).toEqual({
      source: SOURCE,
      target: { namespace: 'demo', name: 'web-clone' },
      startAfterClone: true,
      options: {},
    });
  });

  test('is what was chosen', () => {
    const form = {
      ...NEW_FORM,
      description: ' a copy ',
      startAfterClone: false,
      beginWithoutState: true,
      copySecrets: true,
      forceShutdown: true,
    };
    expect(bodyOf(SOURCE, form, verdict)).toMatchObject({
      description: 'a copy',
      startAfterClone: false,
      options: { persistentState: 'empty', copySecrets: true, forceShutdown: true },
    });
  });
});
