import { BASE_PATH } from '../../src/http/resource.js';
import type { MeasuredServer } from '../servers.js';
import { tokenOf } from '../tokens.js';

const SCOPES = 'conversations:read conversations:write events:read';
const HELLO = JSON.stringify({ message_from: 'user', content: 'Hello' });

interface Event {
  id: string;
  data: { message_id?: string };
}

interface Page {
  data: Event[];
  next_after: string;
}

/** Somebody who writes to a tenant and reads its feed. */
export class FeedClient {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** `subject`: whose streams are counted together. */
  static async of(server: MeasuredServer, tenantId: string, subject = 'ada'): Promise<FeedClient> {
    return new FeedClient(server.url + BASE_PATH, await tokenOf(tenantId, SCOPES, { subject }));
  }

  /** Path of its messages. */
  async newConversation(): Promise<string> {
    const { id } = await this.#send<{ id: string }>('/conversations', '{}');
    return `/conversations/${id}/messages`;
  }

  /** The id of the message. */
  async append(messages: string): Promise<string> {
    return (await this.#send<{ id: string }>(messages, HELLO)).id;
  }

  page(query: Record<string, string | number>): Promise<Page> {
    const parameters = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
    return this.#send<Page>(`/events?${new URLSearchParams(parameters).toString()}`);
  }

  async stream(after: string): Promise<EventStream> {
    const cut = new AbortController();
    const response = await fetch(`${this.url}/events?after=${after}`, {
      headers: { authorization: `Bearer ${this.token}`, accept: 'text/event-stream' },
      signal: cut.signal,
    });
    if (!response.ok || !response.body) throw new Error(`A stream is answered ${response.status}.`);
    return new EventStream(response.body, cut);
  }

  async #send<T>(path: string, body?: string): Promise<T> {
    const response = await fetch(this.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}

/** Events as they come. */
class EventStream {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = '';

  constructor(
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    private readonly cut: AbortController,
  ) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits for what is sent next; its events, of which there may be none. Throws where the stream ends. */
  async next(): Promise<Event[]> {
    const { done, value } = await this.#reader.read();
    if (done) throw new Error('A stream has ended.');
    const frames = (this.#rest + value).split('\n\n');
    this.#rest = frames.pop() ?? '';
    return frames.flatMap((frame) => {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      return data === undefined ? [] : [JSON.parse(data) as Event];
    });
  }

  close(): void {
    this.cut.abort();
  }
}
