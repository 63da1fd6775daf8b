const KEY = 'vm-clone.token';

/**
 * The bearer token with which requests are made, for an API behind something that asks for one. Kept for this tab alone.
 * `expired`: the last answer was 401, and nothing is asked until there is a new one.
 */
class Session {
  private readonly listeners = new Set<() => void>();
  private token = read();
  private state: { expired: boolean } = { expired: false };

  /** Headers that say who asks. */
  get headers(): Record<string, string> {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }

  readonly snapshot = (): { expired: boolean } => this.state;

  expire(): void {
    if (!this.state.expired) this.set({ expired: true });
  }

  signIn(token: string): void {
    this.token = token.trim();
    try {
      sessionStorage.setItem(KEY, this.token);
    } catch {
      // Kept for this page only.
    }
    this.set({ expired: false });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private set(state: { expired: boolean }): void {
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
