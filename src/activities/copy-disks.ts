import { Context } from '@temporalio/activity';
import {
  type DiskOutcome,
  diagnose,
  givenUp,
  overallPercent,
  raise,
  type Standing,
  stillStanding,
} from '../clone';
import { type CopyExpectation, type CopyFacts, type CopyVerdict, copyVerdict } from '../clone/copy-verdict';
import { isOurs } from '../clone/ownership';
import type { KubernetesEvent, KubernetesResource } from '../clone/resources';
import {
  type CopyHeartbeat,
  type DiskProgress,
  IN_PROGRESS,
  MARKS,
  type Stall,
  type VmRef,
} from '../contract';
import { awaitChange, type ChangeSource, isCode, isFailedTest, type Kind, Kinds } from '../kubernetes';
import type { ActivityDeps } from './deps';
import { failure } from './failures';
import { markPath, ownMarks } from './marks';

/** How often complaints and stalls are looked at without an event, in milliseconds. Reads caches alone. */
const RECHECK = 15_000;
/** How old events may be that explain a stall, in milliseconds: a namespace may change many times a second. */
const EVENTS_AGE = 60_000;

export interface CopiedDisks {
  disks: DiskProgress[];
  copiedAt: string;
}

/**
 * Step 5: waits on the shared watch caches until every disk has been copied, then marks the target `copied`.
 * Its body is one promise; percent, disks and stall go out with the heartbeats and never into history.
 */
export function copyDisks(deps: ActivityDeps) {
  return async (input: CopyExpectation): Promise<CopiedDisks> => {
    const signal = Context.current().cancellationSignal;
    const copy = new CopyWatch(deps, input, signal);
    return deps.heartbeats.during(
      () => copy.heartbeat(),
      async () => {
        const disks = await copy.finished();
        await markCopied(deps, input, signal);
        return { disks, copiedAt: new Date().toISOString() };
      },
    );
  };
}

type Copying = Extract<CopyVerdict, { is: 'copying' | 'succeeded' }>;

class CopyWatch {
  private disks: DiskProgress[];
  private percent: number | null;
  private lastMove = '';
  private movedAt = Date.now();
  private stalled?: Stall;
  private standing: Standing = {};
  private asked?: { at: number; events: KubernetesEvent[] };

  constructor(
    private readonly deps: ActivityDeps,
    private readonly input: CopyExpectation,
    private readonly signal: AbortSignal,
  ) {
    const before = Context.current().info.heartbeatDetails as CopyHeartbeat | undefined;
    this.percent = before?.percent ?? null;
    this.disks =
      before?.disks ?? input.disks.map(({ name, bytes }) => ({ name, bytes, phase: '', percent: null }));
  }

  heartbeat(): CopyHeartbeat {
    return { percent: this.percent, disks: this.disks, ...(this.stalled && { stalled: this.stalled }) };
  }

  async finished(): Promise<DiskProgress[]> {
    const look = () => this.look();
    const { stall } = this.deps.limits;
    return (await awaitChange(this.changes(), look, {
      signal: this.signal,
      recheckMs: Math.min(stall, RECHECK),
    })) as DiskProgress[];
  }

  /** The disks when all are copied; throws when they never will be. */
  private async look(): Promise<DiskProgress[] | undefined> {
    let verdict = copyVerdict(this.input, this.cachedFacts());
    // A cache may lag behind what we made ourselves: only the API's own answer condemns a copy.
    if (verdict.is === 'failed') verdict = copyVerdict(this.input, await this.freshFacts());
    if (verdict.is === 'failed') throw failure(verdict.type, verdict.message);
    this.disks = verdict.disks.map((disk, index) => ({
      ...disk,
      percent: raise(this.disks[index]?.percent ?? null, disk.percent),
    }));
    this.percent = raise(this.percent, overallPercent(this.disks));
    if (verdict.is === 'succeeded') return this.disks;
    this.losePatience(verdict);
    await this.noticeStall(verdict);
    return undefined;
  }

  /** Fails when CDI has complained of one disk for longer than such a complaint ever lasted and then went. */
  private losePatience({ outcomes }: Copying): void {
    const { disks } = this.input;
    const now = Date.now();
    this.standing = stillStanding(this.standing, disks, outcomes, now);
    const index = givenUp(this.standing, disks, outcomes, now);
    if (index === undefined) return;
    const { reason, message } = outcomes[index] as DiskOutcome;
    const why = [reason, message].filter(Boolean).join(': ');
    throw failure('CopyFailed', `Disk ${disks[index]?.name} could not be copied. ${why}`);
  }

