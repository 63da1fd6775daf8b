import { defineSearchAttributeKey } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  CANCEL_SIGNAL,
  type CancelRequest,
  type CloneInput,
  type FinalDocument,
  MEMO,
  type Outcome,
  type Phase,
  SEARCH_ATTRIBUTES,
} from '../../src/contract';

/** What a stand-in clone does; told by the clone's description. */
export type Script =
  | 'complete'
  | 'fail'
  | 'fail without a document'
  | 'copy until cancelled'
  | 'end the copy when cancelled'
  | 'undo until cancelled'
  | 'pass the commit point'
  | 'wait';

export const FAILURE = { type: 'CopyFailed', message: 'The copy pod crashed.' } as const;
const PHASE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');
const { copyDisks, unlockSource } = proxyActivities<{
  copyDisks(): Promise<void>;
  unlockSource(): Promise<void>;
}>({ startToCloseTimeout: '1 hour', heartbeatTimeout: '1 hour', retry: { initialInterval: '1 hour' } });

/** Shows what a reader sees of a clone in each state, without a cluster: same attributes, memo, documents. */
export async function cloneVm(input: CloneInput): Promise<FinalDocument> {
  let cancelled: CancelRequest | undefined;
  setHandler(defineSignal<[CancelRequest]>(CANCEL_SIGNAL), (request) => {
    cancelled ??= request;
    upsertMemo({ [MEMO.cancel]: request });
  });
  const enter = (phase: Phase) => upsertSearchAttributes([{ key: PHASE, value: phase }]);
  const untilCancelled = () => condition(() => cancelled !== undefined);

  try {
    switch (input.description as Script) {
      case 'complete':
        return close('Completed');
      case 'fail':
        upsertMemo({ [MEMO.failure]: FAILURE });
        throw failed([close('Failed', true)]);
      case 'fail without a document':
        throw failed([]);
      case 'copy until cancelled':
        enter('Copying');
        await Promise.race([copyDisks(), untilCancelled()]);
        return close('Cancelled');
      case 'end the copy when cancelled': {
        enter('Copying');
        const scope = new CancellationScope();
        const copy = scope.run(copyDisks).catch(() => {});
        await untilCancelled();
        scope.cancel();
        await copy;
        await sleep('1 hour');
        return close('Completed');
      }
      case 'undo until cancelled':
        enter('RollingBack');
        upsertMemo({ [MEMO.failure]: FAILURE });
        await Promise.race([unlockSource(), untilCancelled()]);
        throw failed([close('Failed', true)]);
      case 'pass the commit point':
        enter('RestartingSource');
        await sleep('1 hour');
        return close('Completed');
      default:
        await untilCancelled();
        return close('Cancelled');
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    upsertMemo({ [MEMO.final]: close('Cancelled') });
    throw error;
  }

  function failed(details: unknown[]): ApplicationFailure {
    return ApplicationFailure.create({ ...FAILURE, nonRetryable: true, details });
  }

  function close(outcome: Outcome, withFailure = false): FinalDocument {
    enter(outcome);
    const { cloneUid, source, target, requestedBy, startAfterClone } = input;
    return {
      cloneUid,
      phase: outcome,
      outcome,
      source,
      target,
      requestedBy,
      startAfterClone,
      disks: [{ name: 'root', bytes: 1024, phase: 'Succeeded', percent: 100 }],
      timings: { startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:01:00.000Z' },
      warnings: [{ type: 'SourceSlowToReturn', message: 'It took its time.' }],
      sourceDowntimeSeconds: 42,
      ...(cancelled && { cancelRequested: cancelled }),
      ...(withFailure && { failure: FAILURE }),
    };
  }
}
