import type { RequestHandler } from 'express';
import type { CloneReader } from '../temporal';
import { answerOf } from './clone-answer';
import type { ApiDeps } from './deps';
import { EventJournal, type JournalLimits } from './events-journal';
import { eventStream, type StreamLimits } from './events-stream';
import { LiveClones } from './live-clones';
import type { LiveCopies } from './live-copies';
import { cloneUidOf, keyOf } from './live-index';
import { clonesMovedBy } from './live-marks';
import { LiveVms } from './live-vms';
import type { RunningClones } from './running-clones';
import type { VmRows } from './vm-rows';

/** How the live feed is bounded; tests have it smaller. */
export interface LiveOptions extends JournalLimits, StreamLimits {
  /** Milliseconds between two lists of the clones under way, while anyone listens. Default 2 s. */
  pollMs?: number;
}

const POLL_MS = 2_000;
/** Between two tries while Temporal is down, at most. */
const SLOWEST_POLL_MS = 30_000;

export interface LiveDeps extends ApiDeps {
  clones: CloneReader;
  running: RunningClones;
  rows: VmRows;
  copies: LiveCopies;
}

export interface LiveFeed {
  /** Handler of `GET /events`. */
  stream: RequestHandler;
  /** A clone has begun, or was asked to cancel, through this API. */
  touch: (id: string) => void;
}

/** Puts the feed together: who watches VMs, who watches clones, and who is told. */
export function liveFeed(deps: LiveDeps): LiveFeed {
  const { caches, rows, running, logger, registry, stopping, live = {} } = deps;
  const journal = new EventJournal(live);
  const vms = new LiveVms({ caches, rows, journal, logger });
  const clones = new LiveClones({
    ...deps,
    journal,
    answerOf: (view) => answerOf(view, deps),
    onMoved: (id) => vms.touch(id),
  });
  caches.virtualMachines.onChange({}, (type, vm, previous) => {
    for (const id of clonesMovedBy(type === 'deleted' ? undefined : vm, previous)) clones.touch(id);
  });
  caches.dataVolumes.onChange({}, (_type, dataVolume) => {
    for (const vm of rows.targetsOf(cloneUidOf(dataVolume))) clones.copied(keyOf(vm));
  });

  const { pollMs = POLL_MS } = live;
  let timer: NodeJS.Timeout | undefined;
  let listening = false;
  let asking = false;

  async function poll(retryMs = pollMs): Promise<void> {
    if (asking) return;
    asking = true;
    vms.listen();
    const failed = await running.refresh().then(
      ({ open, ended }) => clones.compare(open, ended),
      (error) => {
        logger.debug({ err: error, nextTryInMs: retryMs }, 'clones under way not listed');
        return true;
      },
    );
    asking = false;
    if (!listening) return;
    const next = failed ? Math.min(SLOWEST_POLL_MS, retryMs * 2) : pollMs;
    timer = setTimeout(() => void poll(next), failed ? retryMs : pollMs).unref();
  }

  function onListening(anyone: boolean): void {
    listening = anyone && !stopping?.aborted;
    clones.listening = listening;
    clearTimeout(timer);
    if (listening) void poll();
  }
  stopping?.addEventListener('abort', () => {
    onListening(false);
    vms.stop();
  });

  return {
    stream: eventStream({ ...live, journal, onListening, stopping, registry }),
    touch: (id) => clones.touch(id),
  };
}
