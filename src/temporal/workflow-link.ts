/** Address of one run in Temporal's UI. */
export function workflowLink({
  base,
  namespace,
  workflowId,
  runId,
}: {
  base: string;
  namespace: string;
  workflowId: string;
  runId: string;
}): string {
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}`;
}
