import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CannotRun, reasonOf } from '../errors.js';
import { isObject, numberOf, textOf } from '../json.js';

const compress = promisify(gzip);
const MiB = 1024 * 1024;

/** How far a file is written: up to the end of which conversation. */
export interface Mark {
  /** Null before the first conversation. */
  after: string | null;
  conversations: number;
  messages: number;
  /** Where the feed was when the file was begun; null where there is none. */
  eventsAfter: string | null;
}

/**
 * A file that grows under the name `….part` until it is whole. What is written up to a mark survives: another run goes on
 * there. As gzip it is made of members, one a mark at most, since a member that was cut off cannot be gone on with.
 */
export class PartFile {
  readonly #part: string;
  readonly #markFile: string;
  readonly #isGzip: boolean;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** What is in the file, and what of it is marked. */
  #bytes = 0;
  #markedBytes = 0;
  #marked: Mark = { after: null, conversations: 0, messages: 0, eventsAfter: null };

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** What the file is an export of; another run must be of the same. */
    private readonly subject: string,
  ) {
    this.#part = partOf(path);
    this.#markFile = markOf(path);
    this.#isGzip = path.endsWith('.gz');
  }

  /** Throws CannotRun when it cannot be written, or is the beginning of something else. */
  static async open(path: string, subject: string): Promise<PartFile> {
    try {
      if ((await stat(path).catch(() => null))?.isDirectory()) throw new Error('it is a directory');
      const marked = await readMark(path);
      if (marked && marked.subject !== subject) {
        throw new Error(
          `${partOf(path)} is the beginning of another export; remove it, or name another file`,
        );
      }
      const file = await open(partOf(path), marked ? 'r+' : 'w', 0o600);
      const part = new PartFile(path, file, subject);
      if (marked) await part.#goOn(marked.bytes, marked.mark);
      return part;
    } catch (error) {
      throw new CannotRun(`cannot write ${path}: ${reasonOf(error)}`);
    }
  }

  /** Where to go on. */
  get marked(): Mark {
    return this.#marked;
  }

  async write(line: Buffer): Promise<void> {
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (this.#pendingBytes > 4 * MiB) await this.#flush();
  }

  /** Keeps what is written so far. To be called between conversations. */
  async mark(mark: Mark): Promise<void> {
    await this.#flush();
    await this.file.datasync();
    const text = JSON.stringify({ subject: this.subject, bytes: this.#bytes, mark });
    await writeFile(`${this.#markFile}.new`, text, { mode: 0o600 });
    await rename(`${this.#markFile}.new`, this.#markFile);
    this.#markedBytes = this.#bytes;
    this.#marked = mark;
  }

  /** Takes back what is behind the mark. */
  async rollBack(): Promise<void> {
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.file.truncate(this.#markedBytes);
    this.#bytes = this.#markedBytes;
  }

  /** Gives it the name that it was opened for. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.file.sync();
    await this.file.close();
    await rename(this.#part, this.path);
    await rm(this.#markFile, { force: true });
  }

  close(): Promise<void> {
    return this.file.close();
  }

  async #goOn(bytes: number, mark: Mark): Promise<void> {
    this.#markedBytes = bytes;
    this.#marked = mark;
    await this.rollBack();
  }

  async #flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const text = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    const bytes = this.#isGzip ? await compress(text) : text;
    await this.file.write(bytes, 0, bytes.length, this.#bytes);
    this.#bytes += bytes.length;
  }
}

const partOf = (path: string) => `${path}.part`;
const markOf = (path: string) => `${path}.part.json`;

async function readMark(path: string): Promise<{ subject: string; bytes: number; mark: Mark } | null> {
  if (!existsSync(markOf(path))) return null;
  const found: unknown = JSON.parse(await readFile(markOf(path), 'utf8'));
  const mark = isObject(found) && isObject(found.mark) ? found.mark : {};
  const [bytes, conversations, messages] = [
    isObject(found) ? found.bytes : 0,
    mark.conversations,
    mark.messages,
  ].map(numberOf);
  if (!isObject(found) || bytes === undefined || conversations === undefined || messages === undefined) {
    throw new Error(`${markOf(path)} is not what an export has left`);
  }
  return {
    subject: textOf(found.subject) ?? '',
    bytes,
    mark: {
      after: textOf(mark.after) ?? null,
      conversations,
      messages,
      eventsAfter: textOf(mark.eventsAfter) ?? null,
    },
  };
}
