import { Context } from '@temporalio/activity';
import { misfiredStartPatch, type UnlockStep, unlockStep } from '../clone/lock';
import { isFinal, isOn, wantsStart } from '../clone/power';
import type { VirtualMachine, VirtualMachineInstance } from '../clone/resources';
import type { Owner, VmRef, Warning } from '../contract';
import { awaitChange, isCode, isFailedTest, Kinds } from '../kubernetes';
import type { ActivityDeps } from './deps';

export interface UnlockInput extends Owner {
  source: VmRef;
  sourceUid: string;
  /** Wait for the source to run again. False where its guest is known not to go down: nothing would come of it. */
  awaitReturn: boolean;
  /** Wait for the guest to go down, where the source is owed a start then, although not for its return. */
  awaitStart?: boolean;
}

export interface UnlockedSource {
  /** When the source was seen to run again (ISO 8601); absent when it was off, is gone, or others keep it off. */
  runningAt?: string;
  warning?: Warning;
}

/** Conflicting writers that one attempt puts up with; the next attempt begins anew. */
const ROUNDS = 20;
/** How often a start that met a stopping source is tried again without an event, in milliseconds. */
const RECHECK = 2_000;

/**
 * Step 6, and the undo of step 2: our holder out; the last one out gives the source its power state back and
 * waits until it runs again. Safe to repeat at any point.
 */
export function unlockSource(deps: ActivityDeps) {
  return (input: UnlockInput): Promise<UnlockedSource> => {
    const signal = Context.current().cancellationSignal;
    return deps.heartbeats.during(
      () => undefined,
      async () => {
        return new Unlock(deps, input, signal).run();
      },
    );
  };
}

class Unlock {
  private readonly giveUpAt: number;
  private readonly giveUpStartAt: number;

  constructor(
    private readonly deps: ActivityDeps,
    private readonly input: UnlockInput,
    private readonly signal: AbortSignal,
  ) {
    const patient = Date.now() + deps.limits.sourceReturn;
    this.giveUpAt = input.awaitReturn ? patient : Date.now();
    this.giveUpStartAt = input.awaitStart ? patient : this.giveUpAt;
  }

  async run(): Promise<UnlockedSource> {
    let vm = await this.read();
    for (let round = 0; round < ROUNDS; round++) {
      if (!vm) return { warning: this.gone() };
      const step = unlockStep(vm, this.input);
      if (step.do === 'nothing') return step.locked ? {} : this.returned(vm);
      const after = step.do === 'patch' ? await this.patch(step.operations) : await this.pay(step);
      if (after === 'unpaid') return { warning: await this.slow('a Start is owed') };
      vm = after;
    }
    throw new Error(`${this.name} was written to by others in each of ${ROUNDS} rounds`);
  }

  /** The source as it is now; undefined when it, or that one, is gone. */
  private async read(): Promise<VirtualMachine | undefined> {
    const vm = await this.deps.client.get(Kinds.VirtualMachine, this.input.source, { signal: this.signal });
    return vm?.metadata.uid === this.input.sourceUid ? vm : undefined;
  }

  /** Applies the patch, or reads what has changed meanwhile. */
  private async patch(operations: Extract<UnlockStep, { do: 'patch' }>['operations']) {
    const { client } = this.deps;
    try {
      return await client.patchJson(Kinds.VirtualMachine, this.input.source, operations, {
        signal: this.signal,
      });
    } catch (error) {
      if (!isCode(error, 404, 409) && !isFailedTest(error)) throw error;
      return this.read();
    }
  }

