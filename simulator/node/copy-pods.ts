import type { PersistentVolumeClaim, Pod } from '../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../src/kubernetes';
import type { CacheIndex } from '../controllers/cache-index';
import { progressCondition } from '../controllers/cdi/copy-progress';
import { Ann, APP, Component, Label } from '../controllers/cdi/names';
import { type PersistentVolume, SimKinds } from '../controllers/kinds';
import {
  annotationOf,
  bytesOf,
  claimsOf,
  isDeleting,
  labelOf,
  requestOf,
  uidOf,
} from '../controllers/objects';
import { type ControllerDefinition, keyOf, type SimContext, update, watching } from '../controllers/runtime';
import { milliseconds } from '../options';
import {
  conditionsWithout,
  containerOf,
  crash,
  isRunning,
  type PodStatus,
  progressOf,
  setContainer,
  startOf,
} from './copy-pod-status';
import { CONTENT, copySeconds, copyState, type Steering, steeringOf } from './copy-steering';
import { nodeFor } from './placement';
import { claimsBound } from './volume-scheduler';

type Outcome = { requeueAfterMs: number } | undefined;

/** The kubelet's first pause before it starts a crashed container again, in looks of CDI's; doubled each time. */
const FIRST_BACKOFF = 5;
const MOST_BACKOFF = 150;

/**
 * CDI's pods on their nodes: scheduled, started and ended as all pods are, and what runs in them: copying, receiving,
 * importing, or nothing but mounting. What has happened stands in their status: a restart here loses nothing.
 */
export function copyPods(context: SimContext, podsByClaim: CacheIndex<Pod>): ControllerDefinition {
  const work = new Work(context, podsByClaim);
  return {
    name: 'copy-pods',
    watches: [
      watching(Kinds.Pod, (pod) => {
        if (labelOf(pod, Label.app) !== APP) return [];
        const target = annotationOf(pod, Ann.podOwner);
        return [keyOf(pod), ...(target ? podsByClaim.get(target).map(keyOf) : [])];
      }),
      watching(Kinds.PersistentVolumeClaim, (claim) => podsByClaim.get(keyOf(claim)).map(keyOf)),
      watching(SimKinds.PersistentVolume, () => []),
    ],
    async reconcile({ namespace, name }, signal) {
      const pod = context.cache(Kinds.Pod).get(namespace, name);
      if (!pod || labelOf(pod, Label.app) !== APP) return;
      if (isDeleting(pod)) return work.kill(pod, signal);
      if (pod.status?.phase === 'Pending') return work.start(pod, signal);
      if (pod.status?.phase !== 'Running') return;
      switch (labelOf(pod, Label.component)) {
        case Component.cloneSource:
          return work.copy(pod, signal);
        case Component.importer:
          return work.import(pod, signal);
        case Component.upload:
          return work.receive(pod, signal);
        case Component.prep:
          return work.mount(pod, signal);
      }
    },
  };
}

class Work {
  private readonly client: ClusterClient;
  private readonly starting = new Map<string, number>();

  constructor(
    private readonly context: SimContext,
    private readonly podsByClaim: CacheIndex<Pod>,
  ) {
    this.client = context.clientFor('kubelet');
  }

  async kill(pod: Pod, signal: AbortSignal): Promise<undefined> {
    this.starting.delete(uidOf(pod));
    await this.client.delete(Kinds.Pod, pod.metadata, { uid: uidOf(pod), gracePeriodSeconds: 0, signal });
  }

  async start(pod: Pod, signal: AbortSignal): Promise<Outcome> {
    if (!claimsBound(this.context, pod)) return undefined; // comes back with the claim's change
    if (!pod.spec?.nodeName) {
      const nodeName = nodeFor(this.context, pod);
      if (nodeName) await this.client.patchMerge(Kinds.Pod, pod.metadata, { spec: { nodeName } }, { signal });
      return undefined;
    }
    const since = this.starting.get(uidOf(pod)) ?? Date.now();
    this.starting.set(uidOf(pod), since);
    const { options } = this.context;
    const left = since + milliseconds(options.podStartSeconds, options) - Date.now();
    if (left > 0) return { requeueAfterMs: left };
    await this.write(pod, signal, (status) => {
      status.phase = 'Running';
      const running = { startedAt: new Date().toISOString() };
      const name = (pod.spec?.containers as { name: string }[] | undefined)?.[0]?.name;
      status.containerStatuses = [{ name, ready: true, restartCount: 0, state: { running } }];
    });
    this.starting.delete(uidOf(pod));
    return undefined;
  }

  async copy(pod: Pod, signal: AbortSignal): Promise<Outcome> {
    const target = this.claimAt(annotationOf(pod, Ann.podOwner) ?? '');
    const source = this.claimOf(pod);
    const steering = steeringOf(target, source);
    const bytes = bytesOf(source?.status?.capacity?.storage);
    const seconds = copySeconds(steering, bytes, this.context.options.copyBytesPerSecond);
    const begins = !startOf(pod) && isRunning(pod);
    const noted = begins ? await this.noteContent(pod, source, signal) : pod;
    return this.work(noted, steering, seconds, signal, () =>
      this.writeContent(target, annotationOf(pod, CONTENT), signal),
    );
  }

  import(pod: Pod, signal: AbortSignal): Promise<Outcome> {
    return this.work(pod, steeringOf(), this.context.options.provisionSeconds, signal);
  }

