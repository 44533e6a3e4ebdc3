import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Fault } from '../common/errors/domain-error.js';
import { jsonDepth } from '../common/json/exact-json.js';
import type { TenantScope } from '../identity/tenant-scope.js';

/** A request that is to be carried out once, however often it is sent. */
export interface KeyedRequest {
  /** Digest of the credential, the unit it is bound to, and its key. */
  readonly id: string;
  /** Digest of method, path, query and body: the same for the same request. */
  readonly fingerprint: string;
}

/** Deeper than any valid body is; far deeper ones could not be made text again. */
const MAX_BODY_DEPTH = 200;
const BARE = /^[\x21-\x7e]{1,255}$/;
/** A string of Structured Field Values (RFC 8941, section 3.3.3). */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * What the `Idempotency-Key` of a request stands for (draft-ietf-httpapi-idempotency-key-header-07), read before the
 * body becomes a DTO; undefined without one, for one that adds a fault, and for a body too deep to be valid.
 */
export function keyedRequest(
  scope: TenantScope,
  request: FastifyRequest,
  faults: Fault[],
): KeyedRequest | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? parse(header.trim()) : undefined;
  if (key === undefined) {
    faults.push({
      detail: 'must be 1 to 255 visible ASCII characters, quoted or bare',
      parameter: 'Idempotency-Key',
    });
    return undefined;
  }
  if (jsonDepth(request.body, MAX_BODY_DEPTH) > MAX_BODY_DEPTH) return undefined;
  const { credentialId, tenantUnitId } = scope.principal;
  return {
    // The same subject's token for another unit may not see what was answered here.
    id: digest([credentialId, tenantUnitId, key]),
    fingerprint: digest([request.method, request.url, request.body ?? {}]),
  };
}

function parse(header: string): string | undefined {
  const key =
    QUOTED.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? (header.startsWith('"') ? '' : header);
  return key.length <= 255 && (header.startsWith('"') ? key.length > 0 : BARE.test(key)) ? key : undefined;
}

const digest = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
