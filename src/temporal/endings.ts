import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { FAILURES, type Failure, type FinalDocument } from '../contract';
import { within } from './connection';

/** How a closed run ended: its final document, or what its failure says when it has none. */
export interface Ending {
  document?: FinalDocument;
  failure?: Failure;
  /** Why it was terminated, in the operator's words. */
  reason?: string;
}

/** The endings of closed runs. They never change, so the last ones that were asked for are kept. */
export class Endings {
  private readonly byRun = new Map<string, Ending>();

  constructor(
    private readonly client: Client,
    private readonly limit = 1000,
  ) {}

  /** Of a run that is closed: of one under way it would wait for the end, up to the deadline. */
  async of({ workflowId, runId }: { workflowId: string; runId: string }): Promise<Ending> {
    const kept = this.byRun.get(runId);
    const ending = kept ?? (await this.read(workflowId, runId));
    this.byRun.delete(runId);
    this.byRun.set(runId, ending);
    const [oldest] = this.byRun.keys();
    if (this.byRun.size > this.limit && oldest !== undefined) this.byRun.delete(oldest);
    return ending;
  }

  private async read(workflowId: string, runId: string): Promise<Ending> {
    try {
      const handle = this.client.workflow.getHandle(workflowId, runId, { followRuns: false });
      const result = await within(this.client, () => handle.result());
      return { document: asDocument(result) };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      return endingOf(error.cause);
    }
  }
}

function endingOf(cause: Error | undefined): Ending {
  if (cause instanceof ApplicationFailure) {
    const type = FAILURES.find((known) => known === cause.type) ?? 'Internal';
    return { document: asDocument(cause.details?.[0]), failure: { type, message: cause.message } };
  }
  if (cause instanceof CancelledFailure) return { document: asDocument(cause.details?.[0]) };
  return { reason: cause?.message };
}

function asDocument(value: unknown): FinalDocument | undefined {
  const document = value as FinalDocument | undefined | null;
  return document?.outcome && Array.isArray(document.disks) ? document : undefined;
}
