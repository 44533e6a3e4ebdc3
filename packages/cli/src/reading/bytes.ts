import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline as pipelineWithoutPromise, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { openPromise } from 'yauzl';
import { CannotRun, reasonOf } from '../errors.js';

/** Bytes that are text in UTF-8, of a file, of standard input, or of a member of an archive. */
export interface Source {
  /** For people: `chats.zip/conversations.json`. */
  name: string;
  bytes: AsyncIterable<Buffer>;
}

/** How far an input is read, as it lies there, compressed or not. */
export interface ReadCount {
  bytes: number;
  /** How far it is handed on, while it is read ahead to tell what it is. */
  handedOn?: number | undefined;
}

/** Pieces of a hundredth, so that what is counted says how far the import is. */
const pieceOf = (size: number) => Math.min(64 * 1024, Math.max(1024, Math.floor(size / 100)));

const MAGIC = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  zip: [0x50, 0x4b, 0x03, 0x04],
} as const;

const SKIPPED = [0x2a, 0x4d, 0x18] as const;

/** What people have that holds no text; told by its first bytes. */
const NOT_READ = new Map([
  ['PAR1', 'Parquet; write it as JSON lines first'],
  ['SQLite format 3', 'an SQLite database; export the chats from the program that it belongs to'],
  ['BZh', 'packed with bzip2; unpack it first'],
  ['7z\xbc\xaf', 'a 7z archive; unpack it first'],
  ['\xfd7zXZ', 'packed with xz; unpack it first'],
  ['%PDF', 'a PDF'],
]);
/** Members of archives that can be chats. */
const READABLE = /(^|\/)[^.][^/]*\.(json|jsonl|ndjson|csv|tsv|txt|af|gz|zst|zip)$|(^|\/)[^./]+$/i;

/** Whether a member of an archive comes before the others. */
type ComesFirst = (fileName: string) => boolean;

/** All texts in a file, or in standard input for `-`. Throws CannotRun. */
export async function* sourcesIn(
  path: string,
  count: ReadCount,
  comesFirst: ComesFirst,
): AsyncGenerator<Source, void> {
  if (path === '-') return yield* unpack('standard input', counted(process.stdin, count), comesFirst);
  const { start, size } = await beginningOf(path);
  if (startsWith(start, MAGIC.zip)) return yield* membersOf(path, path, count, comesFirst);
  yield* unpack(path, counted(createReadStream(path, { highWaterMark: pieceOf(size) }), count), comesFirst);
}

async function beginningOf(path: string): Promise<{ start: Buffer; size: number }> {
  try {
    await using file = await open(path);
    const status = await file.stat();
    if (status.isDirectory()) throw new Error('it is a directory');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { start: buffer.subarray(0, bytesRead), size: status.size };
  } catch (error) {
    throw new CannotRun(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

const startsWith = (start: Buffer, magic: readonly number[]) =>
  magic.every((byte, index) => start[index] === byte);

/** Each byte counts as `share` of one: of what is unpacked, as much as it took packed. */
async function* counted(stream: Readable, count: ReadCount, share = 1): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    count.bytes += bytes.length * share;
    yield bytes;
  }
}

/** Whatever is packed, also several times over. */
async function* unpack(
  name: string,
  bytes: AsyncIterable<Buffer>,
  comesFirst: ComesFirst,
): AsyncGenerator<Source, void> {
  const { start, all } = await peek(bytes);
  if (startsWith(start, MAGIC.gzip))
    return yield* unpack(name, through(all, zlib.createGunzip()), comesFirst);
  if (isZstd(start)) {
    if (!('createZstdDecompress' in zlib))
      throw new CannotRun(`${name} is packed with zstd, which takes Node.js 22.15`);
    return yield* unpack(name, unzstd(all), comesFirst);
  }
  if (startsWith(start, MAGIC.zip)) return yield* unpackZip(name, all, comesFirst);
  const latin = start.toString('latin1');
  for (const [magic, what] of NOT_READ) {
    if (latin.startsWith(magic)) throw new CannotRun(`${name} is ${what}`);
  }
  yield { name, bytes: toUtf8(all, start) };
}

/** What was packed in parallel begins with a frame that is to be skipped. */
const isZstd = (start: Buffer) =>
  startsWith(start, MAGIC.zstd) ||
  (((start[0] ?? 0) & 0xf0) === 0x50 && startsWith(start.subarray(1), SKIPPED));

/** Frame by frame: Node.js takes nothing behind the first one that ends within a chunk, and does not say so. */
async function* unzstd(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let frame = zlib.createZstdDecompress();
  for await (const chunk of packed) {
    for (let rest = chunk; rest.length > 0;) {
      const before = frame.bytesWritten;
      yield* await taken(frame, (done) => frame.write(rest, done));
      const used = frame.bytesWritten - before;
      if (used < rest.length) frame = zlib.createZstdDecompress();
      rest = rest.subarray(used);
    }
  }
  // Its own end alone says that nothing is missing.
  yield* await taken(frame, () => frame.end());
}

/** What comes out of what `give` puts in. */
async function taken(
  frame: Transform,
  give: (done: (error?: Error | null) => void) => void,
): Promise<Buffer[]> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const pieces: Buffer[] = [];
  frame
    .on('data', (piece: Buffer) => pieces.push(piece))
    .once('end', resolve)
    .once('error', reject);
  give((error) => (error ? reject(error) : resolve(undefined)));
  await promise;
  // Not all of them: those of the stream itself notice that a frame is cut off.
  for (const event of ['data', 'end', 'error']) frame.removeAllListeners(event);
  return pieces;
}

