import { createPublicKey, type KeyObject } from 'node:crypto';

/** A key that tokens are verified with, and the one algorithm that it is for. */
export interface PublicKey {
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA';
  readonly key: KeyObject;
}

const MIN_RSA_BITS = 2048;

export const PUBLIC_KEY_RULE = `must be a public key in PEM (SPKI): RSA of ${MIN_RSA_BITS} bits or more, P-256 or Ed25519`;

/** Reads a public key in PEM; undefined when it is none, or of a kind or size that tokens may not use. */
export function readPublicKey(pem: string): PublicKey | undefined {
  // Node would also make a public key of a private one, which has no place in this setting.
  if (!pem.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined;
  try {
    const key = createPublicKey(pem);
    const algorithm = algorithmOf(key);
    return algorithm && { algorithm, key };
  } catch {
    return undefined;
  }
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails = {},
}: KeyObject): PublicKey['algorithm'] | undefined {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS) return 'RS256';
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  return asymmetricKeyType === 'ed25519' ? 'EdDSA' : undefined;
}
