/**
 * For properties: one run that is always the same, and one that never is. A failure names its seed; FUZZ_SEED runs it
 * again.
 */
export const SEEDS = [20260131, Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)];
