import { Context } from '@temporalio/activity';
import { awaitChange, type ChangeSource } from '../kubernetes';
import type { ActivityDeps } from './deps';
import { failure, finalIfRefused } from './failures';
import { type Remains, remainsOf, removeTarget, type TargetScope } from './remove-target';
import { cachedView, freshView, type View } from './view';

/** How often what no event confirms is looked at anew, in milliseconds. */
const RECHECK = 10_000;

export interface DeleteInput extends TargetScope {
  /** For copy pods to let go of the source's disks, where that is not to be the usual time. */
  patienceMs?: number;
}

/**
 * The undo of `createTarget`: deletes the clone and waits, for a bounded time, until no copy pod uses the
 * source's disks any more, so that the source can have them. Returns the uids that a proof of the clean-up
 * needs: with the objects, the links between them go. A deletion that is refused is not waited for: the source
 * comes first, and the proof goes on trying.
 */
export function deleteTarget(deps: ActivityDeps) {
  return (input: DeleteInput): Promise<{ uids: string[] }> =>
    finalIfRefused(() => deleteAndWait(deps, input));
}

async function deleteAndWait(deps: ActivityDeps, input: DeleteInput): Promise<{ uids: string[] }> {
  const { client, caches, heartbeats, limits } = deps;
  const signal = Context.current().cancellationSignal;
  const traces = new Traces(input);
  const fresh = freshView(client, signal);
  const isLetGo = async (view: View) => traces.learn(await remainsOf(view, traces.scope)).pods.length === 0;
  traces.learn(await remainsOf(fresh, traces.scope));
  return heartbeats.during(
    () => ({ uids: traces.uids }),
    async () => {
      traces.learn(await removeTarget(client, fresh, traces.scope, signal));
      await awaitChange(
        changesOf(deps, input),
        async () => ((await isLetGo(cachedView(caches))) && (await isLetGo(fresh))) || undefined,
        { signal, deadline: Date.now() + (input.patienceMs ?? limits.copyPodsGone), recheckMs: RECHECK },
      );
      return { uids: traces.uids };
    },
  );
}

/** A scope that grows by the uids that were seen, also by an attempt before: they are all that temporary objects are known by. */
class Traces {
  private readonly known: Set<string>;

  constructor(private readonly input: TargetScope) {
    const earlier = Context.current().info.heartbeatDetails as { uids?: string[] } | undefined;
    this.known = new Set([...(input.uids ?? []), ...(earlier?.uids ?? [])]);
  }

  get uids(): string[] {
    return [...this.known];
  }

  get scope(): TargetScope {
    return { ...this.input, uids: this.uids };
  }

  learn(remains: Remains): Remains {
    for (const uid of remains.uids) this.known.add(uid);
    return remains;
  }
}

export interface ProveInput extends TargetScope {
  /** Epoch milliseconds until which to wait. */
  deadline: number;
}

/**
 * The end of the undo: nothing of the clone is left, temporary objects in the source's namespace included.
 * Goes on deleting what an earlier step could not. `CleanupIncomplete`, with what is left, at the deadline.
 */
export function proveCleanUp(deps: ActivityDeps) {
  return async (input: ProveInput): Promise<void> => {
    const signal = Context.current().cancellationSignal;
    const { client, caches } = deps;
    const traces = new Traces(input);
    const fresh = freshView(client, signal);
    let left: string[] = [];
    const isGone = async (view: View): Promise<boolean> => {
      left = traces.learn(await removeTarget(client, view, traces.scope, signal)).names;
      return left.length === 0;
    };
    // The first look is at the API, which knows what no cache shows (the frozen plan); what it learns goes out with a
    // heartbeat before anything is deleted.
    if (traces.learn(await remainsOf(fresh, traces.scope)).names.length === 0) return;
    await deps.heartbeats.during(
      () => ({ left, uids: traces.uids }),
      async () => {
        await isGone(fresh);
        const gone = await awaitChange(
          changesOf(deps, input),
          async () => ((await isGone(cachedView(caches))) && (await isGone(fresh))) || undefined,
          { signal, deadline: input.deadline, recheckMs: RECHECK },
        );
        // A cache that is behind may still show what is gone: the last look asks the API.
        if (!gone && !(await isGone(fresh))) {
          throw failure(
            'CleanupIncomplete',
            `Of the clone ${input.target.namespace}/${input.target.name} there is still left: ${left.join(', ')}. ` +
              'See which finalizer or controller holds it; the sweep goes on removing it.',
          );
        }
      },
    );
  };
}

function changesOf({ caches }: ActivityDeps, { source, target }: TargetScope): ChangeSource[] {
  const namespaces = [...new Set([target.namespace, source.namespace])];
  return [
    (wake) => caches.virtualMachines.onChange(target, wake),
    (wake) => caches.dataVolumes.onChange({ namespace: target.namespace }, wake),
    ...namespaces.map(
      (namespace): ChangeSource =>
        (wake) =>
          caches.claims.onChange({ namespace }, wake),
    ),
    ...namespaces.map(
      (namespace): ChangeSource =>
        (wake) =>
          caches.pods.onChange({ namespace }, wake),
    ),
  ];
}
