import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 20;

/** Asks again and again until the answer is yes; throws when it stays no, so that nothing waits for ever. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`In ${withinMs} ms it did not come to this: ${what}.`);
    await sleep(PAUSE_MS);
  }
}
