import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Explain } from './credential-verifier.js';
import { now } from '../common/clock.js';
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

/** The API keys of the service. A key is 256 random bits, so that its plain SHA-256 cannot be turned back. */
@Injectable()
export class ApiKeysService {
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
    const apiKey = KEY.test(secret) ? await this.apiKeys.findByHash(hashOf(secret)) : null;
    const fault = faultOf(apiKey);
    if (fault) explain(fault);
    return fault ? null : apiKey;
  }
}

function faultOf(apiKey: ApiKey | null): string | undefined {
  if (!apiKey) return 'unknown key';
  if (apiKey.revokedTime) return 'revoked';
  return apiKey.expiresTime && apiKey.expiresTime <= now() ? 'expired' : undefined;
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
