import { createSecretKey } from 'node:crypto';
import { SignJWT } from 'jose';

export const SECRET = 'the secret that the benchmark signs with';
export const AUDIENCE = 'colloquy';

/** A token for everything in one tenant. */
export function tokenOf(
  tenantId: string,
  scope = 'conversations:read conversations:write',
  { audience = AUDIENCE, subject = 'ada' } = {},
): Promise<string> {
  return new SignJWT({
    tenant_id: tenantId,
    name: 'Ada Lovelace',
    role: 'operator',
    scope,
  })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setAudience(audience)
    .setExpirationTime('1d')
    .sign(createSecretKey(SECRET, 'utf8'));
}
