import type { Client } from '@temporalio/client';
import {
  CLONE_WORKFLOW,
  type CloneInput,
  cloneWorkflowId,
  MEMO,
  type PlannedDisk,
  TASK_QUEUE,
} from '../contract';
import type { CloneRequest } from './clone-view';
import { within } from './connection';
import { searchAttributesOf } from './search-attributes';

export interface StartClone {
  input: CloneInput;
  requestHash: string;
  idempotencyKey?: string;
  disks: PlannedDisk[];
}

/**
 * Starts the workflow, whose id reserves the target's name. A closed one of the same id is no obstacle: whether
 * the name is free was the plan's to say.
 *
 * @throws WorkflowExecutionAlreadyStartedError while another clone to the same target is under way.
 */
export async function startClone(
  client: Client,
  { input, requestHash, idempotencyKey, disks }: StartClone,
): Promise<void> {
  const { cloneUid, installation, ...request } = input;
  const { source, target, requestedBy } = input;
  await within(client, () =>
    client.workflow.start(CLONE_WORKFLOW, {
      taskQueue: TASK_QUEUE,
      workflowId: cloneWorkflowId(target),
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      typedSearchAttributes: searchAttributesOf({ phase: 'Validating', source, target, requestedBy }),
      memo: {
        [MEMO.cloneUid]: cloneUid,
        [MEMO.installation]: installation,
        [MEMO.requestHash]: requestHash,
        ...(idempotencyKey !== undefined && { [MEMO.idempotencyKey]: idempotencyKey }),
        [MEMO.requestedBy]: requestedBy,
        [MEMO.request]: request satisfies CloneRequest,
        [MEMO.disks]: disks,
      },
      staticSummary: `Clone ${source.namespace}/${source.name} to ${target.namespace}/${target.name}`,
      staticDetails: details(input, disks),
    }),
  );
}

/** Markdown for whoever opens the workflow in Temporal's UI. */
function details(
  { source, target, requestedBy, startAfterClone, description }: CloneInput,
  disks: PlannedDisk[],
): string {
  return [
    `* Source: \`${source.namespace}/${source.name}\`, off until its disks are copied`,
    `* Clone: \`${target.namespace}/${target.name}\`, ${startAfterClone ? 'started' : 'left off'} at the end`,
    ...(description ? [`* Description: ${description.replaceAll(/\s+/g, ' ')}`] : []),
    ...disks.map(({ name, bytes, method }) => `* Disk ${name}: ${bytes} bytes, ${method}`),
    `* Asked for by ${requestedBy}`,
  ].join('\n');
}
