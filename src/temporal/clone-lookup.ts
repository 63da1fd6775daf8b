import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { MEMO, type Owner, type Phase, SEARCH_ATTRIBUTES, type TargetRecord } from '../contract';
import { within } from './connection';

/** What Temporal knows of a clone, for those who found its marks in the cluster. */
export interface CloneRun {
  /** A workflow of this very clone is under way. */
  live: boolean;
  /** Whether it had come past its commit point: then its target is a user's VM. Undefined: nobody knows. */
  committed?: boolean;
  /** Uids of what it made, as far as it had come. */
  record?: TargetRecord;
}

export interface CloneLookup {
  /**
   * The truth by `describe()`, never by visibility, which lags. `runId` is the run that made the marks, where they
   * say so: the id may have been used again since.
   */
  find(workflowId: string, owner: Owner, runId?: string): Promise<CloneRun>;
}

/** A mark may say anything, but Temporal rejects a question about what can't be a run id. */
const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const COMMITTED: readonly Phase[] = ['RestartingSource', 'Finishing', 'Completed'];

/**
 * A workflow id has one running execution at most, so a clone whose uid is not that of the latest run is closed.
 * A running workflow without a memo (started by hand) counts as live: whatever is in doubt is left alone.
 */
export function cloneLookup(client: Client): CloneLookup {
  async function describe(
    workflowId: string,
    runId?: string,
  ): Promise<WorkflowExecutionDescription | undefined> {
    if (runId !== undefined && !RUN_ID.test(runId)) return undefined;
    try {
      return await within(client, () => client.workflow.getHandle(workflowId, runId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  return {
    async find(workflowId, { cloneUid }, runId) {
      const latest = await describe(workflowId);
      const latestUid = latest?.memo?.[MEMO.cloneUid];
      const isLive = latest?.status.name === 'RUNNING' && (latestUid === undefined || latestUid === cloneUid);
      const marked = runId && runId !== latest?.runId ? await describe(workflowId, runId) : latest;
      if (marked?.memo?.[MEMO.cloneUid] !== cloneUid) return { live: isLive };
      return {
        live: isLive,
        committed: isCommitted(marked),
        record: marked.memo[MEMO.target] as TargetRecord | undefined,
      };
    },
  };
}

function isCommitted({ searchAttributes }: WorkflowExecutionDescription): boolean {
  const [phase] = (searchAttributes[SEARCH_ATTRIBUTES.phase] ?? []) as Phase[];
  return phase !== undefined && COMMITTED.includes(phase);
}
