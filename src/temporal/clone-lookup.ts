import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { MEMO, type Owner, type TargetRecord } from '../contract';
import { within } from './connection';

/** What Temporal knows of a clone, for those who found its marks in the cluster. */
export interface CloneRun {
  /** A workflow of this very clone is under way. */
  live: boolean;
  /** Uids of what it made, as far as it had come. */
  record?: TargetRecord;
}

export interface CloneLookup {
  /** The truth by `describe()`, never by visibility, which lags. */
  find(workflowId: string, owner: Owner): Promise<CloneRun>;
}

/**
 * A workflow id has one running execution at most, so a clone whose uid is not that of the latest run is closed.
 * A running workflow without a memo (started by hand) counts as live: whatever is in doubt is left alone.
 */
export function cloneLookup(client: Client): CloneLookup {
  return {
    async find(workflowId, { cloneUid }) {
      try {
        const { status, memo } = await within(client, () => client.workflow.getHandle(workflowId).describe());
        const running = status.name === 'RUNNING';
        const latest = memo?.[MEMO.cloneUid];
        if (running && latest === undefined) return { live: true };
        if (latest !== cloneUid) return { live: false };
        return { live: running, record: memo?.[MEMO.target] as TargetRecord | undefined };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { live: false };
        throw error;
      }
    },
  };
}
