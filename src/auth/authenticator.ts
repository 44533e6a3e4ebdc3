import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../common/errors/domain-error.js';
import { headerLines } from '../http/header-lines.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { ApiKeyVerifier } from './api-key.verifier.js';
import type { CredentialVerifier, Explain } from './credential-verifier.js';
import { developerIn } from './developer.js';
import { JwtVerifier } from './jwt.verifier.js';
import type { Principal } from '../identity/principal.js';

/** Turns the credential of a request into a Principal, by the configured modes. */
@Injectable()
export class Authenticator {
  readonly #developer: Principal | undefined;
  readonly #acceptsApiKeys: boolean;
  readonly #bearerVerifiers: readonly CredentialVerifier[];

  constructor(
    @Inject(APP_CONFIG) config: AppConfig,
    jwt: JwtVerifier,
    private readonly apiKey: ApiKeyVerifier,
  ) {
    const { developmentTenantId, apiKeys } = config.auth;
    this.#developer = developmentTenantId === undefined ? undefined : developerIn(developmentTenantId);
    this.#acceptsApiKeys = apiKeys;
    this.#bearerVerifiers = [...(config.auth.jwt ? [jwt] : []), ...(apiKeys ? [apiKey] : [])];
  }

  /** Throws `unauthenticated`, or Unavailable when it cannot be told. */
  async authenticate(rawHeaders: readonly string[]): Promise<Principal> {
    if (this.#developer) return this.#developer;
    const bearers = headerLines('authorization', rawHeaders).flatMap(bearerIn);
    const apiKeys = headerLines('x-api-key', rawHeaders).filter((value) => value !== '');
    if (bearers.length + apiKeys.length > 1)
      throw unauthenticated('Several credentials were sent; send one.');
    const reasons: string[] = [];
    const explain: Explain = (reason) => void reasons.push(reason);
    const [bearer] = bearers;
    const [apiKey] = apiKeys;
    if (apiKey !== undefined) {
      const principal = this.#acceptsApiKeys ? await this.apiKey.verify(apiKey, explain) : null;
      if (principal) return principal;
      throw unauthenticated('The API key is not valid.', 'Bearer', reasons[0] ?? 'keys not accepted');
    }
    if (bearer === undefined) throw unauthenticated('A credential is needed.');
    for (const verifier of this.#bearerVerifiers) {
      const principal = await verifier.verify(bearer, explain);
      if (principal) return principal;
    }
    // Of a token it is the token's fault that matters, not that it is no key.
    const reason = reasons.find((one) => one !== 'no token');
    throw unauthenticated('The credential is not valid.', 'Bearer error="invalid_token"', reason);
  }
}

/** Longer ones are none, and are not looked at. */
const MAX_CREDENTIAL_LENGTH = 8 * 1024;

function bearerIn(authorization: string): string[] {
  if (authorization.length > MAX_CREDENTIAL_LENGTH) return [];
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  return bearer === undefined ? [] : [bearer];
}

/** 401 with the challenge that RFC 9110, section 15.5.2 asks for. */
const unauthenticated = (detail: string, challenge = 'Bearer', reason?: string): DomainError =>
  new DomainError('unauthenticated', detail, { headers: { 'www-authenticate': challenge }, reason });
