import { Context } from '@temporalio/activity';
import { holds } from '../clone/lock';
import { currentSetting, isStopped, savedPower, whyNotOff } from '../clone/power';
import type { Pod, VirtualMachine, VirtualMachineInstance } from '../clone/resources';
import { type Standstill, standstillOf } from '../clone/standstill';
import type { Owner, VmRef } from '../contract';
import { awaitChange, isCode, Kinds } from '../kubernetes';
import type { ActivityDeps } from './deps';
import { failure } from './failures';

export interface SourceOff {
  /** ISO 8601. */
  offAt: string;
  /** By which it can be told later that it has not run since. */
  standstill: Standstill;
}

export interface ShutDownInput extends Owner {
  source: VmRef;
  sourceUid: string;
  /** Claims of the disks that will be copied. */
  claims: string[];
  /** Epoch milliseconds until which the guest may take its time. */
  deadline: number;
  /** Cut the power at the deadline. */
  force: boolean;
  /** Whether the lock switched it off; else it was off, or on its way. */
  stopped: boolean;
}

/** How often a state that no event confirms is looked at anew, in milliseconds. */
const RECHECK = 5_000;

/**
 * Step 3: waits until the source is off. Looks at the state first, then at the clock, so that a late attempt
 * finds a source that went down in time. Its undo is `unlockSource`.
 */
export function shutDownSource(deps: ActivityDeps) {
  return async (input: ShutDownInput): Promise<SourceOff> => {
    const { client, heartbeats, limits } = deps;
    const signal = Context.current().cancellationSignal;
    let waitingFor = 'the first look';
    const settled = (seen: Look): SourceOff | undefined => {
      waitingFor = 'obstacle' in seen ? seen.obstacle : 'nothing';
      return 'obstacle' in seen ? undefined : { offAt: new Date().toISOString(), ...seen };
    };
    const watch = new HeldLock(input);
    const look = async () => settled(await lookFirst(deps, input, watch, signal));
    /** A cache that is behind neither fails a clone nor cuts a guest's power: the last look asks the API. */
    const waitUntil = async (deadline: number) =>
      (await awaitChange(changesOf(deps, input), look, {
        signal,
        deadline,
        recheckMs: Math.min(RECHECK, limits.settle),
      })) ?? settled(await lookAgain(deps, input, signal));

    return heartbeats.during(
      () => ({ waitingFor }),
      async () => {
        let off = await waitUntil(input.deadline);
        if (!off && input.force) {
          await cutPower(client, input, signal);
          off = await waitUntil(Math.max(Date.now(), input.deadline) + limits.forcedShutdown);
        }
        if (!off) throw stillOn(input, waitingFor);
        return off;
      },
    );
  };
}

/** What keeps the source from being off, or how it stands when nothing does. */
type Look = { obstacle: string } | { standstill: Standstill };

/** Tells when our lock is not to be seen on the source; a cache may not show it yet at first. */
class HeldLock {
  private wasSeen = false;
  private readonly expectedBy = Date.now() + RECHECK;

  constructor(private readonly input: ShutDownInput) {}

  /** The cached source has lost our lock, or is on again under it: worth a fresh look. */
  isInDoubt(vm: VirtualMachine): boolean {
    const isHeld = holds(vm, this.input);
    const isLost = !isHeld && (this.wasSeen || Date.now() >= this.expectedBy);
    this.wasSeen ||= isHeld;
    return isLost || (this.input.stopped && isHeld && !isStopped(currentSetting(vm)));
  }
}

function changesOf({ caches }: ActivityDeps, { source }: ShutDownInput) {
  return [
    (wake: () => void) => caches.virtualMachines.onChange(source, wake),
    (wake: () => void) => caches.instances.onChange(source, wake),
    (wake: () => void) => caches.pods.onChange({ namespace: source.namespace }, wake),
  ];
}

