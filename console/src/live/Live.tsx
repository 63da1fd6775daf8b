import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { LiveCache } from './apply';
import { followFeed, type LiveEvent } from './feed';

type Listener = (event: LiveEvent) => void;

interface Live {
  /** False while the feed is cut: lists ask by themselves then. */
  live: boolean;
  /** Calls a function on each event, after what is shown has been brought up to date; returns what ends it. */
  listen: (listener: Listener) => () => void;
}

const LiveContext = createContext<Live>({ live: true, listen: () => () => {} });

/** The tab's one live feed. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [live, setLive] = useState(true);
  const listeners = useMemo(() => new Set<Listener>(), []);
  useEffect(() => {
    const ends = new AbortController();
    const cache = new LiveCache(queries);
    void followFeed(ends.signal, {
      onState: setLive,
      onEvent: (event) => {
        cache.apply(event);
        for (const listener of listeners) listener(event);
      },
    });
    return () => ends.abort();
  }, [queries, listeners]);
  const value = useMemo(
    () => ({
      live,
      listen: (listener: Listener) => {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
    }),
    [live, listeners],
  );
  return <LiveContext.Provider value={value}>{children}</LiveContext.Provider>;
}

export function useLive(): Live {
  return useContext(LiveContext);
}
