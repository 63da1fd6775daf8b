import type { KubernetesResource } from '../../../../src/clone/resources';
import type { WatchCache } from '../../../../src/kubernetes';

/** After so long an expectation counts as met: the event was lost (client-go's controller.ExpectationsTimeout). */
const TIMEOUT_MS = 5 * 60_000;

/** Longer than a cache ever lags that still works. */
const SEEN_BY_THEN_MS = 1_000;

/**
 * Writes that a lagging cache doesn't show yet: to act again before it does would do them twice. Made before
 * the write, met by the cache's event, or withdrawn when the write fails.
 */
export class Expectations {
  private readonly creations = new Map<string, number>();
  private readonly deletions = new Map<string, number>();

  private readonly waiting = new Map<string, () => void>();

  /** `ownerKey` names the reconciled object that an object of the cache belongs to, if any. */
  constructor(
    cache: WatchCache<KubernetesResource>,
    ownerKey: (object: KubernetesResource) => string | undefined,
  ) {
    cache.onChange({}, (type, object) => {
      const key = ownerKey(object);
      if (key === undefined) return;
      if (type === 'added') {
        this.creations.delete(key);
        this.waiting.get(key)?.();
      }
      if (type === 'deleted' || object.metadata.deletionTimestamp) this.deletions.delete(key);
    });
  }

  isCreating(key: string): boolean {
    return pending(this.creations, key);
  }

  isDeleting(key: string): boolean {
    return pending(this.deletions, key);
  }

  satisfied(key: string): boolean {
    return !this.isCreating(key) && !this.isDeleting(key);
  }

  creating<R>(key: string, write: () => Promise<R>): Promise<R> {
    return expecting(this.creations, key, write);
  }

  /** Resolves when the creation shows in the cache. */
  async created(key: string): Promise<void> {
    if (!this.isCreating(key)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SEEN_BY_THEN_MS);
      this.waiting.set(key, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.waiting.delete(key);
  }

  deleting<R>(key: string, write: () => Promise<R>): Promise<R> {
    return expecting(this.deletions, key, write);
  }
}

async function expecting<R>(expected: Map<string, number>, key: string, write: () => Promise<R>): Promise<R> {
  expected.set(key, Date.now());
  try {
    return await write();
  } catch (error) {
    expected.delete(key);
    throw error;
  }
}

function pending(expected: Map<string, number>, key: string): boolean {
  const since = expected.get(key);
  return since !== undefined && Date.now() - since < TIMEOUT_MS;
}
