import type { FilterGroup } from '../../../src/clone/status';

export type { FilterGroup };

/** The item filters, in their order. */
export const FILTER_GROUPS = [
  'Running',
  'Offline',
  'Error',
  'Transitioning',
  'Unknown',
] as const satisfies FilterGroup[];