  private async noticeStall({ outcomes }: Copying): Promise<void> {
    const lastMove = outcomes.map((outcome) => outcome.lastMove).join('|');
    if (lastMove !== this.lastMove) {
      this.lastMove = lastMove;
      this.movedAt = Date.now();
      this.stalled = undefined;
      return;
    }
    if (Date.now() - this.movedAt < this.deps.limits.stall) return;
    const since = new Date(this.movedAt).toISOString();
    const events = await this.events();
    const diagnosis = this.input.disks.flatMap(({ name, dataVolume }, index) => {
      const outcome = outcomes[index] as DiskOutcome;
      if (outcome.state === 'succeeded') return [];
      const about = events.filter(({ involvedObject }) => involvedObject.name === dataVolume);
      const seen = this.deps.caches.dataVolumes.get(this.input.target.namespace, dataVolume);
      return [diagnose({ name, outcome, since, dataVolume: seen, events: about })];
    });
    this.stalled = { since, diagnosis: diagnosis.join(' ') };
  }

  /** The cluster's own words; asked for only when nothing moves, and not to be had by every worker. */
  private async events(): Promise<KubernetesEvent[]> {
    const { client, limits } = this.deps;
    const { namespace } = this.input.target;
    const { at, events } = this.asked ?? { at: 0, events: [] };
    if (Date.now() - at < Math.min(EVENTS_AGE, limits.stall)) return events;
    const answer = await client.list(Kinds.Event, { namespace, signal: this.signal }).catch((error) => {
      if (this.signal.aborted) throw error;
      return { items: events };
    });
    this.asked = { at: Date.now(), events: answer.items };
    return answer.items;
  }

  private changes(): ChangeSource[] {
    const { caches } = this.deps;
    const { source, target, disks } = this.input;
    const named = disks.map(({ dataVolume }) => ({ namespace: target.namespace, name: dataVolume }));
    return [
      (wake) => caches.virtualMachines.onChange(target, wake),
      (wake) => caches.virtualMachines.onChange(source, wake),
      (wake) => caches.instances.onChange(source, wake),
      (wake) => caches.pods.onChange({ namespace: source.namespace }, wake),
      ...named.map(
        (ref): ChangeSource =>
          (wake) =>
            caches.dataVolumes.onChange(ref, wake),
      ),
      ...named.map(
        (ref): ChangeSource =>
          (wake) =>
            caches.claims.onChange(ref, wake),
      ),
    ];
  }

  private cachedFacts(): CopyFacts {
    const { caches } = this.deps;
    const { source, target } = this.input;
    return {
      target: caches.virtualMachines.get(target.namespace, target.name),
      dataVolumes: this.byName((name) => caches.dataVolumes.get(target.namespace, name)),
      claims: this.byName((name) => caches.claims.get(target.namespace, name)),
      source: caches.virtualMachines.get(source.namespace, source.name),
      sourceVmi: caches.instances.get(source.namespace, source.name),
      pods: caches.pods.list(source.namespace),
    };
  }

  private async freshFacts(): Promise<CopyFacts> {
    const { client } = this.deps;
    const { source, target, disks } = this.input;
    const { signal } = this;
    const get = <T extends KubernetesResource>(kind: Kind<T>, ref: VmRef) =>
      client.get(kind, ref, { signal });
    const named = async <T extends KubernetesResource>(kind: Kind<T>) => {
      const objects = await Promise.all(
        disks.map(({ dataVolume }) => get(kind, { namespace: target.namespace, name: dataVolume })),
      );
      return new Map(objects.flatMap((each) => (each ? [[each.metadata.name, each] as const] : [])));
    };
    const [targetVm, dataVolumes, claims, sourceVm, sourceVmi, pods] = await Promise.all([
      get(Kinds.VirtualMachine, target),
      named(Kinds.DataVolume),
      named(Kinds.PersistentVolumeClaim),
      get(Kinds.VirtualMachine, source),
      get(Kinds.VirtualMachineInstance, source),
      client.list(Kinds.Pod, { namespace: source.namespace, signal }),
    ]);
    return { target: targetVm, dataVolumes, claims, source: sourceVm, sourceVmi, pods: pods.items };
  }

  private byName<T>(read: (name: string) => T | undefined): Map<string, T> {
    return new Map(
      this.input.disks.flatMap(({ dataVolume }) => {
        const object = read(dataVolume);
        return object ? [[dataVolume, object] as const] : [];
      }),
    );
  }
}

/** From now on the sweep finishes the target instead of deleting it, should nobody else. */
async function markCopied(
  { client }: ActivityDeps,
  input: CopyExpectation,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.patchJson(
      Kinds.VirtualMachine,
      input.target,
      [
        ...ownMarks(input, input.record.vmUid),
        { op: 'test', path: markPath(MARKS.inProgress), value: IN_PROGRESS.copying },
        { op: 'replace', path: markPath(MARKS.inProgress), value: IN_PROGRESS.copied },
      ],
      { signal },
    );
  } catch (error) {
    if (!isCode(error, 404) && !isFailedTest(error)) throw error;
    // Marked by an earlier attempt, or finished already by somebody quicker: never marked again.
    const vm = await client.get(Kinds.VirtualMachine, input.target, { signal });
    if (vm && isOurs(vm, input, input.record.vmUid)) return;
    const { namespace, name } = input.target;
    throw failure(
      'TargetDeleted',
      `The clone ${namespace}/${name} was deleted when its disks had just been copied.`,
    );
  }
}
