import type { RequestHandler } from 'express';
import { cancelObstacle } from '../clone/cancel';
import type { CloneView, VmRef } from '../contract';
import { cloneFields } from '../log';
import { BadPageToken, type CloneDescription, type CloneReader, cancelClone, listClones } from '../temporal';
import { callerOf } from './caller';
import { answerOf, cloneUrl } from './clone-answer';
import type { ApiDeps } from './deps';
import type { LiveCopies } from './live-copies';
import type { LiveFeed } from './live-feed';
import { parseBody, parseHeader, parseOptionalBody, parsePath, parseQuery } from './parse';
import { invalidRequest, Problem } from './problem';
import { requestClone } from './request-clone';
import type { RunningClones } from './running-clones';
import {
  cancelCloneSchema,
  clonePathSchema,
  cloneQuerySchema,
  createCloneSchema,
  idempotencyKeySchema,
  listClonesQuerySchema,
} from './schemas';

/** Handlers of `/clones`. */
export function cloneRoutes(
  deps: ApiDeps & {
    clones: CloneReader;
    copies: LiveCopies;
    running: RunningClones;
    feed: Pick<LiveFeed, 'touch'>;
  },
) {
  const { temporal: client, clones, copies, running, feed, logger } = deps;

  async function find(target: VmRef, runId?: string): Promise<CloneDescription> {
    const found = await clones.read(target, runId);
    if (found) {
      running.note(found.view);
      return found;
    }
    throw new Problem(
      'clone-not-found',
      `There is no clone ${target.namespace}/${target.name}${runId ? ` with run ${runId}` : ''}. Clones are kept for 30 days after their end.`,
    );
  }

  const create: RequestHandler = async (request, response) => {
    const body = parseBody(createCloneSchema, request);
    const idempotencyKey = parseHeader(idempotencyKeySchema, request, 'Idempotency-Key');
    const { view, planned } = await requestClone(deps, { body, caller: callerOf(request), idempotencyKey });
    feed.touch(view.id);
    response
      .status(202)
      .location(cloneUrl(view.id))
      .json(answerOf(copies.upToDate(view, planned), deps));
  };

  const list: RequestHandler = async (request, response) => {
    const { limit, pageToken, ...filters } = parseQuery(listClonesQuerySchema, request);
    const page = await listClones(client, { filters, limit, pageToken, endings: clones }).catch((error) => {
      if (!(error instanceof BadPageToken)) throw error;
      throw invalidRequest([{ field: 'pageToken', message: 'must be the nextPageToken of the page before' }]);
    });
    response.json({ ...page, items: page.items.map((view) => answerOf(copies.upToDate(view), deps)) });
  };

  const get: RequestHandler = async (request, response) => {
    const target = parsePath(clonePathSchema, request);
    const { runId } = parseQuery(cloneQuerySchema, request);
    const { view, planned } = await find(target, runId);
    response.json(answerOf(copies.upToDate(view, planned), deps));
  };

  const cancel: RequestHandler = async (request, response) => {
    const target = parsePath(clonePathSchema, request);
    const { reason } = parseOptionalBody(cancelCloneSchema, request);
    const { view, planned } = await find(target);
    refuseUnlessCancellable(view);
    const cancelRequest = { requestedBy: callerOf(request), ...(reason && { reason }) };
    // Once is enough: each signal lengthens the history.
    if (!view.cancelRequested) {
      if (!(await cancelClone(client, target, view.runId, cancelRequest))) throw finished(view.id);
      logger.info({ ...cloneFields(target), ...cancelRequest }, 'cancel asked');
    }
    const cancelRequested = view.cancelRequested ?? cancelRequest;
    running.note({ ...view, cancelRequested });
    feed.touch(view.id);
    response
      .status(202)
      .location(cloneUrl(view.id))
      .json(answerOf(copies.upToDate({ ...view, cancelRequested }, planned), deps));
  };

  return { create, list, get, cancel };
}

/** One that is being cancelled can be asked again: it does no more. */
function refuseUnlessCancellable(view: CloneView): void {
  switch (cancelObstacle(view)) {
    case 'ended':
      throw finished(view.id);
    case 'copied':
      throw new Problem(
        'clone-past-cancel',
        `Every disk of ${view.id} is copied and it is being finished: delete the VM instead if it is not wanted.`,
      );
    case 'undoing':
      throw new Problem('clone-undoing', `The clone ${view.id} has failed and is being undone already.`);
  }
}

function finished(id: string): Problem {
  return new Problem('clone-finished', `The clone ${id} has finished: there is nothing to cancel.`);
}
