/** For properties: one run that is always the same, and one that never is. To repeat a failure, put its seed here. */
export const SEEDS = [20260131, Date.now() % 2 ** 31];
