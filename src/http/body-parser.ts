import { isUtf8 } from 'node:buffer';
import { DomainError } from '../common/errors/domain-error.js';
import { hasDuplicateMembers } from '../common/json/duplicate-members.js';
import { parseExactJson } from '../common/json/exact-json.js';
import { scanJson } from '../common/json/json-scan.js';

const MAX_VALUES = 100_000;
const MAX_DEPTH = 110;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * The JSON value of a body, with the exact value of each number. Throws `payload_too_large` for more values or levels
 * than a body may have, without parsing it, and `malformed_json`.
 */
export function parseBody(body: Buffer): unknown {
  const hasMark = body.indexOf(BYTE_ORDER_MARK) === 0;
  const bytes = hasMark ? body.subarray(BYTE_ORDER_MARK.length) : body;
  const { values, depth, names, isInexact } = scanJson(bytes, MAX_VALUES, MAX_DEPTH);
  if (values > MAX_VALUES || depth > MAX_DEPTH)
    throw new DomainError(
      'payload_too_large',
      `The body holds more than ${MAX_VALUES} JSON values, or is nested more than ${MAX_DEPTH} deep.`,
    );
  if (!isUtf8(bytes)) throw new DomainError('malformed_json', 'The body is not valid UTF-8.');
  const parsed = parse(bytes.toString(), isInexact);
  if (hasDuplicateMembers(names, parsed)) {
    throw new DomainError('malformed_json', 'An object in the body names a member twice.');
  }
  return parsed;
}

function parse(text: string, isInexact: boolean): unknown {
  try {
    return isInexact ? parseExactJson(text) : JSON.parse(text);
  } catch (error) {
    throw new DomainError('malformed_json', 'The body is not valid JSON.', { cause: error });
  }
}
