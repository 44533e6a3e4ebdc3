import { Injectable } from '@nestjs/common';
import { ApiKeysService } from './api-keys.service.js';
import type { CredentialVerifier, Explain } from './credential-verifier.js';
import { isAccessScope, type Principal } from '../identity/principal.js';

@Injectable()
export class ApiKeyVerifier implements CredentialVerifier {
  constructor(private readonly apiKeys: ApiKeysService) {}

  async verify(credential: string, explain: Explain = () => undefined): Promise<Principal | null> {
    const apiKey = await this.apiKeys.findValid(credential, explain);
    return (
      apiKey && {
        credentialId: `key:${apiKey.id}`,
        id: apiKey.id,
        name: apiKey.name,
        role: null,
        userId: null,
        tenantId: apiKey.tenantId,
        tenantUnitId: apiKey.tenantUnitId,
        expiresTime: apiKey.expiresTime ?? undefined,
        scopes: new Set(apiKey.scopes.split(' ').filter(isAccessScope)),
      }
    );
  }
}
