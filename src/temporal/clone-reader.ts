import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import {
  CLONE_WORKFLOW,
  type CloneView,
  type CopyHeartbeat,
  cloneWorkflowId,
  MEMO,
  type PlannedDisk,
  type VmRef,
} from '../contract';
import { cloneView, isOpen, withFinalDocument } from './clone-view';
import { within } from './connection';
import { type Ending, readEnding } from './ending';
import { liveState } from './live-state';
import { Lru } from './lru';

export interface CloneDescription {
  view: CloneView;
  /** Under way: not closed. */
  open: boolean;
  /** As planned when it was asked for. */
  planned: PlannedDisk[];
  /** By which a repeated request is known. */
  requestHash?: string;
  idempotencyKey?: string;
}

/** How many runs are remembered. */
const KEPT = 1_000;

/**
 * Reads clones one by one, as they are now, by `describe()` alone: no query, no worker, no visibility, which lag
 * or need someone to be up. Endings never change and are read once.
 */
export class CloneReader {
  private readonly endings: Lru<Ending>;
  /** A copy has none any more from its last disk to the next phase, and percent must not fall meanwhile. */
  private readonly heartbeats: Lru<CopyHeartbeat>;

  constructor(
    private readonly client: Client,
    kept = KEPT,
  ) {
    this.endings = new Lru(kept);
    this.heartbeats = new Lru(kept);
  }

  /** Without `runId` the latest run. Undefined when there is no such clone (any more). */
  async read(target: VmRef, runId?: string): Promise<CloneDescription | undefined> {
    const description = await this.describe(cloneWorkflowId(target), runId);
    if (!description) return undefined;
    const { memo } = description;
    const open = isOpen(description);
    return {
      view: open ? await this.openView(description) : await this.closedView(description),
      open,
      planned: (memo?.[MEMO.disks] as PlannedDisk[] | undefined) ?? [],
      requestHash: memo?.[MEMO.requestHash] as string | undefined,
      idempotencyKey: memo?.[MEMO.idempotencyKey] as string | undefined,
    };
  }

  private async describe(
    workflowId: string,
    runId: string | undefined,
  ): Promise<WorkflowExecutionDescription | undefined> {
    try {
      const handle = this.client.workflow.getHandle(workflowId, runId);
      const description = await within(this.client, () => handle.describe());
      return description.type === CLONE_WORKFLOW ? description : undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  private async openView(description: WorkflowExecutionDescription): Promise<CloneView> {
    const live = await liveState(this.client, description);
    const { runId } = description;
    if (live.copy) this.heartbeats.set(runId, live.copy);
    const view = cloneView(description, live);
    if (live.copy || view.phase !== 'Copying') return view;
    return cloneView(description, { ...live, copy: this.heartbeats.get(runId) });
  }

  /** Temporal's status comes first: a terminated clone has failed, whatever it last said of itself. */
  private async closedView(description: WorkflowExecutionDescription): Promise<CloneView> {
    const view = cloneView(description);
    const { document, failure, reason } = await this.endingOf(description);
    if (document && (document.outcome === view.outcome || view.outcome === 'Completed')) {
      return withFinalDocument(view, document);
    }
    if (failure) return { ...view, failure };
    if (reason && view.failure) {
      return { ...view, failure: { ...view.failure, message: `${view.failure.message} (${reason})` } };
    }
    return view;
  }

  private async endingOf(description: WorkflowExecutionDescription): Promise<Ending> {
    const { runId } = description;
    const kept = this.endings.get(runId);
    if (kept) return kept;
    const ending = await readEnding(this.client, description);
    this.endings.set(runId, ending);
    return ending;
  }
}
