import { createHash, createSecretKey } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { isExternalId, isOpaqueId } from '../common/opaque-id.js';
import { APP_CONFIG, type AppConfig, type JwtConfig } from '../config/app-config.js';
import type { CredentialVerifier, Explain } from './credential-verifier.js';
import { JwtKeySet } from './jwt-key-set.js';
import { type AccessScope, isAccessScope, type Principal } from '../identity/principal.js';
import { VerifiedTokens } from './verified-tokens.js';

const MAX_CLAIM_LENGTH = 255;
/** The last one that a Date can hold. */
const LAST_TIME_MS = 8.64e15;

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

  async verify(credential: string, explain: Explain = () => undefined): Promise<Principal | null> {
    const { jwt } = this.config.auth;
    if (!jwt || credential.split('.').length !== 3) {
      explain('no token');
      return null;
    }
    const known = this.#verified.find(credential);
    if (known) return known;
    const sources = this.#sourcesFor(credential);
    if (sources.length === 0) explain('algorithm not accepted');
    for (const { algorithms, key } of sources) {
      try {
        const payload = await payloadOf(credential, key, {
          algorithms: [...algorithms],
          requiredClaims: ['exp'],
          ...(jwt.issuer && { issuer: jwt.issuer }),
          ...(jwt.audience && { audience: jwt.audience }),
        });
        const principal = principalOf(payload, jwt.claims, explain);
        if (principal) this.#verified.remember(credential, principal, payload.exp ?? 0);
        return principal;
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
        explain(reasonOf(error));
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

/** What jose found wrong with a token, in a few words. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === 'missing'
      ? `${error.claim} missing`
      : `wrong ${CLAIMS[error.claim] ?? error.claim}`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'wrong signature';
  return 'malformed token';
}

const CLAIMS: Readonly<Record<string, string>> = { aud: 'audience', iss: 'issuer' };

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
    sources.push({ algorithms: ['RS256', 'ES256', 'EdDSA'], key: new JwtKeySet(jwksUrl).find });
  }
  return sources;
}

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
function principalOf(payload: JWTPayload, claims: JwtConfig['claims'], explain: Explain): Principal | null {
  const subject = payload[claims.subject];
  const tenantId = payload[claims.tenantId] ?? null;
  const tenantUnitId = payload[claims.tenantUnitId] ?? null;
  const malformed = (claim: string) => {
    explain(`${claim} malformed`);
    return null;
  };
  if (!isExternalId(subject)) return malformed(claims.subject);
  if (tenantId !== null && !isOpaqueId(tenantId)) return malformed(claims.tenantId);
  if (tenantUnitId !== null && !isOpaqueId(tenantUnitId)) return malformed(claims.tenantUnitId);
  const issuer = payload.iss ?? '';
  return {
    credentialId: `jwt:${createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest('base64url')}`,
    id: subject,
    name: text(payload[claims.name]),
    role: text(payload[claims.role]),
    userId: subject,
    tenantId,
    tenantUnitId,
    scopes: scopesOf(scopeClaimOf(payload, claims.scope)),
    expiresTime: payload.exp === undefined ? undefined : new Date(Math.min(payload.exp * 1000, LAST_TIME_MS)),
  };
}

/** The claim that is configured and no other; without one, `scope` or else `scopes`. */
const scopeClaimOf = (payload: JWTPayload, name: string | undefined): unknown =>
  payload[name ?? (Object.hasOwn(payload, 'scope') ? 'scope' : 'scopes')];

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
