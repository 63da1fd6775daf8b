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

/**
 * Writes Events about objects as `component`. The same thing said again raises the count of the Event there is.
 * Never throws and never waits: losing an Event must not stop a controller.
 */
export function eventRecorder(context: SimContext, component: string): RecordEvent {
  const client = context.clientFor(component);
  return (about, type, reason, message) => {
    write(client, component, about, type, reason, message).catch((error) => {
      if (!context.signal.aborted) context.log('event lost', { reason, error: String(error) });
    });
  };
}

async function write(
  client: ClusterClient,
  component: string,
  { apiVersion, kind, metadata }: KubernetesResource,
  type: string,
  reason: string,
  message: string,
): Promise<void> {
  const hash = createHash('sha256').update(`${metadata.uid} ${reason} ${message}`).digest('hex').slice(0, 16);
  const namespace = metadata.namespace ?? 'default';
  const name = `${metadata.name}.${hash}`;
  const now = new Date().toISOString();
  try {
    const event = {
      metadata: { namespace, name },
      involvedObject: {
        apiVersion,
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      type,
      reason,
      message,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      source: { component },
    };
    await client.create<KubernetesEvent>(Kinds.Event, event);
  } catch (error) {
    if (!isCode(error, 409)) throw error;
    const known = (await client.get(Kinds.Event, { namespace, name })) as { count?: number } | undefined;
    await client.patchMerge(
      Kinds.Event,
      { namespace, name },
      { count: (known?.count ?? 1) + 1, lastTimestamp: now },
    );
  }
}
