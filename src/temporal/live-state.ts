import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { CopyHeartbeat } from '../contract';
import type { LiveState } from './clone-view';

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** `temporal.api.enums.v1.PendingActivityState` */
const STARTED = 2;

/** What a clone is about, read from its pending activities. */
export async function liveState(client: Client, { raw }: WorkflowExecutionDescription): Promise<LiveState> {
  const pending = raw.pendingActivities ?? [];
  const copy = pending.find(({ activityType }) => activityType?.name === 'copyDisks');
  const failing = pending.find(isFailing);
  return {
    copy: (await decodeFirst(client, copy?.heartbeatDetails?.payloads)) as CopyHeartbeat | undefined,
    cancelRequested: raw.workflowExtendedInfo?.cancelRequested ?? false,
    retrying: failing && {
      step: failing.activityType?.name ?? '',
      attempt: failing.attempt ?? 1,
      message: failing.lastFailure?.message ?? '',
    },
  };
}

/** Whether its last attempt failed and the next one has given no sign of life yet. */
function isFailing({ lastFailure, state, lastHeartbeatTime, lastStartedTime }: PendingActivity): boolean {
  if (!lastFailure?.message) return false;
  const heartbeat = Number(lastHeartbeatTime?.seconds ?? 0);
  return state !== STARTED || heartbeat < Number(lastStartedTime?.seconds ?? 0);
}

/** Decodes with the client's own converter and codecs, as its handles do. */
async function decodeFirst(client: Client, payloads: Payload[] | null | undefined): Promise<unknown> {
  if (!payloads?.length) return undefined;
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  let decoded: Payload[] = payloads;
  for (const codec of payloadCodecs) decoded = await codec.decode(decoded);
  return decoded[0] && payloadConverter.fromPayload(decoded[0]);
}
