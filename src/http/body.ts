import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';

export const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** Of operations that take messages. */
export const MAX_MESSAGES_BODY_BYTES = 8 * 1024 * 1024;

/** Bodies up to this size are received as they come. */
const SMALL_BYTES = 16 * 1024;

type Headers = FastifyRequest['headers'];

/** Whether a request says that it has a body. */
export const hasBody = (headers: Headers): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Finds room for a body of so many bytes; rejects where there is none. */
type MakeRoom = (bytes: number) => Promise<void>;

/**
 * Reads the body of a request, which is left unread until it is asked for here; undefined without one, or with an empty
 * one. What is more than small is received when there is room for it. Throws `unsupported_media_type` for anything but
 * JSON as it is, `payload_too_large`, and what `makeRoom` throws.
 */
export async function receiveBody(
  request: FastifyRequest,
  reply: FastifyReply,
  maxBytes: number,
  makeRoom: MakeRoom,
): Promise<Buffer | undefined> {
  const { headers, raw } = request;
  if (!hasBody(headers)) return undefined;
  const announced = Number(headers['content-length'] ?? 0);
  // Where no length is announced there may be no body after all.
  if (announced > 0) assertJson(headers);
  if (announced > maxBytes) throw tooLarge();
  if (headers.expect !== undefined) reply.raw.writeContinue();
  const most = announced || maxBytes;
  const body = await bytesOf(raw, most, {
    begin: () => assertJson(headers),
    makeRoom: () => makeRoom(most),
  });
  if (announced > 0 && body.length !== announced)
    throw new DomainError('malformed_json', 'The body is not as long as announced.');
  return body.length > 0 ? body : undefined;
}

/** `begin` is called with the first byte, `makeRoom` when there are more than a few; what they throw ends it. */
function bytesOf(
  raw: FastifyRequest['raw'],
  maxBytes: number,
  { begin, makeRoom }: { begin: () => void; makeRoom: () => Promise<void> },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let size = 0;
    let hasRoom = false;
    const giveUp = (error: unknown) => {
      raw.off('data', receive);
      reject(error instanceof Error ? error : new Error('There is no room.', { cause: error }));
    };
    const receive = (chunk: Buffer) => {
      try {
        if (size === 0) begin();
        if (size + chunk.length > maxBytes) throw tooLarge();
      } catch (error) {
        giveUp(error);
        return;
      }
      received = size === 0 ? chunk : added(received, size, chunk, maxBytes);
      size += chunk.length;
      if (hasRoom || size <= SMALL_BYTES) return;
      hasRoom = true;
      raw.pause();
      makeRoom().then(() => raw.resume(), giveUp);
    };
    raw.on('data', receive);
    raw.once('end', () => resolve(received.subarray(0, size)));
    raw.once('error', (cause) => {
      reject(new DomainError('malformed_request', 'The body ended before its end.', { cause }));
    });
  });
}

/** The first bytes of a buffer and then others; not in a list, where a body of single bytes would need a hundred times its size. */
function added(buffer: Buffer, size: number, more: Buffer, maxBytes: number): Buffer {
  const needed = size + more.length;
  const roomy = needed <= buffer.length ? buffer : Buffer.allocUnsafe(Math.min(2 * needed, maxBytes));
  if (roomy !== buffer) buffer.copy(roomy, 0, 0, size);
  more.copy(roomy, size);
  return roomy;
}

function assertJson(headers: Headers): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity')
    throw new DomainError('unsupported_media_type', 'The body must not be encoded.', {
      headers: { 'accept-encoding': 'identity' },
    });
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/json')
    throw new DomainError('unsupported_media_type', 'The body must be application/json.');
}

const tooLarge = (): DomainError =>
  new DomainError('payload_too_large', 'The body is larger than this operation allows.');
