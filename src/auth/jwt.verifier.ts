import { createHash, createSecretKey } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { context, propagation } from '@opentelemetry/api';
import {
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { Unavailable } from '../common/errors/domain-error.js';
import { isOpaqueId } from '../common/opaque-id.js';
import { APP_CONFIG, type AppConfig, type JwtConfig } from '../config/app-config.js';
import type { CredentialVerifier } from './credential-verifier.js';
import { type AccessScope, isAccessScope, type Principal } from '../identity/principal.js';
import { VerifiedTokens } from './verified-tokens.js';

const JWKS_TIMEOUT_MS = 5_000;
/** An unknown key id makes the key set be fetched again, but not more often than this. */
const JWKS_COOLDOWN_MS = 10_000;
const JWKS_MAX_AGE_MS = 10 * 60_000;
const MAX_CLAIM_LENGTH = 255;

/** What jose says when the key set, and not the token, is at fault. */
const KEY_SET_FAILURES = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

/** A key (or a way to find it) and the algorithms it may be used with; a token's own `alg` never widens them. */
interface KeySource {
  algorithms: readonly string[];
  key: JWTVerifyGetKey;
}

/** Verifies JSON Web Tokens (RFC 7519): signature, `exp`, and issuer and audience where they are configured. */
@Injectable()
export class JwtVerifier implements CredentialVerifier {
  readonly #sources: readonly KeySource[];
  readonly #verified = new VerifiedTokens();

  constructor(@Inject(APP_CONFIG) private readonly config: AppConfig) {
    this.#sources = config.auth.jwt ? keySources(config.auth.jwt) : [];
  }

  async verify(credential: string): Promise<Principal | null> {
    const { jwt } = this.config.auth;
    if (!jwt || credential.split('.').length !== 3) return null;
    const known = this.#verified.find(credential);
    if (known) return known;
    for (const { algorithms, key } of this.#sourcesFor(credential)) {
      try {
        const payload = await payloadOf(credential, key, {
          algorithms: [...algorithms],
          requiredClaims: ['exp'],
          ...(jwt.issuer && { issuer: jwt.issuer }),
          ...(jwt.audience && { audience: jwt.audience }),
        });
        const principal = principalOf(payload, jwt.claims);
        if (principal) this.#verified.remember(credential, principal, payload.exp ?? 0);
        return principal;
      } catch (error) {
        if (!isRefusal(error))
          throw new Unavailable('The keys that tokens are verified with cannot be fetched.', error);
      }
    }
    return null;
  }

  #sourcesFor(credential: string): readonly KeySource[] {
    try {
      const { alg = '' } = decodeProtectedHeader(credential);
      return this.#sources.filter(({ algorithms }) => algorithms.includes(alg));
    } catch {
      return [];
    }
  }
}

/** A token that fails is the client's affair; a key set that cannot be fetched is not. */
const isRefusal = (error: unknown): boolean =>
  error instanceof errors.JOSEError && !KEY_SET_FAILURES.has(error.code);

function keySources({ jwksUrl, publicKey, secret }: JwtConfig): KeySource[] {
  const sources: KeySource[] = [];
  if (secret !== undefined) {
    const key = createSecretKey(secret, 'utf8');
    sources.push({ algorithms: ['HS256'], key: () => key });
  }
  if (publicKey !== undefined) {
    const { algorithm, key } = publicKey;
    sources.push({ algorithms: [algorithm], key: () => key });
  }
  if (jwksUrl) {
    const key = createRemoteJWKSet(jwksUrl, {
      timeoutDuration: JWKS_TIMEOUT_MS,
      cooldownDuration: JWKS_COOLDOWN_MS,
      cacheMaxAge: JWKS_MAX_AGE_MS,
      [customFetch]: fetchTraced,
    });
    sources.push({ algorithms: ['RS256', 'ES256', 'EdDSA'], key });
  }
  return sources;
}

/** Within the trace of the request that asks, where there is one. */
const fetchTraced: FetchImplementation = (url, options) => {
  propagation.inject(context.active(), options.headers, {
    set: (headers, name, value) => headers.set(name, value),
  });
  return fetch(url, options);
};

/** The payload of a token that is valid. A token without `kid` may be signed with any key of a set that fits its `alg`. */
async function payloadOf(
  credential: string,
  key: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(credential, key, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const candidate of error) {
      try {
        return (await jwtVerify(credential, candidate, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw error;
  }
}

/** Null when the claims cannot be what they have to be: a token bound to something unreadable is bound to nothing safe. */
function principalOf(payload: JWTPayload, claims: JwtConfig['claims']): Principal | null {
  const subject = text(payload[claims.subject]);
  const tenantId = payload[claims.tenantId] ?? null;
  const tenantUnitId = payload[claims.tenantUnitId] ?? null;
  if (subject === null) return null;
  if (tenantId !== null && !isOpaqueId(tenantId)) return null;
  if (tenantUnitId !== null && !isOpaqueId(tenantUnitId)) return null;
  const issuer = payload.iss ?? '';
  return {
    credentialId: `jwt:${createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest('base64url')}`,
    id: subject,
    name: text(payload[claims.name]),
    role: text(payload[claims.role]),
    userId: isOpaqueId(subject) ? subject : null,
    tenantId,
    tenantUnitId,
    scopes: scopesOf(payload[claims.scope] ?? payload.scopes),
    expiresTime: payload.exp === undefined ? undefined : new Date(payload.exp * 1000),
  };
}

const text = (claim: unknown): string | null =>
  typeof claim === 'string' &&
  claim !== '' &&
  claim.isWellFormed() &&
  Array.from(claim).length <= MAX_CLAIM_LENGTH
    ? claim
    : null;

function scopesOf(claim: unknown): Set<AccessScope> {
  const names: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return new Set(names.filter((name) => typeof name === 'string').filter(isAccessScope));
}
