import { lookup as resolve, type LookupAddress } from 'node:dns';
import {
  Agent as HttpAgent,
  type ClientRequestArgs,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { performance } from 'node:perf_hooks';
import { context, propagation } from '@opentelemetry/api';
import type { OnApplicationShutdown } from '@nestjs/common';
import { now } from '../../common/clock.js';
import { retryAfterMs } from './schedule.js';
import type { ReceiverRules } from './receiver-rules.js';

/** More of an answer is not read: its status is all that counts. */
const MAX_ANSWER_BYTES = 4 * 1024;
const MAX_IDLE_CONNECTIONS = 256;

/** What became of one attempt: the status of the answer, or why there was none. */
export interface Attempt {
  readonly status: number | null;
  readonly durationMs: number;
  /** A word or the code of the failure below HTTP; null where there was an answer. */
  readonly error: string | null;
  readonly retryAfterMs: number;
}

class AddressRefused extends Error {
  readonly code = 'address_not_allowed';
}

/** Sends deliveries to receivers. What a name stands for is checked as it is connected to, and then connected to as checked. */
export class Receivers implements OnApplicationShutdown {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  /** Through `proxyUrl`, which then is what decides whom to connect to, or directly. */
  constructor(
    private readonly rules: ReceiverRules,
    private readonly proxyUrl?: string,
  ) {
    const options = { keepAlive: true, maxFreeSockets: MAX_IDLE_CONNECTIONS, timeout: 30_000 };
    const proxyEnv = proxyUrl === undefined ? undefined : { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl };
    this.#http = new HttpAgent({ ...options, ...(proxyEnv && { proxyEnv }) });
    this.#https = new HttpsAgent({ ...options, ...(proxyEnv && { proxyEnv }) });
  }

  /** Never throws: whatever goes wrong is the outcome of the attempt. */
  async post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<Attempt> {
    const started = performance.now();
    const outcome = (status: number | null, error: string | null, retryAfter?: string): Attempt => ({
      status,
      durationMs: Math.round(performance.now() - started),
      error,
      retryAfterMs: retryAfterMs(retryAfter, now()),
    });
    const fault = this.rules.faultOf(url);
    if (fault !== undefined && this.proxyUrl === undefined) return outcome(null, 'address_not_allowed');
    try {
      const timeout = AbortSignal.timeout(timeoutMs);
      const until = signal ? AbortSignal.any([signal, timeout]) : timeout;
      const answer = await this.#send(url, headers, body, until);
      return outcome(answer.statusCode ?? null, null, answer.headers['retry-after']);
    } catch (error) {
      return outcome(null, wordFor(error));
    }
  }

  onApplicationShutdown(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const isHttps = url.protocol === 'https:';
    const trace: Record<string, string> = {};
    propagation.inject(context.active(), trace); // of the attempt, where there is one
    const { promise, resolve: answered, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (isHttps ? httpsRequest : httpRequest)(
      url,
      {
        method: 'POST',
        agent: isHttps ? this.#https : this.#http,
        headers: {
          ...headers,
          ...trace,
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'user-agent': 'Colloquy-Webhooks/1',
        },
        signal,
        ...(this.proxyUrl === undefined && { lookup: this.#checkedLookup(url) }),
      },
      (answer) => {
        dropBody(answer);
        answered(answer);
      },
    );
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  /** Looks a name up once, and hands on what was found only if all of it may be connected to. */
  #checkedLookup({ protocol, hostname }: URL): NonNullable<ClientRequestArgs['lookup']> {
    return (name, options, done) => {
      resolve(name, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
        if (error) return done(error, '', 0);
        const isAllowed = addresses.every(({ address }) => this.rules.allows(protocol, hostname, address));
        if (!isAllowed) return done(new AddressRefused('The address may not be connected to.'), '', 0);
        const [first] = addresses;
        return options.all ? done(null, addresses) : done(null, first?.address ?? '', first?.family ?? 0);
      });
    };
  }
}

/** Takes a little of an answer, so that its connection can be used again, and hangs up on one that goes on. */
function dropBody(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) answer.destroy();
  });
  answer.on('error', () => answer.destroy());
}

function wordFor(error: unknown): string {
  if (!Error.isError(error)) return 'failed';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
}
