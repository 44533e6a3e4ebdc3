import { createHash } from 'node:crypto';
import { DomainError } from '../errors/domain-error.js';

/** Where a list goes on: the sort key of the last row seen. */
type CursorKey = readonly string[];

/**
 * An opaque cursor: the key, and a digest that ties it to `context` (the tenant, filters and order it came from).
 * The digest is no secret: whoever forges one only moves within what the scope allows anyway.
 */
export function encodeCursor(context: unknown, key: CursorKey): string {
  return Buffer.from(JSON.stringify([digest(context, key), ...key])).toString('base64url');
}

/** The key in a cursor made for the same context. Throws `invalid_cursor` for every other text. */
export function decodeCursor(context: unknown, cursor: string): CursorKey {
  const [given, ...key] = strings(cursor);
  if (given !== digest(context, key)) {
    throw new DomainError('invalid_cursor', 'The cursor does not belong to this list, or is damaged.', {
      faults: [{ detail: 'does not continue this list', parameter: 'cursor' }],
    });
  }
  return key;
}

function strings(cursor: string): string[] {
  try {
    const bytes = Buffer.from(cursor, 'base64url');
    // Node passes over what is no base64url.
    if (bytes.toString('base64url') !== cursor) return [];
    const parsed: unknown = JSON.parse(bytes.toString());
    return Array.isArray(parsed) ? parsed.map(String) : [];
  } catch {
    return [];
  }
}

const digest = (context: unknown, key: CursorKey): string =>
  createHash('sha256')
    .update(JSON.stringify([context, key]))
    .digest('base64url')
    .slice(0, 22);
