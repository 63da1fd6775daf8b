import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { LiveEventName, LiveEvents } from '../../src/api/answers';

export type Told = { [N in LiveEventName]: { id: string; event: N; data: LiveEvents[N] } }[LiveEventName];

/** Listens to the events of an API as the console does: `fetch` and a parser of the stream. */
export class Listener {
  readonly events: Told[] = [];
  readonly comments: string[] = [];
  /** Settles when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>;
  private readonly abort = new AbortController();
  private wake: () => void = () => {};

  private constructor(
    readonly response: Response,
    abort: AbortController,
  ) {
    this.abort = abort;
    this.ended = this.read();
  }

  /** Resolves when the stream is open and its first event is there. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<Listener> {
    const abort = new AbortController();
    const response = await fetch(`${url}/api/v1/events`, { headers, signal: abort.signal });
    if (!response.ok) throw new Error(await response.text());
    const listener = new Listener(response, abort);
    await listener.until(({ events }) => events.length > 0);
    return listener;
  }

  /** One that comes back after it has been cut off. */
  static resume(url: string, lastEventId: string | undefined): Promise<Listener> {
    return Listener.open(url, { 'Last-Event-ID': lastEventId ?? '' });
  }

  get lastId(): string | undefined {
    return this.events.at(-1)?.id;
  }

  of<N extends LiveEventName>(name: N): Extract<Told, { event: N }>['data'][] {
    return this.events.flatMap((told) => (told.event === name ? [told.data as never] : []));
  }

  /** Waits for events until it is as `reached` says. */
  async until(reached: (listener: Listener) => boolean, timeoutMs = 20_000): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.wake();
    }, timeoutMs);
    while (!reached(this)) {
      if (late) throw new Error(`not told: ${reached}, but ${JSON.stringify(this.events.slice(-5))}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    this.abort.abort();
    await this.ended;
  }

  private async read(): Promise<void> {
    const parser = createParser({
      onEvent: ({ id, event, data }: EventSourceMessage) =>
        void this.events.push({ id, event, data: JSON.parse(data) } as Told),
      onComment: (comment) => void this.comments.push(comment),
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        this.wake();
      }
    } catch {
      // cut off
    }
    this.wake();
  }
}
