/** The known name that another one is probably a misspelling of: at most a third of it differs. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [found] = known
    .map((other) => ({ other, edits: editDistance(name, other) }))
    .filter(({ other, edits }) => edits <= Math.floor(Math.min(name.length, other.length) / 3))
    .sort((a, b) => a.edits - b.edits);
  return found?.other;
}

/** How many characters have to be inserted, removed or replaced (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, character] of [...a].entries()) {
    let previous = i + 1;
    const next = [previous];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1);
      next.push((previous = Math.min(replaced, (row[j + 1] ?? 0) + 1, previous + 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
