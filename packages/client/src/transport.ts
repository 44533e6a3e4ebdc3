import { type Answer, ApiPromise } from './api-promise.js';
import { ApiError, apiError, ColloquyError, ConnectionError, type Problem, TimeoutError } from './errors.js';
import type { ClientOptions, Credential, RequestOptions } from './options.js';
import { retryDelayMs, sleep } from './retry.js';

const BASE_PATH = '/admin/api/v2';
const TIMEOUT_MS = 30_000;
const MAX_RETRIES = 2;

type QueryValue = string | number | Date | null | undefined;

export interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Segments below the base path. */
  path: readonly string[];
  query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>> | undefined;
  body?: object | undefined;
  headers?: Record<string, string>;
  options?: RequestOptions | undefined;
}

/** A call made ready: what is the same in all its attempts. */
interface Prepared {
  method: Call['method'];
  url: string;
  headers: Headers;
  body: string | null;
  requestId: string;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

type Reader<T> = (response: Response) => Promise<T>;

/** Sends requests, and sends them again where that may help. Writes carry a key, so that they are done once. */
export class Transport {
  readonly #client: ClientOptions;
  readonly #baseUrl: string;

  constructor(client: ClientOptions) {
    this.#client = client;
    const url = new URL(client.baseUrl).href.replace(/\/+$/, '');
    this.#baseUrl = url.endsWith(BASE_PATH) ? url : url + BASE_PATH;
  }

  /** The JSON of the answer, whose type is the caller's to know. */
  send<T>(call: Call): ApiPromise<T> {
    return new ApiPromise(this.#repeat(call, readJson<T>));
  }

  /** For what is answered without a body. */
  do(call: Call): ApiPromise<void> {
    return new ApiPromise(this.#repeat(call, () => Promise.resolve()));
  }

  /** The answer as soon as its head is there. The time-out does not count what its body takes. */
  async open(call: Call): Promise<Response> {
    const { data } = await this.#repeat(call, (response) => Promise.resolve(response));
    return data;
  }

  async #repeat<T>(call: Call, read: Reader<T>): Promise<Answer<T>> {
    const request = this.#prepare(call);
    const { method, url, requestId, signal } = request;
    const maxRetries = call.options?.maxRetries ?? this.#client.maxRetries ?? MAX_RETRIES;
    let isInDoubt = false;

    for (let attempt = 1; ; attempt += 1) {
      await this.#authenticate(request.headers);
      const startedAt = performance.now();
      const tell = (status: number | null, retryInMs: number | null) => {
        const durationMs = performance.now() - startedAt;
        this.#client.onAttempt?.({ method, url, attempt, requestId, status, durationMs, retryInMs });
      };
      try {
        const answer = await this.#attempt(request, isInDoubt, read);
        tell(answer.status, null);
        return { ...answer, attempts: attempt };
      } catch (error) {
        const retryInMs = attempt > maxRetries ? null : retryDelayMs(error, attempt);
        const status = error instanceof ApiError ? error.status : null;
        tell(status, retryInMs);
        if (retryInMs === null) throw error;
        isInDoubt ||= status === null || status >= 500;
        await sleep(retryInMs, signal);
      }
    }
  }

  async #attempt<T>(
    { method, url, headers, body, requestId, timeoutMs, signal }: Prepared,
    isInDoubt: boolean,
    read: Reader<T>,
  ): Promise<Omit<Answer<T>, 'attempts'>> {
    const send = this.#client.fetch ?? fetch;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      const response = await send(url, {
        method,
        headers,
        body,
        // Followed by itself, it would carry the key to wherever it leads.
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
      });
      const answer = {
        status: response.status,
        headers: response.headers,
        requestId: response.headers.get('x-request-id') ?? requestId,
      };
      // What an attempt in doubt has deleted is no longer there.
      const isGone = isInDoubt && method === 'DELETE' && response.status === 404;
      if (!response.ok && !isGone) throw apiError({ ...answer, problem: await readProblem(response) });
      return {
        ...answer,
        data: await read(response),
        etag: response.headers.get('etag'),
        replayed: response.headers.get('idempotency-replayed') === 'true',
      };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ColloquyError) throw error;
      const what = `${method} ${url}`;
      if (timeout.signal.aborted)
        throw new TimeoutError(`${what}: no answer in ${timeoutMs} ms`, requestId, error);
      throw new ConnectionError(`${what}: no whole answer arrived (${reasonOf(error)})`, requestId, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #prepare({ method, path, query, body, headers = {}, options = {} }: Call): Prepared {
    if (options.ifMatch === '') throw new TypeError('An etag is expected in ifMatch, not "".');
    const requestId = options.requestId ?? randomId();
    const { idempotencyKey = randomId() } = options;
    const { tenantId, tenantUnitId, timeoutMs } = { ...this.#client, ...options };
    const search = searchParams({ ...query, tenant_id: tenantId, tenant_unit_id: tenantUnitId });
    return {
      method,
      url: `${this.#baseUrl}/${path.map(segment).join('/')}${search && `?${search}`}`,
      headers: new Headers({
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...((method === 'POST' || method === 'PATCH') &&
          idempotencyKey !== null && { 'idempotency-key': idempotencyKey }),
        ...(options.ifMatch && { 'if-match': options.ifMatch }),
        'x-request-id': requestId,
        ...this.#client.headers,
        ...headers,
        ...options.headers,
      }),
      body: body ? JSON.stringify(body) : null,
      requestId,
      timeoutMs: timeoutMs ?? TIMEOUT_MS,
      signal: options.signal,
    };
  }

  async #authenticate(headers: Headers): Promise<void> {
    const { apiKey, token } = this.#client;
    if (apiKey !== undefined) headers.set('x-api-key', await resolve(apiKey));
    if (token !== undefined) headers.set('authorization', `Bearer ${await resolve(token)}`);
  }
}

const resolve = (credential: Credential) => (typeof credential === 'function' ? credential() : credential);

/** `fetch` hides in causes why it failed: ECONNREFUSED, for instance. */
function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('cause' in error && error.cause) return reasonOf(error.cause);
  if ('code' in error) return String(error.code);
  return 'message' in error ? String(error.message) : 'unknown';
}

/** An id stays one segment, whatever is in it: none may lead to another resource. */
function segment(id: string): string {
  if (/^(\.{0,2}|undefined|null)$/.test(id)) throw new TypeError(`An id is expected, not "${id}".`);
  return encodeURIComponent(id);
}

function searchParams(query: NonNullable<Call['query']>): string {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) {
      if (value === undefined || value === null) continue;
      search.append(name, value instanceof Date ? value.toISOString() : String(value));
    }
  }
  return search.toString();
}

/** 128 random bits. Unlike `crypto.randomUUID`, browsers have it without https too. */
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

async function readJson<T>(response: Response): Promise<T> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- here JSON gets the type that openapi.json promises
  return JSON.parse(await response.text());
}

/** Undefined when the answer is not the service's own, such as a proxy's page. */
async function readProblem(response: Response): Promise<Problem | undefined> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json')) return readJson(response);
  await response.body?.cancel();
  return undefined;
}
