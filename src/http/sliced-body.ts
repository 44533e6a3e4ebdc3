import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { JsonBody } from '../common/json/json-body.js';

const JSON_TYPE = 'application/json; charset=utf-8';
/** What is smaller goes out in one piece, with its length. */
const ONE_PIECE_BYTES = 1024 * 1024;

/** JSON text that is made already. */
class JsonText extends JsonBody {
  constructor(private readonly text: string) {
    super();
  }

  toText(): string {
    return this.text;
  }
}

/**
 * A body from its slices: text that is made while it is sent, the next slice when the client has taken the one before. A
 * small one is answered like any other. What fails before the first megabyte is a problem; what fails later ends the
 * connection without the end of the answer.
 */
export async function slicedBody(
  slices: AsyncIterable<string>,
  type = JSON_TYPE,
): Promise<JsonBody | StreamableFile> {
  const iterator = slices[Symbol.asyncIterator]();
  let begin = '';
  while (begin.length < ONE_PIECE_BYTES) {
    const next = await iterator.next();
    if (next.done) return type === JSON_TYPE ? new JsonText(begin) : streamOf([begin], type);
    begin += next.value;
  }
  return streamOf(startingWith(begin, iterator), type);
}

const END_OF_PAGE = ']}';

/** A page that has no items yet, and then these. */
export const slicedPage = <Item>(
  empty: JsonBody,
  slices: AsyncIterable<readonly Item[]>,
  toBody: (item: Item) => JsonBody,
): Promise<JsonBody | StreamableFile> => slicedBody(textOfPage(empty, slices, toBody));

async function* textOfPage<Item>(
  empty: JsonBody,
  slices: AsyncIterable<readonly Item[]>,
  toBody: (item: Item) => JsonBody,
): AsyncGenerator<string> {
  yield empty.toText().slice(0, -END_OF_PAGE.length);
  let separator = '';
  for await (const slice of slices) {
    let text = '';
    for (const item of slice) {
      text += separator + toBody(item).toText();
      separator = ',';
    }
    yield text;
  }
  yield END_OF_PAGE;
}

function streamOf(pieces: Iterable<string> | AsyncIterable<string>, type: string): StreamableFile {
  const stream = Readable.from(pieces, { objectMode: false, highWaterMark: 1 });
  return new StreamableFile(stream, { type }).setErrorLogger(() => undefined); // it is logged with its request
}

async function* startingWith(begin: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    yield begin;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const logger = new Logger('SlicedBody');

/** Logs answers that fail after they have begun, and makes none for a HEAD, whatever its length were. */
export function watchSlicedBodies(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const isHead = request.method === 'HEAD';
    if (payload instanceof Readable) {
      payload.once('error', (error) => {
        logger.warn({ request_id: request.id, err: error }, 'An answer was ended before its end.');
      });
      if (isHead) payload.destroy();
    }
    return done(null, isHead ? Readable.from([]) : payload); // of a stream Fastify sends no length to a HEAD
  });
}
