/**
 * Whether no string or member name in JSON text, as JSON.stringify writes it, has half of a surrogate pair: it writes
 * such a half, and only that, as `\ud…`.
 */
export function isWellFormedJson(text: string): boolean {
  for (let at = text.indexOf('\\ud'); at !== -1; at = text.indexOf('\\ud', at + 1)) {
    if (!isEscapedBackslash(text, at)) return false;
  }
  return true;
}

/** An odd number of backslashes stands before this one. */
function isEscapedBackslash(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}