function through(bytes: AsyncIterable<Buffer>, unpacker: Transform): AsyncIterable<Buffer> {
  return pipelineWithoutPromise(Readable.from(bytes, { highWaterMark: 1 }), unpacker, () => {});
}

/** Its table is at its end, so an archive that comes as a stream is put down first. */
async function* unpackZip(
  name: string,
  bytes: AsyncIterable<Buffer>,
  comesFirst: ComesFirst,
): AsyncGenerator<Source, void> {
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-'));
  try {
    const path = join(folder, 'archive.zip');
    await pipeline(bytes, createWriteStream(path, { mode: 0o600 }));
    yield* membersOf(name, path, { bytes: 0 }, comesFirst);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function* membersOf(
  name: string,
  path: string,
  count: ReadCount,
  comesFirst: ComesFirst,
): AsyncGenerator<Source, void> {
  try {
    const archive = await openPromise(path, { autoClose: false });
    try {
      const members = await Array.fromAsync(archive.eachEntry());
      const orderOf = ({ fileName }: { fileName: string }) => (comesFirst(fileName) ? 0 : 1);
      for (const member of members.toSorted((one, other) => orderOf(one) - orderOf(other))) {
        const { fileName, compressedSize, uncompressedSize } = member;
        if (READABLE.test(fileName) && !fileName.startsWith('__MACOSX/')) {
          const stream = await archive.openReadStreamPromise(member);
          const share = compressedSize / Math.max(1, uncompressedSize);
          yield* unpack(`${name}/${fileName}`, counted(stream, count, share), comesFirst);
        } else {
          count.bytes += compressedSize;
        }
      }
    } finally {
      archive.close();
    }
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`cannot read ${name}: ${reasonOf(error)}`);
  }
}

/** The first bytes, and everything with these before it. */
async function peek(bytes: AsyncIterable<Buffer>): Promise<{ start: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const seen: Buffer[] = [];
  let size = 0;
  while (size < 16) {
    const next = await iterator.next();
    if (next.done === true) break;
    seen.push(next.value);
    size += next.value.length;
  }
  const all = (async function* () {
    try {
      yield* seen;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  return { start: Buffer.concat(seen), all };
}

/** Takes a byte order mark off, and turns UTF-16 into UTF-8. */
async function* toUtf8(bytes: AsyncIterable<Buffer>, start: Buffer): AsyncGenerator<Buffer> {
  const encoding = encodingOf(start);
  if (encoding === 'utf-8') {
    let isFirst = true;
    for await (const chunk of bytes) {
      yield isFirst && chunk.length >= 3 && startsWith(chunk, [0xef, 0xbb, 0xbf]) ? chunk.subarray(3) : chunk;
      isFirst = false;
    }
    return;
  }
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}

/** JSON and CSV begin with ASCII, whose other byte is zero in UTF-16. */
function encodingOf(start: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = start;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first !== 0 && second === 0 && start.length > 1) return 'utf-16le';
  return first === 0 && second !== 0 && start.length > 1 ? 'utf-16be' : 'utf-8';
}
