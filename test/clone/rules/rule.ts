import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newIdentity } from '../../../src/clone/identity';
import { type ClonePlan, type PlanFacts, planClone } from '../../../src/clone/plan';
import type { DataVolume, VirtualMachine } from '../../../src/clone/resources';
import { buildTarget } from '../../../src/clone/target';
import { counting, facts, targetRequest } from '../objects';

interface Named {
  /** As docs/kubevirt-rules.md numbers it. */
  rule: string;
  what: string;
}

/** One rule, and what shows that it is obeyed: assertions, or a test of what only an activity or the workflow does. */
export type Rule = Named & ({ check: () => void } | { shownBy: readonly [file: string, ...names: string[]] });

/** A rule that nothing obeys yet. */
export type Later = Named & { why: 'authorisation' | 'policy' | 'limits' };

const root = join(__dirname, '../../..');

/** Fails unless the file, by its path from the root, has tests of these names (or with these in them). */
export function expectTests(file: string, ...names: string[]): void {
  const path = join(root, file);
  expect(existsSync(path)).toBe(true);
  // Titles and rows of tables begin a line, or follow a call.
  const titles = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\s*(\[?['"]|(test|it|describe)\b)/.test(line));
  expect(names.filter((name) => !titles.some((line) => line.includes(name)))).toEqual([]);
}

/** The plan of shop/db to shop/db-clone, and what is made by it, where the facts differ so. */
export function cloned(given: Partial<PlanFacts> = {}): {
  plan: ClonePlan;
  made: VirtualMachine;
  dataVolumes: DataVolume[];
} {
  const all = facts(given);
  const source = all.source as VirtualMachine;
  const plan = planClone(all);
  const identity = newIdentity(source, counting(), all.otherMacs, all.request.options);
  const request = targetRequest(all.request);
  const { vm, dataVolumes } = buildTarget({ source, plan, request, identity });
  return { plan, made: vm, dataVolumes };
}

export const blockersOf = (given: Partial<PlanFacts>) =>
  planClone(facts(given)).blockers.map(({ type }) => type);
export const warningsOf = (given: Partial<PlanFacts>) =>
  planClone(facts(given)).warnings.map(({ type }) => type);

/** The usual request, otherwise. */
export function asked(request: Partial<PlanFacts['request']>): Pick<PlanFacts, 'request'> {
  return { request: { ...facts().request, ...request } };
}

export const ELSEWHERE = { target: { namespace: 'lab', name: 'db-clone' } };

/** The clone that was asked for under a certain uid, which the names of its copies carry. */
export const byOwnUid = (given: Partial<PlanFacts>, request: Partial<PlanFacts['request']> = {}) =>
  cloned({ ...given, ...asked({ cloneUid: '0f0f0f0f-0000', ...request }) });
