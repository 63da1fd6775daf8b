import type { Request } from 'express';

/** Who asks. Without authentication nobody can tell. */
export function callerOf(_request: Request): string {
  return 'anonymous';
}