  /** The receiving pod ends when the one that sends to it has sent everything. */
  async receive(pod: Pod, signal: AbortSignal): Promise<undefined> {
    const claim = this.claimOf(pod);
    const request = annotationOf(claim, Ann.cloneRequest) ?? '';
    const sender = this.podsByClaim
      .get(request)
      .find((other) => claim && annotationOf(other, Ann.podOwner) === keyOf(claim));
    if (sender?.status?.phase === 'Succeeded') await this.end(pod, signal);
  }

  /** To be mounted is all that this pod is for: a claim that grows has grown once it was. */
  async mount(pod: Pod, signal: AbortSignal): Promise<undefined> {
    const claim = this.claimOf(pod);
    const isGrown = claim && bytesOf(claim.status?.capacity?.storage) >= bytesOf(requestOf(claim));
    if (isGrown) await this.end(pod, signal);
  }

  /** One look at what takes time: begins it, reports it, crashes it, or ends it. */
  private async work(
    pod: Pod,
    steering: Steering,
    seconds: number,
    signal: AbortSignal,
    finish?: () => Promise<void>,
  ): Promise<Outcome> {
    if (!isRunning(pod)) return this.restart(pod, signal);
    const { options } = this.context;
    const since = startOf(pod) ?? new Date().toISOString();
    const restarts = containerOf(pod)?.restartCount ?? 0;
    const elapsed = (Date.now() - Date.parse(since)) / milliseconds(1, options);
    const { percent, state, remainingSeconds } = copyState(steering, seconds, elapsed, restarts);
    if (state === 'crashed') {
      await this.write(pod, signal, (status) => crash(status));
      return undefined; // comes back with the pod's change
    }
    if (state === 'done' && startOf(pod)) {
      await finish?.();
      await this.end(pod, signal);
      return undefined;
    }
    const interval = milliseconds(options.progressIntervalSeconds, options);
    const published = progressOf(pod);
    // every write is a change that leads back here: only the clock may lead to the next one
    const due = published && state !== 'sent' ? Date.parse(published.lastProbeTime ?? since) + interval : 0;
    const wait = due - Date.now();
    if (wait <= 0 && published?.message !== String(percent)) {
      await this.write(pod, signal, (status) => {
        status.conditions = [...conditionsWithout(status), progressCondition(percent, since)];
      });
    }
    const next = Math.min(wait > 0 ? wait : interval, milliseconds(remainingSeconds, options));
    // a stalled copy that has been published has said all that it will ever say
    const isSaid = !Number.isFinite(remainingSeconds) && published?.message === String(percent);
    return isSaid ? undefined : { requeueAfterMs: next };
  }

  private async restart(pod: Pod, signal: AbortSignal): Promise<Outcome> {
    const container = containerOf(pod);
    const restarts = container?.restartCount ?? 0;
    const { options } = this.context;
    const pause = options.progressIntervalSeconds * Math.min(MOST_BACKOFF, FIRST_BACKOFF * 2 ** restarts);
    const { finishedAt = '' } =
      (container?.lastState as { terminated?: { finishedAt?: string } })?.terminated ?? {};
    const left = milliseconds(pause, options) - (Date.now() - Date.parse(finishedAt));
    if (left > 0) return { requeueAfterMs: left };
    await this.write(pod, signal, (status) => {
      const running = { startedAt: new Date().toISOString() };
      setContainer(status, { ready: true, restartCount: restarts + 1, state: { running } });
    });
    return undefined;
  }

  /** What is on the source when the copy starts is what the clone gets, whatever is written to it later. */
  private async noteContent(
    pod: Pod,
    source: PersistentVolumeClaim | undefined,
    signal: AbortSignal,
  ): Promise<Pod> {
    const content = annotationOf(this.volumeOf(source), CONTENT);
    if (content === annotationOf(pod, CONTENT)) return pod;
    const patch = { metadata: { annotations: { [CONTENT]: content ?? null } } };
    return this.client.patchMerge(Kinds.Pod, pod.metadata, patch, { signal });
  }

  private async writeContent(
    target: PersistentVolumeClaim | undefined,
    content: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const name = target?.spec.volumeName;
    if (!name || content === undefined) return;
    const patch = { metadata: { annotations: { [CONTENT]: content } } };
    await this.client.patchMerge(SimKinds.PersistentVolume, { name }, patch, { signal });
  }

  private async end(pod: Pod, signal: AbortSignal): Promise<void> {
    await this.write(pod, signal, (status) => {
      status.phase = 'Succeeded';
      const terminated = { exitCode: 0, reason: 'Completed', finishedAt: new Date().toISOString() };
      setContainer(status, { ready: false, state: { terminated } });
      status.conditions = conditionsWithout(status);
    });
  }

  private async write(pod: Pod, signal: AbortSignal, change: (status: PodStatus) => void): Promise<void> {
    const edit = (copy: Pod) => {
      copy.status = copy.status ?? {};
      change(copy.status);
    };
    await update(this.client, Kinds.Pod, pod, edit, { subresource: 'status', signal });
  }

  private claimOf(pod: Pod): PersistentVolumeClaim | undefined {
    return this.claimAt(`${pod.metadata.namespace}/${claimsOf(pod)[0]}`);
  }

  private claimAt(key: string): PersistentVolumeClaim | undefined {
    const [namespace, name] = key.split('/');
    return name ? this.context.cache(Kinds.PersistentVolumeClaim).get(namespace, name) : undefined;
  }

  private volumeOf(claim: PersistentVolumeClaim | undefined): PersistentVolume | undefined {
    return this.context.cache(SimKinds.PersistentVolume).get(undefined, claim?.spec.volumeName ?? '');
  }
}
