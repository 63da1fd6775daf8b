import { createHash } from 'node:crypto';
import type { KubernetesEvent, KubernetesResource } from '../../src/clone/resources';
import { type ClusterClient, isCode, Kinds } from '../../src/kubernetes';
import type { SimContext } from './runtime';

export type RecordEvent = (
  about: KubernetesResource,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
) => void;

/** So many different Events are remembered by a component, as many as by client-go's correlator. */
const REMEMBERED = 4_096;

/**
 * Writes Events about objects as `component`. The same thing said again raises the count of the Event there is.
 * Never throws and never waits: losing an Event must not stop a controller.
 */
export function eventRecorder(context: SimContext, component: string): RecordEvent {
  const client = context.clientFor(component);
  const said = new Map<string, Said>();
  return (about, type, reason, message) => {
    const event = eventOf(component, about, type, reason, message);
    const { name } = event.metadata;
    const known = said.get(name) ?? { count: 0, written: Promise.resolve() };
    known.count += 1;
    const { count } = known;
    known.written = known.written
      .then(() => (count === 1 ? create(client, event, known) : raise(client, event, known)))
      .catch((error) => {
        if (!context.signal.aborted) context.log('event lost', { reason, error: String(error) });
      });
    said.delete(name); // the youngest are kept
    said.set(name, known);
    if (said.size > REMEMBERED) said.delete(said.keys().next().value as string);
  };
}

/** An Event that was said: how often, and when all of that is written. */
interface Said {
  count: number;
  written: Promise<void>;
}

type CountedEvent = KubernetesEvent & { count: number; lastTimestamp: string };

function eventOf(
  component: string,
  { apiVersion, kind, metadata: { namespace, name, uid } }: KubernetesResource,
  type: string,
  reason: string,
  message: string,
): CountedEvent {
  const hash = createHash('sha256').update(`${uid} ${reason} ${message}`).digest('hex').slice(0, 16);
  const now = new Date().toISOString();
  return {
    metadata: { namespace: namespace ?? 'default', name: `${name}.${hash}` },
    involvedObject: { apiVersion, kind, namespace, name, uid },
    type,
    reason,
    message,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    source: { component },
  } as CountedEvent;
}

/** One that an earlier process has said already counts on from there. */
async function create(client: ClusterClient, event: CountedEvent, said: Said): Promise<void> {
  try {
    await client.create<KubernetesEvent>(Kinds.Event, event);
  } catch (error) {
    if (!isCode(error, 409)) throw error;
    const found = (await client.get(Kinds.Event, event.metadata)) as { count?: number } | undefined;
    said.count += found?.count ?? 1;
    await raise(client, event, said);
  }
}

async function raise(client: ClusterClient, event: CountedEvent, { count }: Said): Promise<void> {
  try {
    await client.patchMerge(Kinds.Event, event.metadata, { count, lastTimestamp: event.lastTimestamp });
  } catch (error) {
    // it was deleted meanwhile: a new one begins
    if (!isCode(error, 404)) throw error;
    await client.create<KubernetesEvent>(Kinds.Event, { ...event, count } as KubernetesEvent);
  }
}