  /**
   * Starts a Manual or RerunOnFailure source once no VMI is left, since a start while it still stops answers 409 "VM is
   * already running" and does nothing. The debt goes when the new VMI is there.
   */
  private async pay({
    paid,
  }: Extract<UnlockStep, { do: 'start' }>): Promise<VirtualMachine | 'unpaid' | undefined> {
    let asked = false;
    const settled = await this.await(async (seen) => {
      const vmi = isLive(seen) ? await this.instance() : seen;
      if (isLive(vmi)) return 'up';
      if (asked || vmi?.metadata.deletionTimestamp) return undefined;
      const vm = await this.read();
      if (!vm || unlockStep(vm, this.input).do !== 'start') return 'overruled';
      asked = wantsStart(vm) || (await this.start());
      return undefined;
    }, this.giveUpStartAt);
    if (!settled) return 'unpaid';
    return settled === 'up' ? this.patch(paid) : this.read();
  }

  /** False when the source still stops: 409. */
  private async start(): Promise<boolean> {
    const { client } = this.deps;
    try {
      await client.act(this.input.source, 'start', {}, { signal: this.signal });
    } catch (error) {
      if (isCode(error, 409)) return false;
      throw error;
    }
    const vm = await this.read();
    const misfired = vm && misfiredStartPatch(vm);
    if (misfired) await this.patch(misfired);
    return true;
  }

  /** Waits until the source runs again, if it shall. */
  private async returned(vm: VirtualMachine): Promise<UnlockedSource> {
    if (vm.metadata.deletionTimestamp) return { warning: this.gone() };
    const { namespace, name } = this.input.source;
    const seen = this.deps.caches.instances.get(namespace, name);
    // One that has ended and is on its way out says nothing of what the strategy does once it is gone.
    if (!isOn(vm, isLeaving(seen) ? undefined : seen)) return {};
    const running = await this.await(
      async (vmi) => (isRunning(vmi) && isRunning(await this.instance())) || undefined,
    );
    return running
      ? { runningAt: new Date().toISOString() }
      : { warning: await this.slow('it does not run yet') };
  }

  /** The source's VMI by the API: a cache that is behind may still show the one that was stopped. */
  private instance(): Promise<VirtualMachineInstance | undefined> {
    return this.deps.client.get(Kinds.VirtualMachineInstance, this.input.source, { signal: this.signal });
  }

  /** Waits for the source's VMI to be as `reached` wants it; undefined when it takes too long. */
  private await<R>(
    reached: (vmi: VirtualMachineInstance | undefined) => R | undefined | Promise<R | undefined>,
    deadline = this.giveUpAt,
  ): Promise<R | undefined> {
    const { instances } = this.deps.caches;
    const { source } = this.input;
    return awaitChange(
      [(wake) => instances.onChange(source, wake)],
      () => reached(instances.get(source.namespace, source.name)),
      { signal: this.signal, deadline, recheckMs: RECHECK },
    );
  }

  private async slow(what: string): Promise<Warning> {
    const { namespace, name } = this.input.source;
    const vmi = this.deps.caches.instances.get(namespace, name);
    const unmet = vmi?.status?.conditions?.find(({ status, message }) => status === 'False' && message);
    const state = vmi ? `its VMI is ${vmi.status?.phase ?? 'new'}` : 'it has no VMI';
    return {
      type: 'SourceSlowToReturn',
      message: `${this.name} has its power state back, but ${what}: ${[state, unmet?.message].filter(Boolean).join(', ')}.`,
    };
  }

  private gone(): Warning {
    return {
      type: 'SourceDeleted',
      message: `${this.name} was deleted meanwhile: there is nothing to give back.`,
    };
  }

  private get name(): string {
    return `${this.input.source.namespace}/${this.input.source.name}`;
  }
}

/** Up, or coming up: not ended and not being stopped. */
function isLive(vmi: VirtualMachineInstance | undefined): boolean {
  return vmi !== undefined && !isFinal(vmi) && vmi.metadata.deletionTimestamp === undefined;
}

function isRunning(vmi: VirtualMachineInstance | undefined): boolean {
  return isLive(vmi) && vmi?.status?.phase === 'Running';
}

function isLeaving(vmi: VirtualMachineInstance | undefined): boolean {
  return isFinal(vmi) && vmi?.metadata.deletionTimestamp !== undefined;
}
