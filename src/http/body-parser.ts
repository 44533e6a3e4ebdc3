import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { hasDuplicateMembers } from '../common/json/duplicate-members.js';
import { parseExactJson } from '../common/json/exact-json.js';

/** JSON in UTF-8 is the only kind of body; an empty one is an absent one, whatever its `Content-Type` says. */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseBody(Buffer.from(body)));
    } catch (error) {
      done(error instanceof Error ? error : new Error('The body cannot be parsed.', { cause: error }));
    }
  });
  fastify.addContentTypeParser('*', ({ headers }, _body, done) => {
    const isAbsent = headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0);
    if (isAbsent) done(null, undefined);
    else done(new DomainError('unsupported_media_type', 'The body must be application/json.'));
  });
}

function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw new DomainError('malformed_json', 'The body is not valid UTF-8.');
  const text = body.toString();
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
