/** A failure that the person at the terminal can act on: one sentence that says what to do; shown without a stack. */
export class LaunchError extends Error {
  override name = 'LaunchError';
}
