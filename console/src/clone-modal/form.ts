import type { ClonePlanAnswer } from '../../../src/api/answers';
import type { Blocker, CloneOptions, VmRef } from '../../../src/contract';

/** What stands in the dialogue. `name` and `namespace` are undefined until somebody changes what is proposed. */
export interface CloneForm {
  name?: string;
  namespace?: string;
  description: string;
  startAfterClone: boolean;
  /** Only where the plan asks for it. */
  beginWithoutState: boolean;
  copySecrets: boolean;
  forceShutdown: boolean;
}

export const NEW_FORM: CloneForm = {
  description: '',
  startAfterClone: true,
  beginWithoutState: false,
  copySecrets: false,
  forceShutdown: false,
};

/** Blockers that are about the name that was typed: they stand under it. */
const ABOUT_NAME = ['InvalidName', 'NameTaken', 'TargetIsSource'];

export interface Verdict {
  name: string;
  namespace: string;
  /** Why the name can't be taken; undefined when it can, or nobody knows yet. */
  nameError?: string;
  /** What else stands against the clone. */
  blockers: Blocker[];
  /** Whether the clone may be asked for: the API has the last word. */
  ready: boolean;
}

/** `plan` is the last answer: it may be about a name that has been changed since. */
export function judge(source: VmRef, form: CloneForm, plan: ClonePlanAnswer | undefined): Verdict {
  const name = form.name ?? plan?.defaults.name ?? proposedName(source);
  const namespace = form.namespace ?? source.namespace;
  const isAbout = plan !== undefined && plan.target.name === name && plan.target.namespace === namespace;
  const all = plan?.blockers ?? [];
  const ofName = isAbout ? all.find(({ type }) => ABOUT_NAME.includes(type)) : undefined;
  const blockers = all.filter(({ type }) => !ABOUT_NAME.includes(type));
  const nameError = name === '' ? 'A name is required.' : (ruleError(name) ?? ofName?.message);
  return { name, namespace, nameError, blockers, ready: nameError === undefined && blockers.length === 0 };
}

/** Before the API has proposed one that is free. */
function proposedName({ name }: VmRef): string {
  return `${name.replaceAll('.', '-').slice(0, 57)}-clone`;
}

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

function ruleError(name: string): string | undefined {
  if (LABEL.test(name)) return undefined;
  return 'Use 1 to 63 lower-case letters, digits or "-", with a letter or digit at both ends.';
}

/** Body of `POST /clones`. */
export function bodyOf(source: VmRef, form: CloneForm, { name, namespace }: Verdict) {
  const { description, startAfterClone } = form;
  return {
    source: { namespace: source.namespace, name: source.name },
    target: { namespace, name },
    ...(description.trim() && { description: description.trim() }),
    startAfterClone,
    options: optionsOf(form),
  };
}

function optionsOf({ beginWithoutState, copySecrets, forceShutdown }: CloneForm): CloneOptions {
  return {
    ...(beginWithoutState && { persistentState: 'empty' as const }),
    ...(copySecrets && { copySecrets }),
    ...(forceShutdown && { forceShutdown }),
  };
}
