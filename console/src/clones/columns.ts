/** Columns of the table of clones, in their order. */
export const COLUMNS = {
  clone: 'Clone',
  source: 'Source',
  outcome: 'Outcome',
  requestedBy: 'Requested by',
  startedAt: 'Started',
  duration: 'Duration',
  downtime: 'Source downtime',
  failure: 'Failure',
  workflow: 'Workflow',
} as const;
