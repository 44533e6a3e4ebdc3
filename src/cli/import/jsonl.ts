import { type FileHandle, open } from 'node:fs/promises';
import type { ReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CannotImport } from './import-errors.js';
import { limits } from './limits.js';

/** Small, so that the bytes read say how far the import is. */
const highWaterMark = 16 * 1024;

/** A line that is not blank, numbered from 1: its text, or why it has none. */
export type Line = { number: number; text: string } | { number: number; fault: string };

/** A file of lines, plain or gzip (told by its first bytes, not by its name), read as fast as it is consumed. */
export class JsonlFile {
  private constructor(
    readonly totalBytes: number,
    private readonly source: ReadStream,
    private readonly isGzip: boolean,
  ) {}

  static async open(path: string): Promise<JsonlFile> {
    const handle = await open(path).catch((error: unknown) => {
      throw new CannotImport(reasonOf(error));
    });
    const stats = await handle.stat();
    if (!stats.isFile()) {
      await handle.close();
      throw new CannotImport(`${path} is not a file`);
    }
    const isGzip = await startsLikeGzip(handle);
    return new JsonlFile(stats.size, handle.createReadStream({ start: 0, highWaterMark }), isGzip);
  }

  /** How much of the file, compressed or not, was read. */
  get bytesRead(): number {
    return this.source.bytesRead;
  }

  async *lines(maxLineBytes: number = limits.lineBytes): AsyncGenerator<Line> {
    const chunks = this.isGzip ? pipeline(this.source, createGunzip(), () => {}) : this.source;
    let number = 0;
    try {
      for await (const bytes of split(chunks, maxLineBytes)) {
        number += 1;
        const line = toLine(number, bytes, maxLineBytes);
        if (line) yield line;
      }
    } catch (error) {
      yield { number: number + 1, fault: `the file cannot be read from here on: ${reasonOf(error)}` };
    }
  }

  close(): void {
    this.source.destroy();
  }
}

async function startsLikeGzip(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
}

/** The bytes of each line; null for a line that is too long, which is never held. */
async function* split(chunks: AsyncIterable<Buffer>, maxLineBytes: number): AsyncGenerator<Buffer | null> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    for (let start = 0, end = 0; end !== -1; start = end + 1) {
      end = chunk.indexOf('\n', start);
      const part = chunk.subarray(start, end === -1 ? chunk.length : end);
      size += part.length;
      if (size > maxLineBytes) parts = [];
      else parts.push(part);
      if (end === -1) break;
      yield size > maxLineBytes ? null : Buffer.concat(parts);
      parts = [];
      size = 0;
    }
  }
  if (size > 0) yield size > maxLineBytes ? null : Buffer.concat(parts);
}

/** A byte order mark goes with the decoding, the CR of a CRLF with the JSON parser, which takes it for a space. */
function toLine(number: number, bytes: Buffer | null, maxLineBytes: number): Line | null {
  if (!bytes) return { number, fault: `longer than ${maxLineBytes} bytes` };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.trim() === '' ? null : { number, text };
  } catch {
    return { number, fault: 'not valid UTF-8' };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
