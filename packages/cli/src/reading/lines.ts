const NEWLINE = 0x0a;

/** The bytes of each line, numbered from 1; null for one that is too long, which is never held. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<{ number: number; bytes: Buffer | null }> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 0;
  const line = () => {
    number += 1;
    const bytes = size > maxBytes ? null : Buffer.concat(parts);
    parts = [];
    size = 0;
    return { number, bytes };
  };
  for await (const chunk of chunks) {
    for (let start = 0; ;) {
      const end = chunk.indexOf(NEWLINE, start);
      const part = chunk.subarray(start, end === -1 ? chunk.length : end);
      size += part.length;
      if (size > maxBytes) parts = [];
      else parts.push(part);
      if (end === -1) break;
      yield line();
      start = end + 1;
    }
  }
  if (size > 0) yield line();
}
