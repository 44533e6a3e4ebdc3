import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { logWatch } from '../../support/log-watch.js';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** The body, parsed. */
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a test looks into it
  text: string;
}

interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  agent?: Agent;
}

const BASE_PATH = '/admin/api/v2';
/** Nothing may wait for ever; a proxy in front of a service waits about as long. */
const GIVE_UP_MS = 60_000;
const keepAlive = new Agent({ keepAlive: true });

/** Sends one request, once. Paths are those of the API unless they name another place. Rejects when the connection breaks. */
export function send(
  serviceUrl: string,
  method: string,
  path: string,
  { body, headers = {}, agent = keepAlive }: Options = {},
): Promise<Answer> {
  const url =
    serviceUrl +
    (/^\/(conversations|events|webhooks|admin)/.test(path) ? path.replace(/^(?!\/admin)/, BASE_PATH) : path);
  logWatch.keep([body, headers]);
  const json = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      agent,
      headers: {
        ...(json !== undefined && {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(json)),
        }),
        ...headers,
      },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      text(response).then((received) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(received) : undefined,
          text: received,
        });
      }, reject);
    });
    sent.end(json);
  });
}

/** Whether an answer asks to send the request again: the service cannot do it now, or does it already. */
export const asksToRepeat = ({ status, headers, body }: Answer): boolean =>
  headers['retry-after'] !== undefined &&
  ((status === 503 && body.code === 'unavailable') ||
    (status === 409 && body.code === 'idempotency_in_progress'));

/** Every message of a conversation, in its order. */
export async function allMessages(serviceUrl: string, conversationId: string) {
  const messages: Answer['body'][] = [];
  for (;;) {
    const after = messages.length > 0 ? messages.at(-1).sequence : 0;
    const path = `/conversations/${conversationId}/messages?after_sequence=${after}&page_size=200`;
    const { body } = await send(serviceUrl, 'GET', path);
    messages.push(...body.data);
    if (!body.has_next_page) return messages;
  }
}
