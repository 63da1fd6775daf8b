import { OUTCOME_WARNINGS, type Warning } from '../../../src/contract';

/** Whether it was not known, and told, before the clone began. */
export function isUnforeseen({ type }: Warning): boolean {
  return OUTCOME_WARNINGS.some((each) => each === type);
}
