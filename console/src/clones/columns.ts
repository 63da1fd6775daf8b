import type { ThProps } from '@patternfly/react-table';

/** Columns of the table of clones, in their order; the widths are parts of a hundred. */
export const COLUMNS = {
  clone: { name: 'Clone', width: 20 },
  source: { name: 'Source', width: 15 },
  outcome: { name: 'Outcome', width: 25 },
  requestedBy: { name: 'Requested by', width: 15 },
  startedAt: { name: 'Started' },
  duration: { name: 'Duration' },
  downtime: { name: 'Source downtime' },
  workflow: { name: 'Workflow' },
} as const satisfies Record<string, { name: string; width?: ThProps['width'] }>;
