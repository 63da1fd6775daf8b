import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { LiveEventName, LiveEvents } from '../../../src/api/answers';
import { openStream } from '../api/http';
import { session } from '../api/session';

export type LiveEvent = { [Name in LiveEventName]: { name: Name; data: LiveEvents[Name] } }[LiveEventName];

export interface FeedOptions {
  onEvent: (event: LiveEvent) => void;
  /** Called with true when the feed is open, with false when it is cut. */
  onState: (live: boolean) => void;
}

const NAMES: readonly string[] = ['vm', 'vm-gone', 'clone', 'resync'] satisfies LiveEventName[];
/** The API gives a sign of life each 15 seconds: so long a silence is a connection that nobody has closed. */
const SILENCE_MS = 40_000;
/** A browser keeps six connections to one origin, for all its tabs: one that nobody looks at gives up its own. */
const HIDDEN_MS = 30_000;
const BACK_OFF_MS = { first: 500, most: 10_000 };

/**
 * Follows `GET /events` until `signal` is aborted: resumes where it was cut, backs off while it fails, and goes on at
 * once when the network is back or somebody has signed in again.
 */
export async function followFeed(signal: AbortSignal, { onEvent, onState }: FeedOptions): Promise<void> {
  let lastEventId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    await untilShown(signal);
    try {
      await readOnce(signal, lastEventId, {
        onOpen: () => {
          failures = 0;
          onState(true);
          // What changed before there was a feed to tell of it.
          if (lastEventId === undefined) onEvent({ name: 'resync', data: {} });
        },
        onEvent: (event, id) => {
          lastEventId = id ?? lastEventId;
          if (event) onEvent(event);
        },
      });
    } catch {
      // Told by `onState`; what was asked of the API meanwhile says more.
    }
    if (signal.aborted) return;
    if (document.hidden) continue;
    onState(false);
    failures += 1;
    await pause(signal, failures);
  }
}

interface Reading {
  onOpen: () => void;
  onEvent: (event: LiveEvent | undefined, id: string | undefined) => void;
}

async function readOnce(signal: AbortSignal, lastEventId: string | undefined, on: Reading): Promise<void> {
  const silence = new AbortController();
  const ends = AbortSignal.any([signal, silence.signal]);
  const stopHiding = whenHidden(HIDDEN_MS, () => silence.abort());
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  try {
    const response = await openStream('/events', {
      headers: { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) },
      signal: ends,
    });
    if (!response.body) return;
    on.onOpen();
    const reader = response.body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
      .pipeThrough(new EventSourceParserStream({ onComment: heard }))
      .getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const known = NAMES.includes(value.event ?? '');
      on.onEvent(
        known ? ({ name: value.event, data: JSON.parse(value.data) } as LiveEvent) : undefined,
        value.id,
      );
    }
  } finally {
    clearTimeout(timer);
    stopHiding();
    silence.abort();
  }
}

/** Calls a function once the page has been hidden for so long; returns what ends that. */
function whenHidden(ms: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(call, ms);
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}

function untilShown(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    document.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}

/** Until the next try: jittered, so that not every tab comes back at the same moment. */
function pause(signal: AbortSignal, failures: number): Promise<void> {
  const { first, most } = BACK_OFF_MS;
  const delay = Math.min(most, first * 2 ** (failures - 1)) * (0.7 + 0.6 * Math.random());
  return new Promise((resolve) => {
    const timer = setTimeout(done, delay);
    const unsubscribe = session.subscribe(done);
    window.addEventListener('online', done);
    signal.addEventListener('abort', done);
    function done() {
      clearTimeout(timer);
      unsubscribe();
      window.removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
