import { Logger } from '@nestjs/common';
import { context, propagation } from '@opentelemetry/api';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Unavailable } from '../common/errors/domain-error.js';
import { isJsonObject } from '../common/json/json-value.js';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1024 * 1024;
/** An unknown key id makes the set be fetched again, but not more often than this. */
const COOLDOWN_MS = 10_000;
/** From here on the set is fetched beside a request, which does not wait for it. */
const FRESH_MS = 5 * 60_000;
/** From here on a request waits for a new set, unless the last try failed. */
const MAX_AGE_MS = 10 * 60_000;
/** How long keys count whose server cannot be reached. */
const MAX_AGE_ALONE_MS = 12 * 60 * 60_000;
const MAX_PAUSE_MS = 5 * 60_000;

/**
 * The keys of an identity provider (RFC 7517). They go on working for hours while it is away; it is asked one at a time,
 * and less and less often while it fails.
 */
export class JwtKeySet {
  readonly #logger = new Logger(JwtKeySet.name);
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #fetched = -Infinity;
  #tried = -Infinity;
  #failures = 0;
  #fetching: Promise<void> | undefined;

  constructor(private readonly url: URL) {}

  /** The key that a token names. Throws Unavailable when it cannot be told which keys there are. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || Date.now() - this.#tried < COOLDOWN_MS) throw error;
      await this.#refresh();
      return (this.#keys ?? keys)(header, token);
    }
  };

  async #current(): Promise<ReturnType<typeof createLocalJWKSet>> {
    const age = Date.now() - this.#fetched;
    if (age >= MAX_AGE_ALONE_MS || (age >= MAX_AGE_MS && this.#failures === 0)) await this.#refresh();
    else if (age >= FRESH_MS) this.#refresh().catch(() => undefined); // it was logged
    if (!this.#keys) throw unreachable();
    return this.#keys;
  }

  /** Fetches the set, unless that is being done; throws Unavailable when it fails, or failed a moment ago. */
  async #refresh(): Promise<void> {
    const pause = this.#failures < 2 ? 0 : Math.min(MAX_PAUSE_MS, 1_000 * 2 ** this.#failures);
    if (!this.#fetching && Date.now() - this.#tried < pause) throw unreachable();
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    this.#tried = Date.now();
    try {
      this.#keys = createLocalJWKSet(await keysAt(this.url));
      this.#fetched = Date.now();
      if (this.#failures > 0) this.#logger.log('The keys of tokens can be fetched again.');
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      if (this.#failures === 1) this.#logger.warn({ err: error }, 'The keys of tokens cannot be fetched.');
      throw unreachable(error);
    }
  }
}

const unreachable = (cause?: unknown): Unavailable =>
  new Unavailable('The keys that tokens are verified with cannot be fetched.', cause);

async function keysAt(url: URL): Promise<JSONWebKeySet> {
  const headers = { accept: 'application/jwk-set+json, application/json' };
  propagation.inject(context.active(), headers); // within the trace of the request that asks, where there is one
  const response = await fetch(url, {
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status !== 200) throw new Error(`The server of the keys answered ${response.status}.`);
  const keys: unknown = JSON.parse(await textOf(response));
  if (!isKeySet(keys)) throw new Error('What the server of the keys answered is no set of keys.');
  return keys;
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  isJsonObject(value) && Array.isArray(value['keys']);

async function textOf({ body }: Response): Promise<string> {
  const reader: ReadableStreamDefaultReader<unknown> | undefined = body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    if (!(part.value instanceof Uint8Array)) continue;
    chunks.push(part.value);
    bytes += part.value.length;
    if (bytes > MAX_BYTES) throw new Error('The set of keys is too large.');
  }
  return Buffer.concat(chunks).toString();
}
