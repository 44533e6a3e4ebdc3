/** Numbers as text, those that follow each other as a range: `3-7,12`; empty for none. */
export function rangesOf(sequences: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const sequence of sequences) {
    const range = ranges.at(-1);
    if (range && range[1] + 1 === sequence) range[1] = sequence;
    else ranges.push([sequence, sequence]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

/** What `rangesOf` was given. */
export function sequencesOf(ranges: string): number[] {
  if (ranges === '') return [];
  return ranges.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
