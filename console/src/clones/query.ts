import type { Outcome } from '../../../src/contract';

/** What the Clones page shows: its host keeps it, in the URL for instance. */
export interface ClonesQuery {
  namespace?: string;
  /** Only those that are under way, or only those that are not. */
  open?: boolean;
  /** Only those that ended so. */
  phase?: Outcome;
  /** `nextPageToken` of the page before; absent for the first. */
  pageToken?: string;
}

export const OUTCOMES = ['Completed', 'Cancelled', 'Failed'] as const satisfies Outcome[];

/** From the query of a URL; what it doesn't know it leaves out. */
export function clonesQueryFrom(query: URLSearchParams): ClonesQuery {
  const phase = OUTCOMES.find((outcome) => outcome === query.get('phase'));
  const open = query.get('open');
  const namespace = query.get('namespace');
  const pageToken = query.get('pageToken');
  return {
    ...(namespace && { namespace }),
    ...((open === 'true' || open === 'false') && { open: open === 'true' }),
    ...(phase && { phase }),
    ...(pageToken && { pageToken }),
  };
}

/** For the query of a URL. */
export function searchOf(query: ClonesQuery): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return search;
}

/** Whether anything is left out. */
export function isNarrowed({ namespace, open, phase }: ClonesQuery): boolean {
  return namespace !== undefined || open !== undefined || phase !== undefined;
}
