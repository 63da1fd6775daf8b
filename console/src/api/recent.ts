import type { CloneAnswer } from '../../../src/api/answers';
import type { VmRow } from '../../../src/clone/status';

/** So many are remembered: more than change while one answer is awaited. */
const KEPT = 10_000;

/**
 * What the live feed has told lately. An answer that was asked for before may have been made before, too, and would
 * undo it: so what was told since is put into it again. Should the answer be the newer one, the feed's next word,
 * which comes in order, sets that right.
 */
class Recent<T> {
  private readonly told = new Map<string, { value: T; at: number }>();
  private clock = 0;

  /** To be taken before asking. */
  mark(): number {
    return this.clock;
  }

  tell(id: string, value: T): void {
    this.clock += 1;
    this.told.delete(id);
    this.told.set(id, { value, at: this.clock });
    if (this.told.size <= KEPT) return;
    for (const oldest of this.told.keys()) {
      this.told.delete(oldest);
      break;
    }
  }

  forget(id: string): void {
    this.told.delete(id);
  }

  /** What was told of it since, if anything. */
  since(mark: number, id: string): T | undefined {
    const entry = this.told.get(id);
    return entry && entry.at > mark ? entry.value : undefined;
  }
}

/** By `<namespace>/<name>`. */
export const recentRows = new Recent<VmRow>();
/** By run id. */
export const recentClones = new Recent<CloneAnswer>();
