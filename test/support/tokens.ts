import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { TOKEN_SECRET } from './test-client.js';

export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export const newRsa = (): KeyPair => generateKeyPairSync('rsa', { modulusLength: 2048 });
export const rsa = newRsa();
export const otherRsa = newRsa();
export const ec: KeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const ed: KeyPair = generateKeyPairSync('ed25519');

export const pemOf = ({ publicKey }: KeyPair): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();

interface Token {
  alg?: string;
  key?: KeyObject | Uint8Array;
  /** Further parameters of the header. */
  header?: Record<string, unknown>;
  /** Undefined: no `exp`. */
  exp?: string | number | undefined;
  claims?: JWTPayload;
}

/** A token of Ada's, of the tenant acme; signed with the secret of the tests unless said otherwise. */
export function signToken(token: Token = {}): Promise<string> {
  const { alg = 'HS256', key = Buffer.from(TOKEN_SECRET), header, claims } = token;
  const exp = 'exp' in token ? token.exp : '5m';
  const jwt = new SignJWT({ sub: 'ada', tenant_id: 'acme', ...claims }).setProtectedHeader({
    ...header,
    alg,
  });
  if (exp !== undefined) jwt.setExpirationTime(exp);
  return jwt.sign(key);
}

/** A part of a token. */
export const base64Of = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
