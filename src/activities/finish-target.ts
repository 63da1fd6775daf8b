import { isOurs } from '../clone/ownership';
import { currentSetting, isStopped } from '../clone/power';
import type { PatchOperation, VirtualMachine } from '../clone/resources';
import { MARKS, type Owner, type VmRef, type Warning } from '../contract';
import { isCode, Kinds } from '../kubernetes';
import { attemptSignal } from './attempt';
import type { ActivityDeps } from './deps';
import { markPath, ownMarks } from './marks';

export interface FinishInput extends Owner {
  target: VmRef;
  vmUid: string;
}

export interface FinishedTarget {
  warning?: Warning;
}

/**
 * Step 7: takes the in-progress mark away and starts the clone, if its creation said so (mark `start-strategy`).
 * A start that is refused leaves the clone whole: warning `StartFailed`. Safe to repeat; the sweep uses it too.
 */
export function finishTarget(deps: ActivityDeps) {
  return async (input: FinishInput): Promise<FinishedTarget> => {
    const { client, caches } = deps;
    const { target, vmUid } = input;
    const finish = new Finish(deps, input, attemptSignal());
    const seen = caches.virtualMachines.get(target.namespace, target.name);
    try {
      if (seen?.metadata.uid === vmUid) {
        await finish.run(seen);
        return {};
      }
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    // The cache was behind, or the cluster means it: its own answer tells.
    const vm = await client.get(Kinds.VirtualMachine, target, { signal: finish.signal });
    if (!vm || !isOurs(vm, input, vmUid)) return { warning: deleted(target) };
    try {
      await finish.run(vm);
      return {};
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await finish.withoutStart();
      return {
        warning: { type: 'StartFailed', message: `The clone is whole but was not started: ${error.message}` },
      };
    }
  };
}

class Finish {
  constructor(
    private readonly deps: ActivityDeps,
    private readonly input: FinishInput,
    readonly signal: AbortSignal,
  ) {}

  async run(vm: VirtualMachine): Promise<void> {
    const strategy = vm.metadata.annotations?.[MARKS.startStrategy];
    if (strategy !== 'Manual') {
      await this.patch([...clear(vm, MARKS.inProgress, MARKS.startStrategy), ...switchOn(vm, strategy)]);
      return;
    }
    // Its strategy starts nothing: the wish to start stays marked until it has been told.
    await this.patch(clear(vm, MARKS.inProgress));
    await this.start();
    await this.patch([{ op: 'remove', path: markPath(MARKS.startStrategy) }]);
  }

  async withoutStart(): Promise<void> {
    const { client } = this.deps;
    const vm = await client.get(Kinds.VirtualMachine, this.input.target, { signal: this.signal });
    if (vm?.metadata.uid === this.input.vmUid)
      await this.patch(clear(vm, MARKS.inProgress, MARKS.startStrategy));
  }

  private async patch(operations: PatchOperation[]): Promise<void> {
    if (operations.length === 0) return;
    const { target, vmUid } = this.input;
    const guarded = [...ownMarks(this.input, vmUid), ...operations];
    await this.deps.client.patchJson(Kinds.VirtualMachine, target, guarded, { signal: this.signal });
  }

  private async start(): Promise<void> {
    try {
      await this.deps.client.act(this.input.target, 'start', {}, { signal: this.signal });
    } catch (error) {
      if (!isCode(error, 409)) throw error; // 409: an earlier attempt has started it
    }
  }
}

/** An answer that no repetition changes, unless it was decided on a stale read. */
function isRefusal(error: unknown): error is Error {
  return isCode(error, 400, 403, 404, 422);
}

/** A clone that a person has switched on, or otherwise, in the meantime is left as it is. */
function switchOn(vm: VirtualMachine, strategy: string | undefined): PatchOperation[] {
  const setting = currentSetting(vm);
  if (!strategy || !isStopped(setting)) return [];
  return [
    { op: 'test', path: '/spec/runStrategy', value: 'Halted' },
    { op: 'replace', path: '/spec/runStrategy', value: strategy },
  ];
}

function clear(vm: VirtualMachine, ...marks: string[]): PatchOperation[] {
  return marks
    .filter((mark) => vm.metadata.annotations?.[mark] !== undefined)
    .map((mark) => ({ op: 'remove', path: markPath(mark) }));
}

function deleted({ namespace, name }: VmRef): Warning {
  return {
    type: 'TargetDeleted',
    message: `The clone ${namespace}/${name} was deleted by somebody when it was already copied, or its labels were.`,
  };
}
