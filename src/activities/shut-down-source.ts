import { Context } from '@temporalio/activity';
import { holds } from '../clone/lock';
import { currentSetting, isStopped, savedPower, whyNotOff } from '../clone/power';
import type { Pod, VirtualMachine, VirtualMachineInstance } from '../clone/resources';
import type { Owner, VmRef } from '../contract';
import { awaitChange, isCode, Kinds } from '../kubernetes';
import type { ActivityDeps } from './deps';
import { failure } from './failures';

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
  return async (input: ShutDownInput): Promise<{ offAt: string }> => {
    const { client, heartbeats, limits } = deps;
    const signal = Context.current().cancellationSignal;
    let waitingFor = 'the first look';
    const isOff = (obstacle: string | undefined): true | undefined => {
      waitingFor = obstacle ?? 'nothing';
      return obstacle === undefined || undefined;
    };
    const look = async () => isOff(await whyNotYet(deps, input, signal));
    /** A cache that is behind neither fails a clone nor cuts a guest's power: the last look asks the API. */
    const waitUntil = async (deadline: number) =>
      (await awaitChange(changesOf(deps, input), look, { signal, deadline, recheckMs: RECHECK })) ??
      isOff(await whyNotNow(deps, input, signal));

    return heartbeats.during(
      () => ({ waitingFor }),
      async () => {
        let off = await waitUntil(input.deadline);
        if (!off && input.force) {
          await cutPower(client, input, signal);
          off = await waitUntil(Math.max(Date.now(), input.deadline) + limits.forcedShutdown);
        }
        if (!off) throw stillOn(input, waitingFor);
        return { offAt: new Date().toISOString() };
      },
    );
  };
}

function changesOf({ caches }: ActivityDeps, { source }: ShutDownInput) {
  return [
    (wake: () => void) => caches.virtualMachines.onChange(source, wake),
    (wake: () => void) => caches.instances.onChange(source, wake),
    (wake: () => void) => caches.pods.onChange({ namespace: source.namespace }, wake),
  ];
}

/** What keeps the source from being off; undefined when it is. The shared caches say so first, then the API. */
async function whyNotYet(
  { client, caches }: ActivityDeps,
  input: ShutDownInput,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { source } = input;
  const pods = caches.pods.list(source.namespace);
  const claims = new Set(input.claims);
  const seen = caches.virtualMachines.get(source.namespace, source.name);
  const obstacle = seen && whyNotOff(seen, caches.instances.get(source.namespace, source.name), pods, claims);
  if (obstacle && !isTurnedOnAgain(seen, input)) return obstacle;
  return whyNotByApi(client, input, pods, signal);
}

/** The same by the API alone. */
async function whyNotNow(
  { client }: ActivityDeps,
  input: ShutDownInput,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { items } = await client.list(Kinds.Pod, { namespace: input.source.namespace, signal });
  return whyNotByApi(client, input, items, signal);
}

async function whyNotByApi(
  client: ActivityDeps['client'],
  input: ShutDownInput,
  pods: Pod[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const [vm, vmi] = await Promise.all([
    client.get(Kinds.VirtualMachine, input.source, { signal }),
    client.get(Kinds.VirtualMachineInstance, input.source, { signal }),
  ]);
  verify(vm, vmi, input);
  return whyNotOff(vm as VirtualMachine, vmi, pods, new Set(input.claims));
}

/** The cached source is locked by us and yet no longer switched off: worth a fresh look. */
function isTurnedOnAgain(vm: VirtualMachine, input: ShutDownInput): boolean {
  return input.stopped && holds(vm, input) && !isStopped(currentSetting(vm));
}

/** Final failures that only the API's own answer proves. */
function verify(
  vm: VirtualMachine | undefined,
  vmi: VirtualMachineInstance | undefined,
  input: ShutDownInput,
): void {
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
      `${force ? '' : ' or with forceShutdown'}. Its power state has been given back.`,
  );
}
