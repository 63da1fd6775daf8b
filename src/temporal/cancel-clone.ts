import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { CANCEL_SIGNAL, type CancelRequest, cloneWorkflowId, type VmRef } from '../contract';
import { within } from './connection';

/** Asks one run to cancel. False when it has closed meanwhile. That it is asked says not who wins. */
export async function cancelClone(
  client: Client,
  target: VmRef,
  runId: string,
  request: CancelRequest,
): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(cloneWorkflowId(target), runId);
    await within(client, () => handle.signal<[CancelRequest]>(CANCEL_SIGNAL, request));
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
