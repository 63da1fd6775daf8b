import { createContext, type SyntheticEvent, useContext } from 'react';

/** Where things are found. Pages and dialogues know no router: a host may have one of its own. */
export interface Links {
  clones: string;
  clone: (id: string, runId?: string) => string;
  /** For links within the console: goes there without loading the page anew. */
  follow: (event: SyntheticEvent) => void;
}

export const LinksContext = createContext<Links>({
  clones: '/clones',
  clone: clonePath,
  follow: () => {},
});

export function clonePath(id: string, runId?: string): string {
  return `/clones/${id}${runId ? `?runId=${runId}` : ''}`;
}

export function useLinks(): Links {
  return useContext(LinksContext);
}
