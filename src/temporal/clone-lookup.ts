import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { MEMO, type Owner, type Phase, SEARCH_ATTRIBUTES, type TargetRecord } from '../contract';
import { within } from './connection';

/**
 * How far a clone had come: `forward` before its commit point, `undoing` after a failure or a cancel, `committed`
 * past it: then its target is a user's VM.
 */
export type Stage = 'forward' | 'undoing' | 'committed';

/** What Temporal knows of a clone, for those who found its marks in the cluster. */
export interface CloneRun {
  /** A workflow of this very clone is under way. */
  live: boolean;
  /** Undefined: nobody knows any more. */
  stage?: Stage;
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
/** Resets of one workflow that are followed. */
const MOST_RESETS = 20;
const COMMITTED: readonly Phase[] = ['RestartingSource', 'Finishing', 'Completed'];
const UNDOING: readonly Phase[] = ['RollingBack', 'Cancelled', 'Failed'];

/**
 * A workflow id has one running execution at most, so a clone whose uid is not that of the latest run is closed.
 * A running workflow without a memo (started by hand) counts as live: whatever is in doubt is left alone. A reset
 * goes on with the same clone: its last run is the one that tells.
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

  async function lastOf(
    workflowId: string,
    runId: string,
  ): Promise<WorkflowExecutionDescription | undefined> {
    let run = await describe(workflowId, runId);
    for (let resets = 0; run && resets < MOST_RESETS; resets++) {
      const next = run.raw.workflowExtendedInfo?.resetRunId;
      if (!next) return run;
      run = await describe(workflowId, next);
    }
    return undefined;
  }

  return {
    async find(workflowId, { cloneUid }, runId) {
      const latest = await describe(workflowId);
      const latestUid = latest?.memo?.[MEMO.cloneUid];
      const live = latest?.status.name === 'RUNNING' && (latestUid === undefined || latestUid === cloneUid);
      const last = latestUid === cloneUid || !runId ? latest : await lastOf(workflowId, runId);
      if (last?.memo?.[MEMO.cloneUid] !== cloneUid) return { live };
      return { live, stage: stageOf(last), record: last.memo[MEMO.target] as TargetRecord | undefined };
    },
  };
}

function stageOf({ searchAttributes }: WorkflowExecutionDescription): Stage {
  const [phase] = (searchAttributes[SEARCH_ATTRIBUTES.phase] ?? []) as Phase[];
  if (phase !== undefined && COMMITTED.includes(phase)) return 'committed';
  return phase !== undefined && UNDOING.includes(phase) ? 'undoing' : 'forward';
}
