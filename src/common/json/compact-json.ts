const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A valid JSON text without what stands between its values and signs; each of these stays as it is written. */
export function compactJson(text: Buffer): Buffer {
  const compact = Buffer.allocUnsafe(text.length);
  let size = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    if (byte === QUOTE) isInString = !isInString;
    else if (!isInString && byte <= 0x20) continue;
    compact[size++] = byte;
    if (isInString && byte === BACKSLASH) compact[size++] = text[++at] ?? 0;
  }
  return compact.subarray(0, size);
}
