import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { HeaderInput } from '../http/inputs.js';
import type { KeyedRequest } from '../identity/acting-request.js';
import type { TenantScope } from '../identity/tenant-scope.js';

const BARE = /^[\x21-\x7e]{1,255}$/;
/** A string of Structured Field Values (RFC 8941, section 3.3.3). */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** The header, as an input of operations that can be repeated. */
export const IDEMPOTENCY_KEY: HeaderInput = {
  name: 'Idempotency-Key',
  isValid: (value) => parse(value.trim()) !== undefined,
  rule: 'must be 1 to 255 visible ASCII characters, quoted or bare',
};

/** What the `Idempotency-Key` of a request stands for (draft-ietf-httpapi-idempotency-key-header-07); undefined without one. */
export function keyedRequest(scope: TenantScope, request: FastifyRequest): KeyedRequest | undefined {
  const header = request.headers['idempotency-key'];
  const key = typeof header === 'string' ? parse(header.trim()) : undefined;
  if (key === undefined) return undefined;
  const { credentialId, tenantUnitId } = scope.principal;
  return {
    // The same subject's token for another unit may not see what was answered here.
    id: digest(JSON.stringify([credentialId, tenantUnitId, key])),
    fingerprint: digest(
      `[${JSON.stringify(request.method)},${JSON.stringify(request.url)},${request.json ?? '{}'}]`,
    ),
  };
}

function parse(header: string): string | undefined {
  const key =
    QUOTED.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? (header.startsWith('"') ? '' : header);
  return key.length <= 255 && (header.startsWith('"') ? key.length > 0 : BARE.test(key)) ? key : undefined;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
