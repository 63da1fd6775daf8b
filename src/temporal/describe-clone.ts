import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import {
  CLONE_WORKFLOW,
  type CopyHeartbeat,
  cloneWorkflowId,
  type FinalDocument,
  MEMO,
  type VmRef,
} from '../contract';
import { type CloneView, cloneView, isOpen, type LiveState, withFinalDocument } from './clone-view';
import { within } from './connection';
import type { Endings } from './endings';

export interface CloneDescription {
  view: CloneView;
  /** Under way: not closed. */
  open: boolean;
  /** By which a repeated request is known. */
  requestHash?: string;
  idempotencyKey?: string;
}

/**
 * One clone as it is now, by `describe()` alone: no query, no worker, no visibility, which lag or need someone
 * to be up. Without `runId` the latest run. Undefined when there is no such clone (any more).
 */
export async function describeClone(
  { client, endings }: { client: Client; endings: Endings },
  target: VmRef,
  runId?: string,
): Promise<CloneDescription | undefined> {
  const description = await describe(client, cloneWorkflowId(target), runId);
  if (!description) return undefined;
  const { memo } = description;
  const open = isOpen(description);
  return {
    view: open
      ? cloneView(description, await liveState(client, description))
      : await closedView(endings, description),
    open,
    requestHash: memo?.[MEMO.requestHash] as string | undefined,
    idempotencyKey: memo?.[MEMO.idempotencyKey] as string | undefined,
  };
}

async function describe(
  client: Client,
  workflowId: string,
  runId: string | undefined,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    const description = await within(client, () => client.workflow.getHandle(workflowId, runId).describe());
    return description.type === CLONE_WORKFLOW ? description : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function liveState(client: Client, { raw }: WorkflowExecutionDescription): Promise<LiveState> {
  const pending = raw.pendingActivities ?? [];
  const copy = pending.find(({ activityType }) => activityType?.name === 'copyDisks');
  const failing = pending.find(({ lastFailure }) => lastFailure?.message);
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

/** Decodes with the client's own converter and codecs, as its handles do. */
async function decodeFirst(client: Client, payloads: Payload[] | null | undefined): Promise<unknown> {
  if (!payloads?.length) return undefined;
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  let decoded: Payload[] = payloads;
  for (const codec of payloadCodecs) decoded = await codec.decode(decoded);
  return decoded[0] && payloadConverter.fromPayload(decoded[0]);
}

/** Temporal's status comes first: a terminated clone has failed, whatever it last said of itself. */
async function closedView(endings: Endings, description: WorkflowExecutionDescription): Promise<CloneView> {
  const view = cloneView(description);
  const { document, failure, reason } = await endings.of(description);
  if (document && agrees(document, view)) return withFinalDocument(view, document);
  if (failure) return { ...view, failure };
  if (reason && view.failure) {
    return { ...view, failure: { ...view.failure, message: `${view.failure.message} (${reason})` } };
  }
  return view;
}

function agrees(document: FinalDocument, { phase }: CloneView): boolean {
  return document.outcome === phase || phase === 'Completed';
}
