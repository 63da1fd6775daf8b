import type { Request, RequestHandler } from 'express';
import type { z } from 'zod';
import type { ActionName } from '../clone/actions';
import type { VmRow } from '../clone/status';
import type { VmRef } from '../contract';
import { isCode, Kinds } from '../kubernetes';
import { callerOf } from './caller';
import type { ApiDeps } from './deps';
import { type FreshVm, noSuchVm, readFresh, refuseUnlessEnabled, unlessRefused } from './fresh-vm';
import { parseOptionalBody, parsePath, parseQuery } from './parse';
import { Problem, unavailable } from './problem';
import { vmPathSchema } from './schemas';
import { forceSchema, nothingSchema } from './vm-schemas';

/** KubeVirt's verbs: of the VM, or of its running instance; and what they are told when they are forced. */
const VERBS = {
  start: { action: 'run', of: 'vm' },
  stop: { action: 'shutDown', of: 'vm', forced: { gracePeriod: 0 } },
  restart: { action: 'restart', of: 'vm', forced: { gracePeriodSeconds: 0 } },
  pause: { action: 'pause', of: 'instance' },
  unpause: { action: 'unpause', of: 'instance' },
} as const satisfies Record<string, { action: ActionName; of: 'vm' | 'instance'; forced?: object }>;
type Verb = keyof typeof VERBS;

/** A controller that writes the status in between is no reason to give up. */
const DELETE_TRIES = 3;

/** Handlers of `/vms/{namespace}/{name}/<verb>` and of `DELETE /vms/{namespace}/{name}`. */
export function vmActionRoutes({ cluster, logger }: Pick<ApiDeps, 'cluster' | 'logger'>) {
  const log = (ref: VmRef, request: Request, more: object) => {
    const requestedBy = callerOf(request);
    logger.info({ vm: `${ref.namespace}/${ref.name}`, ...more, requestedBy }, 'VM action asked');
  };

  /** What has become of it so far, by the newest read there is. */
  const rowAfter = async (ref: VmRef, before: FreshVm): Promise<VmRow> => {
    const after = await readFresh(cluster, ref).catch(() => before);
    return after.row;
  };

  const act =
    (verb: Verb): RequestHandler =>
    async (request, response) => {
      const { action, of, ...more } = VERBS[verb];
      const forced = 'forced' in more ? more.forced : undefined;
      const { ref, body } = asked(request, forced ? forceSchema : nothingSchema);
      const force = 'force' in body && body.force === true;
      const found = await readFresh(cluster, ref);
      refuseUnlessEnabled(found, action);
      if (verb === 'stop' && !force) refuseSecondStop(found);
      const options = force ? forced : {};
      await unlessRefused(cluster, ref, action, () =>
        of === 'vm' ? cluster.act(ref, verb, options) : cluster.actOnInstance(ref, verb, options),
      );
      log(ref, request, { action: verb, ...(force && { force }) });
      response.status(202).json(await rowAfter(ref, found));
    };

  const remove: RequestHandler = async (request, response) => {
    const { ref } = asked(request, nothingSchema);
    const found = await removeAsSeen(ref);
    log(ref, request, { action: 'delete' });
    response.status(202).json(await rowAfter(ref, found));
  };

  /** Deletes nothing but the VM that it first looked at, and that only as it was at its last look. */
  async function removeAsSeen(ref: VmRef): Promise<FreshVm> {
    let uid: string | undefined;
    for (let tries = 0; tries < DELETE_TRIES; tries += 1) {
      const found = await readFresh(cluster, ref);
      const { metadata } = found.vm;
      uid ??= metadata.uid;
      if (metadata.uid !== uid) throw replaced(ref);
      refuseUnlessEnabled(found, 'delete');
      const { resourceVersion } = metadata;
      const done = await unlessRefused(cluster, ref, 'delete', () =>
        cluster
          .delete(Kinds.VirtualMachine, ref, { uid, resourceVersion, propagationPolicy: 'Background' })
          .catch(asWrittenMeanwhile),
      );
      if (done === false) throw noSuchVm(ref);
      if (done !== 'written meanwhile') return found;
    }
    throw unavailable(`${ref.namespace}/${ref.name} is being changed by others. Try again in a moment.`);
  }

  return {
    start: act('start'),
    stop: act('stop'),
    restart: act('restart'),
    pause: act('pause'),
    unpause: act('unpause'),
    remove,
  };
}

function asWrittenMeanwhile(error: unknown): 'written meanwhile' {
  if (!isCode(error, 409)) throw error;
  return 'written meanwhile';
}

function replaced({ namespace, name }: VmRef): Problem {
  return new Problem(
    'action-refused',
    `${namespace}/${name} has been replaced by another VM of that name meanwhile: look at it again.`,
  );
}

function asked<S extends z.ZodType>(request: Request, schema: S): { ref: VmRef; body: z.output<S> } {
  const ref = parsePath(vmPathSchema, request);
  parseQuery(nothingSchema, request);
  return { ref, body: parseOptionalBody(schema, request) };
}

/** A guest that has been told once is not told again: only force makes a difference. */
function refuseSecondStop({ row, vmi }: FreshVm): void {
  if (row.status !== 'Stopping' && !vmi?.metadata.deletionTimestamp) return;
  throw new Problem(
    'action-refused',
    `${row.name} is already shutting down: only a forced stop ends it sooner.`,
  );
}
