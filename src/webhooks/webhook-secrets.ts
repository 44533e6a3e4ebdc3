import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Unavailable } from '../common/errors/domain-error.js';
import { SECRET_PREFIX } from './delivery/signature.js';

const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const UNSEALED = 'unsealed';

/** A new secret as receivers are given it: `whsec_` and 256 random bits in base64. */
export const newSecret = (): string => SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/**
 * Secrets as they are stored: sealed with AES-256-GCM and bound to the webhook they belong to, so that neither a copy of
 * the table nor a row moved to another webhook gives one away. Of several keys the first seals, and each opens: a new key
 * is put in front, and the old one is left out when ResealedSecrets has sealed every secret with the new one.
 */
export class SecretBox {
  readonly #keys: readonly { readonly id: string; readonly key: Buffer }[];

  /** Keys of 32 bytes. Without any, secrets are kept as they are, unless `isKeyRequired`. */
  constructor(
    keys: readonly Buffer[],
    private readonly isKeyRequired: boolean,
  ) {
    this.#keys = keys.map((key) => ({ id: idOf(key), key }));
  }

  /** What each secret begins with that is sealed with the newest key; undefined without a key. */
  get newestPrefix(): string | undefined {
    const [newest] = this.#keys;
    return newest && `${newest.id}.`;
  }

  /** The same secret, sealed with the newest key. Throws as `open` and `seal` do. */
  reseal(webhookId: string, sealed: string): string {
    return sealed.startsWith(this.newestPrefix ?? `${UNSEALED}.`)
      ? sealed
      : this.seal(webhookId, this.open(webhookId, sealed));
  }

  /** Text that only `open` for the same webhook makes the secret of again. Throws Unavailable without a key. */
  seal(webhookId: string, secret: string): string {
    const [newest] = this.#keys;
    if (!newest && this.isKeyRequired) throw new Unavailable('Webhooks need WEBHOOK_KEY, which is not set.');
    if (!newest) return `${UNSEALED}.${secret}`;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', newest.key, nonce).setAAD(Buffer.from(webhookId));
    const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${newest.id}.${sealed.toString('base64url')}`;
  }

  /** Throws when none of the keys is the one it was sealed with, or when it was changed. */
  open(webhookId: string, sealed: string): string {
    const [id = '', text = ''] = sealed.split('.');
    if (id === UNSEALED) return text;
    const known = this.#keys.find((key) => key.id === id);
    if (!known) throw new Error('A webhook secret is sealed with a key that WEBHOOK_KEY does not have.');
    const bytes = Buffer.from(text, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', known.key, bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(webhookId))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const secret = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8');
    return secret + decipher.final('utf8');
  }
}

/** Tells keys apart without giving them away. */
const idOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);
