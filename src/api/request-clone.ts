import { createHash, randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { z } from 'zod';
import { canonicalJson } from '../clone/canonical-json';
import type { ClonePlan } from '../clone/plan';
import type { CloneInput, CloneOptions, VmRef } from '../contract';
import { cloneFields } from '../log';
import { type CloneDescription, type CloneReader, startClone } from '../temporal';
import { answerOf } from './clone-answer';
import type { ApiDeps } from './deps';
import { Problem, unavailable } from './problem';
import { readFreshPlan } from './read-plan';
import type { createCloneSchema } from './schemas';

export interface Asked {
  body: z.output<typeof createCloneSchema>;
  /** Who asks, as authentication says. */
  caller: string;
  idempotencyKey?: string;
}

type Deps = ApiDeps & { clones: CloneReader };

/** What was asked for, with every default filled in. */
interface Wish {
  source: VmRef;
  target: VmRef;
  description?: string;
  startAfterClone: boolean;
  options: CloneOptions;
}

/**
 * `POST /clones` once its schema fits (architecture.md, Order of `POST /clones`). Starts one clone at most,
 * however often and by however many at once it is asked: the workflow id reserves the name.
 *
 * Throws the problems `clone-under-way`, `idempotency-key-reused`, `vm-not-found`, `name-taken`, `clone-blocked`.
 */
export async function requestClone(deps: Deps, asked: Asked): Promise<CloneDescription> {
  const wish = wishOf(asked.body);
  const requestHash = hashOf(wish);
  const attempts = 2; // whoever loses the race to start finds the winner on the second look
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const existing = await deps.clones.read(wish.target);
    const answer = existing && answerByExisting(deps, existing, asked, requestHash);
    if (answer) return answer;
    const plan = await readFreshPlan(deps, wish);
    refuseBlocked(wish, plan);
    try {
      return await start(deps, asked, wish, requestHash, plan);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
  throw underWay(wish.target);
}

function wishOf({ source, target, description, startAfterClone, options }: Asked['body']): Wish {
  return {
    source,
    target: { namespace: target.namespace ?? source.namespace, name: target.name },
    ...(description && { description }),
    startAfterClone,
    options,
  };
}

/** The same for the same wish, however it was written. */
function hashOf(wish: Wish): string {
  return createHash('sha256').update(canonicalJson(wish)).digest('hex');
}

/** The clone that is there already, when it is what was asked for; undefined when a new one may be begun. */
function answerByExisting(
  deps: Deps,
  existing: CloneDescription,
  { caller, idempotencyKey }: Asked,
  requestHash: string,
): CloneDescription | undefined {
  const { view, open } = existing;
  const own = view.requestedBy === caller;
  const same = existing.requestHash === requestHash;
  if (own && idempotencyKey !== undefined && existing.idempotencyKey === idempotencyKey) {
    if (same) return existing;
    throw new Problem(
      'idempotency-key-reused',
      `The Idempotency-Key was used for another request for ${view.id}: use a new key for a new request.`,
    );
  }
  if (!open) return undefined;
  if (own && same) return existing;
  throw underWay(view.target, answerOf(view, deps).links);
}

function underWay(target: VmRef, links?: { self: string; temporalUi: string }): Problem {
  const detail = `Another clone to ${target.namespace}/${target.name} is under way: follow or cancel that one, or choose another name.`;
  return new Problem(
    'clone-under-way',
    detail,
    links && { links },
    links && { Link: `<${links.self}>; rel="related"` },
  );
}

/** Nothing has been touched so far, and with a blocker nothing will be. */
function refuseBlocked({ source, target }: Wish, { blockers }: ClonePlan): void {
  if (blockers.length === 0) return;
  const detail = blockers.map(({ message }) => message).join(' ');
  const has = (...types: string[]) => blockers.some(({ type }) => types.includes(type));
  if (has('SourceNotFound')) {
    throw new Problem('vm-not-found', `There is no VM ${source.namespace}/${source.name}.`);
  }
  if (has('NameTaken', 'TargetIsSource')) {
    throw new Problem('name-taken', detail, {
      errors: [{ field: 'target.name', message: `${target.name} is taken` }],
      blockers,
    });
  }
  throw new Problem('clone-blocked', detail, { blockers });
}

async function start(
  deps: Deps,
  { caller, idempotencyKey }: Asked,
  wish: Wish,
  requestHash: string,
  { disks }: ClonePlan,
): Promise<CloneDescription> {
  const installation = deps.installation();
  if (!installation)
    throw unavailable('Temporal has not been reached since the start. Try again in a moment.');
  const input: CloneInput = {
    cloneUid: randomUUID(),
    installation,
    ...wish,
    requestedBy: caller,
    heartbeatTimeoutSeconds: deps.config.heartbeatTimeoutSeconds,
  };
  const planned = disks.map(({ name, sourceClaim, dataVolume, bytes, method }) => ({
    name,
    sourceClaim,
    dataVolume,
    bytes,
    method,
  }));
  await startClone(deps.temporal, { input, requestHash, idempotencyKey, disks: planned });
  const { cloneUid } = input;
  deps.logger.info(
    { ...cloneFields(wish.target), cloneUid, requestedBy: caller, source: wish.source },
    'clone started',
  );
  const started = await deps.clones.read(wish.target);
  if (!started) throw unavailable('The clone was started but is not seen yet. Ask again in a moment.');
  return started;
}
