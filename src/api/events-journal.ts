import { randomBytes } from 'node:crypto';
import type { LiveEventName, LiveEvents } from './answers';

export interface JournalLimits {
  /** How many events are kept. Default 10,000. */
  mostEvents?: number;
  /** How many bytes of events, as they go over the wire, are kept. Default 16 MiB. */
  mostBytes?: number;
}

const MOST_EVENTS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
const ID = /^([0-9a-f]{12})-(\d{1,15})$/;

/**
 * The events of this process in their order, numbered from 1, of which the last ones are kept: whoever reads them
 * has a place in it, and needs no buffer. The epoch tells its numbers from those of another process.
 */
export class EventJournal {
  readonly epoch = randomBytes(6).toString('hex');
  private readonly mostEvents: number;
  private readonly mostBytes: number;
  private readonly frames: string[] = [];
  private readonly listeners = new Set<() => void>();
  private bytes = 0;
  /** Number of the latest event. */
  private latest = 0;

  constructor({ mostEvents = MOST_EVENTS, mostBytes = MOST_BYTES }: JournalLimits = {}) {
    this.mostEvents = mostEvents;
    this.mostBytes = mostBytes;
  }

  /** The place after the latest event. */
  get end(): number {
    return this.latest;
  }

  idOf(place: number): string {
    return `${this.epoch}-${place}`;
  }

  /** The place that an id stands for; undefined when what came after it can't be told (any more). */
  placeOf(id: string): number | undefined {
    const [, epoch, number] = ID.exec(id) ?? [];
    const place = Number(number);
    return epoch === this.epoch && place <= this.latest && this.keeps(place) ? place : undefined;
  }

  /** Whether all that came after a place is still there. */
  keeps(place: number): boolean {
    return place >= this.oldest;
  }

  /** Adds an event and wakes those who listen. */
  publish<N extends LiveEventName>(name: N, data: LiveEvents[N]): void {
    this.latest += 1;
    const frame = frameOf(this.idOf(this.latest), name, data);
    this.frames.push(frame);
    this.bytes += Buffer.byteLength(frame);
    while (this.frames.length > this.mostEvents || (this.bytes > this.mostBytes && this.frames.length > 1)) {
      this.bytes -= Buffer.byteLength(this.frames.shift() ?? '');
    }
    for (const listener of this.listeners) listener();
  }

  /**
   * What came after a place that is kept, as it goes over the wire, in portions of about `characters`; and the place
   * after it.
   */
  read(place: number, characters: number): { text: string; place: number } {
    let text = '';
    for (; place < this.latest && text.length < characters; place += 1) {
      text += this.frames[place - this.oldest];
    }
    return { text, place };
  }

  /** Calls `listener` after each event. Returns the function that ends it. */
  onPublish(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The first place from which everything is still kept. */
  private get oldest(): number {
    return this.latest - this.frames.length;
  }
}

/** One event of `text/event-stream`. JSON has no line breaks, so the data is one line. */
export function frameOf<N extends LiveEventName>(id: string, name: N, data: LiveEvents[N]): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
