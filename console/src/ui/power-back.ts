/** What becomes of a source whose clone is given up: follows its name. */
export const POWER_BACK = 'gets its power state back, unless another clone of it is still under way.';
