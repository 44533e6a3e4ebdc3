/**
 * For properties: one run that is always the same, and one that never is. The second seed is printed, and FUZZ_SEED
 * runs it again.
 */
export const SEEDS = [20260131, Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)];

process.stderr.write(`fresh seed: ${SEEDS[1]}\n`);
