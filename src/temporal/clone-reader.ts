import {
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  WorkflowNotFoundError,
} from '@temporalio/client';
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
/** How many endings of a list are read at a time. */
const AT_ONCE = 10;
/** How long a list waits for them. */
const PATIENCE_MS = 2_000;

type Info = Omit<WorkflowExecutionInfo, 'raw'>;

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

  /**
   * Clones of a list, the closed ones with what only their ending tells. Those whose ending can not be read, or not
   * within two seconds, are as the list has them; what comes later is there for the next list.
   */
  async withEndings(infos: readonly Info[]): Promise<CloneView[]> {
    const views = infos.map((info) => cloneView(info));
    const due = infos.entries();
    let late = false;
    const readNext = async () => {
      for (const [index, info] of due) {
        if (late) return;
        if (!isOpen(info)) views[index] = await this.closedView(info).catch(() => cloneView(info));
      }
    };
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, readNext)), patience]);
    late = true;
    clearTimeout(timer);
    return [...views];
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
  private async closedView(info: Info): Promise<CloneView> {
    const view = cloneView(info);
    const { document, failure, reason } = await this.endingOf(info);
    if (document && (document.outcome === view.outcome || view.outcome === 'Completed')) {
      return withFinalDocument(view, document);
    }
    if (failure) return { ...view, failure };
    if (reason && view.failure) {
      return { ...view, failure: { ...view.failure, message: `${view.failure.message} (${reason})` } };
    }
    return view;
  }

  private async endingOf(info: Info): Promise<Ending> {
    const { runId } = info;
    const kept = this.endings.get(runId);
    if (kept) return kept;
    const ending = await readEnding(this.client, info);
    this.endings.set(runId, ending);
    return ending;
  }
}
