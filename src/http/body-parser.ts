import { isUtf8 } from 'node:buffer';
import { DomainError } from '../common/errors/domain-error.js';
import { hasDuplicateMembers } from '../common/json/duplicate-members.js';
import { parseExactJson } from '../common/json/exact-json.js';

const BYTE_ORDER_MARK = '\ufeff';

/** The JSON value of a body, with the exact value of each number. Throws `malformed_json`. */
export function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw new DomainError('malformed_json', 'The body is not valid UTF-8.');
  const all = body.toString();
  const text = all.startsWith(BYTE_ORDER_MARK) ? all.slice(1) : all;
  const parsed = parse(text);
  if (hasDuplicateMembers(text, parsed)) {
    throw new DomainError('malformed_json', 'An object in the body names a member twice.');
  }
  return parsed;
}

function parse(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    throw new DomainError('malformed_json', 'The body is not valid JSON.', { cause: error });
  }
}
