import { ConnectionError } from './errors.js';
import type { Event, EventPage } from './event.js';
import type { EventType, ListEventsData } from './openapi.gen.js';
import type { RequestOptions } from './options.js';
import type { QueryOf } from './outgoing.js';
import { PagePromise } from './page-promise.js';
import { retryDelayMs, sleep } from './retry.js';
import { serverSentEvents } from './server-sent-events.js';
import type { Transport } from './transport.js';

/** `types` narrows the type of the events that are answered, too. */
export type ListEventsQuery<Type extends EventType = EventType> = Omit<QueryOf<ListEventsData>, 'types'> & {
  types?: readonly Type[];
};
export type StreamEventsQuery<Type extends EventType = EventType> = Omit<
  ListEventsQuery<Type>,
  'limit' | 'wait'
>;

const PATH = ['events'];
/** The service says something every 15 s. */
const SILENCE_MS = 45_000;
const ANSWER_MS = 30_000;

export class Events {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Reads on until the end of the feed. `next_after` of a page is where to go on another time. */
  list<Type extends EventType = EventType>(
    query: ListEventsQuery<Type> = {},
    options: RequestOptions = {},
  ): PagePromise<EventPage<Type>> {
    // An answer that is held back on purpose is not late.
    const held = query.wait ? { timeoutMs: ANSWER_MS + query.wait * 1000 } : {};
    return new PagePromise(
      this.#transport.send({ method: 'GET', path: PATH, query, options: { ...held, ...options } }),
      ({ has_more, next_after }) => (has_more ? this.list({ ...query, after: next_after }, options) : null),
    );
  }

  /**
   * What was, from `after` on, and then what happens, until it is left or its signal is aborted. It resumes by itself
   * behind the last event, and throws what will not pass: `events_expired`, say, where those to go on with are gone.
   */
  async *stream<Type extends EventType = EventType>(
    query: StreamEventsQuery<Type> = {},
    options: RequestOptions = {},
  ): AsyncGenerator<Event<Type>, never> {
    // Asking for the latest again, after a connection has broken before its first event, would leave a gap.
    let after = query.after === 'latest' ? (await this.list(query, options)).next_after : query.after;
    for (let failures = 0; ;) {
      let failure: unknown;
      try {
        for await (const event of this.#connect({ ...query, after }, options)) {
          after = event.id;
          failures = 0;
          yield event;
        }
      } catch (error) {
        options.signal?.throwIfAborted();
        failure = error;
      }
      failures += 1;
      const delayMs = retryDelayMs(failure ?? new ConnectionError('The stream ended', '', null), failures);
      if (delayMs === null) throw failure;
      await sleep(delayMs, options.signal);
    }
  }

  /** One connection, until the service ends it. Throws a ColloquyError when it breaks. */
  async *#connect<Type extends EventType>(
    query: StreamEventsQuery<Type>,
    options: RequestOptions,
  ): AsyncGenerator<Event<Type>, void> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
    const response = await this.#transport.open({
      method: 'GET',
      path: PATH,
      query,
      headers: { accept: 'text/event-stream' },
      options: { ...options, signal, maxRetries: 0 },
    });
    try {
      heard();
      for await (const { event, data } of serverSentEvents(response, heard)) {
        if (event === 'reset') return; // the next connection is told why
        yield parseEvent<Type>(data);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function parseEvent<Type extends EventType>(data: string): Event<Type> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- of the type that openapi.json promises
  return JSON.parse(data);
}
