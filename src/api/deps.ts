import type { Client } from '@temporalio/client';
import type { Registry } from 'prom-client';
import type { Config } from '../config';
import type { Caches, ClusterClient } from '../kubernetes';
import type { Logger } from '../log';
import type { LiveOptions } from './live-feed';

/** What the API works with; `main.ts` and tests put it together. */
export interface ApiDeps {
  temporal: Client;
  cluster: ClusterClient;
  /** Shared watches; they may still be on their first list. */
  caches: Caches;
  config: Pick<Config, 'host' | 'allowedHosts' | 'temporalUiUrl' | 'heartbeatTimeoutSeconds' | 'consoleDir'>;
  logger: Logger;
  /** UUID of this installation; undefined until Temporal has been asked. */
  installation: () => string | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
  registry: Registry;
  /** Aborted when the process has been asked to end: no longer ready. */
  stopping?: AbortSignal;
  /** Bounds and intervals of the live feed, where they are not the usual ones. */
  live?: LiveOptions;
}
