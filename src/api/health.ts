import type { RequestHandler } from 'express';
import { isReachable } from '../temporal';
import type { ApiDeps } from './deps';

/** How long Temporal may take to answer a probe. */
const PROBE_MS = 1_000;

/** Handlers of the probes. */
export function healthRoutes({ temporal, caches, installation, stopping }: ApiDeps) {
  /** The process runs: a restart would cure nothing. */
  const healthy: RequestHandler = (_request, response) => {
    response.json({ status: 'ok' });
  };

  /** It can serve; else it says what is missing. */
  const ready: RequestHandler = async (_request, response) => {
    const missing: { what: string; detail: string }[] = [];
    if (stopping?.aborted) missing.push({ what: 'process', detail: 'It has been asked to end.' });
    if (!(await isReachable(temporal, PROBE_MS))) {
      missing.push({ what: 'temporal', detail: 'It does not answer, or does not have the namespace.' });
    } else if (!installation()) {
      missing.push({ what: 'temporal', detail: 'It is not set up yet: search attributes and the sweep.' });
    }
    if (!caches.synced) {
      const detail = `Not read yet: ${caches.unread.join(', ')}. The log says why, if that lasts.`;
      missing.push({ what: 'cluster', detail });
    }
    response.status(missing.length ? 503 : 200).json({ ready: missing.length === 0, missing });
  };

  return { healthy, ready };
}
