/** Why a VM or VMI can't be brought nearer to its spec; it shows as a condition, and is tried again. */
export class SyncError extends Error {
  override readonly name = 'SyncError';

  constructor(
    readonly reason: string,
    message: string,
    /** False: only a change in the cluster is worth another try. */
    readonly retried = true,
  ) {
    super(message);
  }

  /** Waits for `work`; an error of it becomes a SyncError whose message begins with `what`. */
  static async wrap<R>(what: string, reason: string, work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      throw new SyncError(reason, `${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Waits for `work`; an error of it becomes a SyncError with its own message. */
  static async wrapAs<R>(reason: string, work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      throw new SyncError(reason, error instanceof Error ? error.message : String(error));
    }
  }
}
