import { isUtf8 } from 'node:buffer';
import { DomainError } from '../common/errors/domain-error.js';
import { hasDuplicateMembers } from '../common/json/duplicate-members.js';
import { scanJson } from '../common/json/json-scan.js';
import { JsonText } from '../common/json/json-text.js';

const MAX_VALUES = 100_000;
const MAX_DEPTH = 110;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * A body as JSON. Throws `payload_too_large` for more values or levels than a body may have, without parsing it, and
 * `malformed_json`.
 */
export function parseBody(body: Buffer): JsonText {
  const hasMark = body.indexOf(BYTE_ORDER_MARK) === 0;
  const bytes = hasMark ? body.subarray(BYTE_ORDER_MARK.length) : body;
  const scan = scanJson(bytes, MAX_VALUES, MAX_DEPTH);
  if (scan.values > MAX_VALUES || scan.depth > MAX_DEPTH)
    throw new DomainError(
      'payload_too_large',
      `The body holds more than ${MAX_VALUES} JSON values, or is nested more than ${MAX_DEPTH} deep.`,
    );
  if (!isUtf8(bytes)) throw new DomainError('malformed_json', 'The body is not valid UTF-8.');
  const value = parse(bytes.toString());
  if (hasDuplicateMembers(scan.names, value)) {
    throw new DomainError('malformed_json', 'An object in the body names a member twice.');
  }
  return new JsonText(bytes, scan, value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError('malformed_json', 'The body is not valid JSON.', { cause: error });
  }
}
