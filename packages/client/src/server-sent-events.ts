import { ConnectionError } from './errors.js';

interface ServerSentEvent {
  /** `message` where the server names none. */
  event: string;
  data: string;
}

/**
 * What a `text/event-stream` says (WHATWG HTML, section 9.2), to its end; `onChunk` is told of comments too. Throws a
 * ConnectionError when the connection breaks.
 */
export async function* serverSentEvents(
  { body, url, headers }: Response,
  onChunk: () => void,
): AsyncGenerator<ServerSentEvent, void> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = 'message';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new ConnectionError(`${url}: the connection broke`, headers.get('x-request-id') ?? '', error);
      });
      if (done) return;
      onChunk();
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.map((one) => one.replace(/\r$/, ''))) {
        const [, name, text = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (name === 'event') event = text;
        if (name === 'data') data.push(text);
        if (line !== '') continue;
        if (data.length > 0) yield { event, data: data.join('\n') };
        event = 'message';
        data = [];
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // it has failed already
  }
}
