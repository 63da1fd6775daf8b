const KEY = 'vm-clone.token';

/** Who asks, and whether that still holds. */
export interface SessionState {
  readonly token: string;
  /** The last word was 401: what is shown may be old until somebody signs in. */
  readonly expired: boolean;
  /** The token that was given last has not been accepted. */
  readonly refused: boolean;
}

/**
 * The bearer token with which requests are made, for an API behind something that asks for one. Kept for this tab
 * alone. A session has ended with the first 401, and goes on when a request that was sent since is let through.
 */
class Session {
  private readonly listeners = new Set<() => void>();
  private state: SessionState = { token: read(), expired: false, refused: false };
  /** A new token that nothing was asked with yet. */
  private isNew = false;

  readonly snapshot = (): SessionState => this.state;

  signIn(given: string): void {
    const token = given.trim();
    try {
      sessionStorage.setItem(KEY, token);
    } catch {
      // Kept for this page only.
    }
    this.isNew = true;
    this.set({ token, expired: true, refused: false });
  }

  /** What was asked as the session stood then has been answered so. An answer to an older token says nothing. */
  answered(asked: SessionState, status: number): void {
    const { token, expired } = this.state;
    if (asked.token !== token) return;
    if (status === 401) {
      if (!expired || this.isNew) this.set({ token, expired: true, refused: this.isNew });
      this.isNew = false;
    } else if (expired && asked.expired && status < 500) {
      this.isNew = false;
      this.set({ token, expired: false, refused: false });
    }
  }

  /** Returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private set(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function read(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export const session = new Session();
