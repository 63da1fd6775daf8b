import { type Client, type WorkflowExecutionDescription, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, type Failure, type FinalDocument, MEMO } from '../contract';
import { within } from './connection';

/** How a closed run ended: its final document, or what its failure says when it has none. */
export interface Ending {
  document?: FinalDocument;
  failure?: Failure;
  /** Why it was terminated, in the operator's words. */
  reason?: string;
}

/**
 * Reads the ending of a run that is closed: of one under way it would wait for the end, up to the deadline.
 * Temporal's own cancel closes a run with neither result nor details: its document stands in the memo.
 */
export async function readEnding(
  client: Client,
  { workflowId, runId, memo }: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId' | 'memo'>,
): Promise<Ending> {
  const noted = asDocument(memo?.[MEMO.final]);
  if (noted) return { document: noted };
  try {
    const handle = client.workflow.getHandle(workflowId, runId, { followRuns: false });
    const result = await within(client, () => handle.result());
    return { document: asDocument(result) };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return endingOf(error.cause);
  }
}

function endingOf(cause: Error | undefined): Ending {
  if (cause instanceof ApplicationFailure) {
    const type = FAILURES.find((known) => known === cause.type) ?? 'Internal';
    return { document: asDocument(cause.details?.[0]), failure: { type, message: cause.message } };
  }
  return { reason: cause?.message };
}

function asDocument(value: unknown): FinalDocument | undefined {
  const document = value as FinalDocument | undefined | null;
  return document?.outcome && Array.isArray(document.disks) ? document : undefined;
}
