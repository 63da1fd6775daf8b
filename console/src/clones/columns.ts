/** Columns of the table of clones, in their order, with what those that may wrap need at the least. */
export const COLUMNS = {
  clone: { name: 'Clone', style: { minWidth: '9.25rem' } },
  source: { name: 'Source', style: { minWidth: '8rem' } },
  outcome: { name: 'Outcome', style: { minWidth: '10.5rem' } },
  requestedBy: { name: 'Requested by', style: { minWidth: '6rem' } },
  startedAt: { name: 'Started', style: { minWidth: '5rem' } },
  duration: { name: 'Duration' },
  downtime: { name: 'Source downtime' },
  workflow: { name: 'Workflow' },
} as const satisfies Record<string, { name: string; style?: { minWidth: string } }>;
