import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';

export const NDJSON = 'application/x-ndjson';

/** An answer of JSON lines that is made while it is sent, and no faster than it is read. */
export const ndjson = (pieces: AsyncIterable<string>): StreamableFile =>
  new StreamableFile(Readable.from(pieces, { objectMode: false }), { type: NDJSON });
