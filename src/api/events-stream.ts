import type { RequestHandler, Response } from 'express';
import { Gauge, type Registry } from 'prom-client';
import { type EventJournal, frameOf } from './events-journal';
import { parseQuery } from './parse';
import { Problem, unavailable } from './problem';
import { refuseCrossSite } from './security';
import { nothingSchema } from './vm-schemas';

export interface StreamLimits {
  /** Milliseconds between two signs of life. Default 15 s. */
  heartbeatMs?: number;
  /** How many may listen at once. Default 1,000. */
  mostListeners?: number;
}

const HEARTBEAT_MS = 15_000;
const MOST_LISTENERS = 1_000;
/** Written at once: a burst of small events is one packet, and a slow reader holds no more than this here. */
const PORTION = 64 * 1024;

export interface StreamDeps extends StreamLimits {
  journal: EventJournal;
  /** Told when the first begins to listen, and when the last has gone. */
  onListening: (anyone: boolean) => void;
  stopping?: AbortSignal;
  registry: Registry;
}

/**
 * Handler of `GET /events`. Each listener is a place in the journal and is given only what its connection takes, so
 * a slow one costs no memory. It is cut off when it takes nothing from one heartbeat to the next, or when the journal
 * no longer has what it should get next: it comes back with its last id and is told what it missed, or `resync`.
 */
export function eventStream(deps: StreamDeps): RequestHandler {
  const { journal, onListening, stopping, registry } = deps;
  const { heartbeatMs = HEARTBEAT_MS, mostListeners = MOST_LISTENERS } = deps;
  const listeners = new Set<Listener>();
  countListeners(registry, () => listeners.size);
  let woken = false;
  let beating: NodeJS.Timeout | undefined;

  journal.onPublish(() => {
    if (woken || listeners.size === 0) return;
    woken = true;
    setImmediate(() => {
      woken = false;
      for (const listener of listeners) listener.proceed();
    });
  });
  stopping?.addEventListener('abort', () => {
    for (const listener of listeners) listener.end();
  });

  function add(listener: Listener): void {
    listeners.add(listener);
    if (listeners.size > 1) return;
    beating = setInterval(() => {
      for (const each of listeners) each.beat();
    }, heartbeatMs);
    onListening(true);
  }

  function remove(listener: Listener): void {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    clearInterval(beating);
    onListening(false);
  }

  return (request, response) => {
    parseQuery(nothingSchema, request);
    // A stream takes a place, whether or not the page that asked can read it.
    refuseCrossSite(request);
    refusePipelined(response);
    if (stopping?.aborted) throw unavailable('The API is about to end. Try again in a moment.');
    if (listeners.size >= mostListeners) {
      throw unavailable(
        `${mostListeners} listen to the events already, which is the limit: close other pages, or ask again later.`,
      );
    }
    response.set(HEADERS);
    if (request.method === 'HEAD') return void response.end();
    const listener = new Listener(response, journal, request.get('Last-Event-ID'));
    response.on('close', () => remove(listener));
    response.on('error', () => remove(listener));
    add(listener);
    listener.proceed();
  };
}

/**
 * A response that waits for another one on the same connection gets no socket, and when that closes no 'close': its
 * place would be taken for ever.
 */
function refusePipelined({ socket }: Response): void {
  if (socket) return;
  throw new Problem('invalid-request', 'Ask for the events when the answer before has come whole.');
}

function countListeners(registry: Registry, count: () => number): void {
  new Gauge({
    name: 'vm_clone_event_listeners',
    help: 'Connections that listen to the events',
    registers: [registry],
    collect() {
      this.set(count());
    },
  });
}

/** Whether the answer is a stream of events: it ends when its reader goes. */
export function isEventStream(response: Pick<Response, 'getHeader'>): boolean {
  return /^text\/event-stream/i.test(String(response.getHeader('Content-Type')));
}

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // What compresses, here or on the way, would hold events back until there are enough of them.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/** One connection and how far in the journal it is. */
class Listener {
  private place: number;
  /** Waits until the connection has taken what was written. */
  private full = false;
  private tookNothing = false;

  constructor(
    private readonly response: Response,
    private readonly journal: EventJournal,
    lastEventId: string | undefined,
  ) {
    const known = lastEventId === undefined ? journal.end : journal.placeOf(lastEventId);
    this.place = known ?? journal.end;
    // Its id is where this listener stands: one that is cut off before its first event can resume from here. Who
    // has missed something gets no `hello`: cut off between the two, it would never be told.
    const first = frameOf(journal.idOf(this.place), known === undefined ? 'resync' : 'hello', {});
    this.write(`: the events of VMs and clones\n${first}`);
    response.on('drain', () => {
      this.full = false;
      this.tookNothing = false;
      this.proceed();
    });
  }

  /** Writes what came since, as far as the connection takes it. */
  proceed(): void {
    while (this.place < this.journal.end) {
      if (!this.journal.keeps(this.place)) return void this.response.destroy();
      if (this.full) return;
      const next = this.journal.read(this.place, PORTION);
      this.place = next.place;
      this.write(next.text);
    }
  }

  beat(): void {
    if (!this.full) this.write(': still here\n\n');
    else if (this.tookNothing) this.response.destroy();
    else this.tookNothing = true;
  }

  end(): void {
    if (this.full) this.response.destroy();
    else this.response.end();
  }

  private write(text: string): void {
    this.full = !this.response.write(text);
  }
}
