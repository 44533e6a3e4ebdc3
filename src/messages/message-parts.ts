/** A piece of what an agent framework says: a JSON object that says what it is, and is never interpreted further. */
export interface MessagePart {
  readonly type: string;
  readonly [member: string]: unknown;
}

export const MAX_PARTS = 500;
export const MAX_PARTS_BYTES = 4 * 1024 * 1024;
export const MAX_CONTENT_BYTES = 1024 * 1024;
const MAX_TYPE_LENGTH = 64;
/** `text`, `input_text`, `output-text`, `message.text` … */
const TEXT_TYPE = /^text$|[._-]text$/;

export function isMessagePart(object: Readonly<Record<string, unknown>>): object is MessagePart {
  const { type } = object;
  return (
    typeof type === 'string' &&
    type !== '' &&
    [...type.slice(0, 2 * MAX_TYPE_LENGTH + 1)].length <= MAX_TYPE_LENGTH
  );
}

/** What the parts say in words, for readers that know no parts; up to 1 MiB in UTF-8, and possibly nothing. */
export function contentOf(parts: readonly MessagePart[]): string {
  const texts = parts.flatMap((part) => {
    const text =
      part.type === 'refusal' ? part['refusal'] : TEXT_TYPE.test(part.type) ? part['text'] : undefined;
    return typeof text === 'string' ? [text] : [];
  });
  return cut(texts.join('\n').replaceAll('\0', '\ufffd'), MAX_CONTENT_BYTES);
}

/** The beginning of a text that has at most `maxBytes` in UTF-8, with no character cut in two. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
