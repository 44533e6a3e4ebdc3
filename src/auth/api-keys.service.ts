import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Explain } from './credential-verifier.js';
import { now } from '../common/clock.js';
import { GroupCommit } from '../common/group-commit.js';
import { newId } from '../common/ids.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { AccessScope } from '../identity/principal.js';

const PREFIX = 'cq_';
const KEY = /^cq_[A-Za-z0-9_-]{43}$/;

interface NewApiKey {
  name: string;
  tenantId: string | null;
  tenantUnitId: string | null;
  scopes: readonly AccessScope[];
  expiresTime: Date | null;
}

/** Hashes of keys that were valid when they were last seen; the oldest are forgotten. */
const MAX_KNOWN = 10_000;
const LOOK_UPS = {
  maxItems: 200,
  maxSize: 200,
  sizeOf: () => 1,
  // As many as there may be requests under way: nobody is refused for what others send.
  maxWaiting: 12_000,
  maxWaitMs: 10_000,
};

/** The API keys of the service. A key is 256 random bits, so that its plain SHA-256 cannot be turned back. */
@Injectable()
export class ApiKeysService {
  readonly #known = new Set<string>();
  /**
   * Keys that are asked for at the same time are looked up together, and those that were valid before have a line of
   * their own: whoever has no key at all can send many, and is not to stand in front of those who have one.
   */
  readonly #lookUps = new GroupCommit<string, ApiKey | null>(
    (hashes) => this.#lookUp(hashes),
    () => true,
    {
      ...LOOK_UPS,
      lineOf: (hash) => (this.#known.has(hash) ? 'known' : 'unknown'),
    },
  );

  constructor(private readonly apiKeys: ApiKeysRepository) {}

  /** Makes a key and returns it: the only time it can be seen. */
  async create({ scopes, ...rest }: NewApiKey): Promise<{ apiKey: ApiKey; secret: string }> {
    const secret = PREFIX + randomBytes(32).toString('base64url');
    const apiKey: ApiKey = {
      ...rest,
      id: newId(),
      keyHash: hashOf(secret),
      scopes: scopes.join(' '),
      createdTime: now(),
      revokedTime: null,
    };
    await this.apiKeys.add(apiKey);
    return { apiKey, secret };
  }

  list(): Promise<ApiKey[]> {
    return this.apiKeys.listAll();
  }

  /** From now on the key is refused. False when there is no such key, or it was revoked before. */
  revoke(id: string): Promise<boolean> {
    return this.apiKeys.revoke(id, now());
  }

  /**
   * The key behind a secret, unless it is unknown, revoked or expired. It is looked up by its hash, so that the
   * time this takes says nothing about the secrets that exist.
   */
  async findValid(secret: string, explain: Explain): Promise<ApiKey | null> {
    const hash = hashOf(secret);
    const apiKey = KEY.test(secret) ? await this.#lookUps.submit('', hash) : null;
    const fault = faultOf(apiKey);
    if (fault) explain(fault);
    this.#known.delete(hash);
    if (fault) return null;
    this.#known.add(hash);
    const [oldest = hash] = this.#known;
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest);
    return apiKey;
  }

  async #lookUp(hashes: readonly string[]): Promise<(ApiKey | null)[]> {
    const found = await this.apiKeys.listByHashes(hashes);
    const byHash = new Map(found.map((apiKey) => [apiKey.keyHash, apiKey]));
    return hashes.map((hash) => byHash.get(hash) ?? null);
  }
}

function faultOf(apiKey: ApiKey | null): string | undefined {
  if (!apiKey) return 'unknown key';
  if (apiKey.revokedTime) return 'revoked';
  return apiKey.expiresTime && apiKey.expiresTime <= now() ? 'expired' : undefined;
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
