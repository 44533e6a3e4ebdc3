import { createHmac } from 'node:crypto';

/**
 * The headers of one delivery of `body`: a `v1` signature (HMAC-SHA256) with each of the secrets (`whsec_…`), the newest
 * first. As Standard Webhooks 1.0.0 has them.
 */
export function signedHeaders(
  id: string,
  time: Date,
  body: string,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(time.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

export const SECRET_PREFIX = 'whsec_';