/** The shared caches say first, then the API. */
async function lookFirst(
  deps: ActivityDeps,
  input: ShutDownInput,
  lock: HeldLock,
  signal: AbortSignal,
): Promise<Look> {
  const { caches } = deps;
  const { namespace, name } = input.source;
  const pods = caches.pods.list(namespace);
  const seen = caches.virtualMachines.get(namespace, name);
  const obstacle = seen && whyNotSettled(deps, input, seen, caches.instances.get(namespace, name), pods);
  if (obstacle && !lock.isInDoubt(seen)) return { obstacle };
  return lookByApi(deps, input, pods, signal);
}

/** The API alone says. */
async function lookAgain(deps: ActivityDeps, input: ShutDownInput, signal: AbortSignal): Promise<Look> {
  const { items } = await deps.client.list(Kinds.Pod, { namespace: input.source.namespace, signal });
  return lookByApi(deps, input, items, signal);
}

async function lookByApi(
  deps: ActivityDeps,
  input: ShutDownInput,
  pods: Pod[],
  signal: AbortSignal,
): Promise<Look> {
  const { client } = deps;
  const [vm, vmi] = await Promise.all([
    client.get(Kinds.VirtualMachine, input.source, { signal }),
    client.get(Kinds.VirtualMachineInstance, input.source, { signal }),
  ]);
  const source = verified(vm, vmi, input);
  const obstacle = whyNotSettled(deps, input, source, vmi, pods);
  return obstacle ? { obstacle } : { standstill: standstillOf(source, vmi) };
}

/**
 * What keeps the source from being off for good. A source that was just being started has no VMI either:
 * virt-controller may still make one of what it saw before the stop.
 */
function whyNotSettled(
  { limits }: ActivityDeps,
  { claims }: ShutDownInput,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  pods: Pod[],
): string | undefined {
  const obstacle = whyNotOff(vm, vmi, pods, new Set(claims));
  if (obstacle) return obstacle;
  const stoppedAt = Date.parse(savedPower(vm)?.debtor?.since ?? '');
  return Date.now() - stoppedAt < limits.settle
    ? 'virt-controller may not have seen the stop yet'
    : undefined;
}

/** Final failures that only the API's own answer proves. */
function verified(
  vm: VirtualMachine | undefined,
  vmi: VirtualMachineInstance | undefined,
  input: ShutDownInput,
): VirtualMachine {
  const name = `${input.source.namespace}/${input.source.name}`;
  if (!vm || vm.metadata.uid !== input.sourceUid)
    throw failure('SourceDeleted', `${name} was deleted meanwhile.`);
  if (!holds(vm, input)) {
    throw failure(
      'LockLost',
      `Somebody removed this clone's lock from ${name}: it could have been started at any moment.`,
    );
  }
  if (input.stopped && !savedPower(vm)) {
    const phase = vmi?.status?.phase ?? 'not running';
    throw failure(
      'SourceUsedDuringCopy',
      `Somebody switched ${name} on while it was being shut down for cloning (it is ${phase}). It is left as it was set.`,
    );
  }
  return vm;
}

/** The guest has had its time: PUT stop with no grace left, as `virtctl stop --force` does. */
async function cutPower(
  client: ActivityDeps['client'],
  { source }: ShutDownInput,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.act(source, 'stop', { gracePeriod: 0 }, { signal });
  } catch (error) {
    // 409: it has gone down by itself in the last moment, or is on its way with no grace left.
    if (!isCode(error, 409)) throw error;
  }
}

function stillOn({ source, force }: ShutDownInput, waitingFor: string): Error {
  const { namespace, name } = source;
  return failure(
    'SourceShutdownFailed',
    `${namespace}/${name} did not shut down in time${force ? ', even by force' : ''}: ${waitingFor}. ` +
      'Shut it down by hand, or clone again with a longer shutdownTimeoutSeconds' +
      `${force ? '' : ' or with forceShutdown, which cuts its power'}. It gets its power state back.`,
  );
}
