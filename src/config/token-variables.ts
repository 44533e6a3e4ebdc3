import { isLoopback } from '../common/loopback.js';

/** RFC 7518, section 3.2. */
const MIN_SECRET_LENGTH = 32;

const KEYS = ['AUTH_JWKS_URL', 'AUTH_JWT_PUBLIC_KEY', 'AUTH_JWT_SECRET'] as const;
type Written = Partial<Record<(typeof KEYS)[number] | 'AUTH_JWT_ISSUER' | 'AUTH_JWT_AUDIENCE', string>>;

/**
 * What is wrong between the variables about tokens, as they are written. In production a token must be for this service,
 * and by an issuer that was named: others sign for other services with the same keys.
 */
export function tokenContradictions(v: Written, takesTokens: boolean, production: boolean): string[] {
  const faults: string[] = [];
  if (production && v.AUTH_JWT_SECRET && v.AUTH_JWT_SECRET.length < MIN_SECRET_LENGTH)
    faults.push(
      `AUTH_JWT_SECRET must have at least ${MIN_SECRET_LENGTH} characters when NODE_ENV=production (RFC 7518, section 3.2)`,
    );
  const jwks = URL.parse(v.AUTH_JWKS_URL ?? '');
  if (jwks?.protocol === 'http:' && !isLoopback(jwks.hostname))
    faults.push('AUTH_JWKS_URL must be https unless it is on loopback: whoever is on the way could sign');
  if (!takesTokens) return faults;
  if (!KEYS.some((name) => v[name]))
    faults.push('AUTH_MODE jwt needs AUTH_JWKS_URL, AUTH_JWT_PUBLIC_KEY or AUTH_JWT_SECRET');
  if (production && !v.AUTH_JWT_AUDIENCE)
    faults.push('AUTH_JWT_AUDIENCE must be set for AUTH_MODE jwt when NODE_ENV=production');
  const isSignedElsewhere = v.AUTH_JWKS_URL ?? v.AUTH_JWT_PUBLIC_KEY;
  if (production && isSignedElsewhere && !v.AUTH_JWT_ISSUER)
    faults.push(
      'AUTH_JWT_ISSUER must be set beside AUTH_JWKS_URL or AUTH_JWT_PUBLIC_KEY when NODE_ENV=production',
    );
  return faults;
}
