/** The known word that another one is probably a misspelling of: at most a third of it differs. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [found] = known
    .filter((other) => Math.abs(word.length - other.length) <= mostEdits(word, other))
    .map((other) => ({ other, edits: editDistance(word, other) }))
    .filter(({ other, edits }) => edits <= mostEdits(word, other))
    .sort((a, b) => a.edits - b.edits);
  return found?.other;
}

/** The end of a sentence about a word that is not known: what is probably meant by it. */
export function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `: did you mean ${near}?`;
}

const mostEdits = (a: string, b: string): number => Math.floor(Math.min(a.length, b.length) / 3);

/** How many characters have to be inserted, removed, replaced or swapped with the next one. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const isSwap = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      next.push(
        Math.min(
          (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1),
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          isSwap ? (before[j - 1] ?? 0) + 1 : Infinity,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
