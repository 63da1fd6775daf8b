import type { CloneAnswer } from '../../../src/api/answers';

/** Those under way first, each part as it was: a row that ends where it stands must not wait for the next list. */
export function underWayFirst(clones: readonly CloneAnswer[]): CloneAnswer[] {
  return [...clones.filter(({ outcome }) => !outcome), ...clones.filter(({ outcome }) => outcome)];
}
