/**
 * `work`, begun at most once in `intervalMs` and never twice at a time, however often it is asked for: in between its
 * last outcome is given.
 */
export function atMostEvery<Arguments extends unknown[], T>(
  intervalMs: number,
  work: (...given: Arguments) => Promise<T>,
): (...given: Arguments) => Promise<T> {
  let last: { begun: number; running: boolean; outcome: Promise<T> } | undefined;
  return (...given) => {
    if (last && (last.running || performance.now() - last.begun < intervalMs)) return last.outcome;
    const current = { begun: performance.now(), running: true, outcome: work(...given) };
    const ended = () => void (current.running = false);
    current.outcome.then(ended, ended);
    last = current;
    return current.outcome;
  };
}
