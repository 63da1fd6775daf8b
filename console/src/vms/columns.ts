import type { SORT_KEYS } from './filters';

/** Headings of the list, by the key that it is sorted by. */
export const COLUMNS: Record<(typeof SORT_KEYS)[number], string> = {
  name: 'Name',
  namespace: 'Namespace',
  status: 'Status',
  createdAt: 'Created',
  node: 'Node',
  ip: 'IP address',
};
