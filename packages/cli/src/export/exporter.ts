import type { Colloquy } from '@colloquy/client';
import { reasonOf } from '../errors.js';
import { isList, isObject, type JsonObject, textOf } from '../json.js';
import { linesOf } from '../reading/lines.js';
import type { Mark } from './part-file.js';

export type Filters = Record<string, string | string[] | undefined>;

/** Where an export goes. */
export interface Sink {
  readonly marked: Mark;
  write(line: Buffer): Promise<void>;
  /** Keeps what is written so far; to be called between conversations. */
  mark(mark: Mark): Promise<void>;
}

/** What is sent is not an export, or not all of it. */
export class NotWhole extends Error {}

const MARK_EVERY_MS = 2_000;
const MAX_LINE_BYTES = 1024 * 1024 * 1024;

/** How far an export is; kept current while it runs. */
export interface ExportCounts {
  conversations: number;
  messages: number;
}

/**
 * Writes what the service sends to a sink, from where its mark is, to the end. Throws NotWhole, or what the client throws,
 * when the end does not arrive; what is marked by then can be gone on with.
 */
export async function exportTo(
  sink: Sink,
  service: Colloquy,
  filters: Filters,
  counts: ExportCounts,
  signal: AbortSignal,
): Promise<void> {
  const { after } = sink.marked;
  const stream = await service.conversations.export(
    { ...filters, ...(after !== null && { after }) },
    { signal },
  );
  const writer = new Writer(sink, counts);
  for await (const { bytes } of linesOf(toBuffers(stream), MAX_LINE_BYTES)) {
    if (bytes === null) throw new NotWhole(`a line is longer than ${MAX_LINE_BYTES} bytes`);
    await writer.take(bytes);
  }
  if (!writer.isWhole) throw new NotWhole('the connection ended before the last line');
}

async function* toBuffers(body: ReadableStream<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  } catch (error) {
    throw new NotWhole(`the connection was lost (${reasonOf(error)})`);
  }
}

/** Reads what the lines of `colloquy/1` are, and hands them on as they are. */
class Writer {
  isWhole = false;
  /** The conversation whose messages may go on, and how many it has so far. */
  #current: { id: string; messages: number } | undefined;
  #eventsAfter: string | null = null;
  #markedAt = performance.now();

  constructor(
    private readonly sink: Sink,
    private readonly counts: ExportCounts,
  ) {
    Object.assign(counts, { conversations: sink.marked.conversations, messages: sink.marked.messages });
  }

  async take(bytes: Buffer): Promise<void> {
    const line = toObject(bytes);
    const messages = isList(line.messages) ? line.messages.length : 0;
    if (line.format !== undefined) {
      if (line.format !== 'colloquy/1') throw new NotWhole('the export has another format than colloquy/1');
      await this.#begin(line, bytes);
    } else if ('events_after' in line) {
      await this.#end();
    } else if (typeof line.conversation_id === 'string') {
      await this.#write(bytes);
      if (line.deleted === true) this.#current = undefined;
      else if (this.#current) this.#current.messages += messages;
    } else {
      await this.#leave();
      this.#current = { id: textOf(line.id) ?? '', messages };
      await this.#write(bytes);
    }
  }

  /** What goes on with a file keeps its first line, and what that says of the feed. */
  async #begin(line: JsonObject, bytes: Buffer): Promise<void> {
    const { after, eventsAfter } = this.sink.marked;
    this.#eventsAfter = after === null ? (textOf(line.events_after) ?? null) : eventsAfter;
    if (after === null) await this.#write(bytes);
  }

  /** The conversation before is whole. */
  async #leave(): Promise<void> {
    if (!this.#current) return;
    const { id, messages } = this.#current;
    this.#current = undefined;
    this.counts.conversations += 1;
    this.counts.messages += messages;
    if (performance.now() - this.#markedAt < MARK_EVERY_MS) return;
    await this.sink.mark({ after: id, ...this.counts, eventsAfter: this.#eventsAfter });
    this.#markedAt = performance.now();
  }

  /** The last line counts all that is in the file, also from before an interruption. */
  async #end(): Promise<void> {
    await this.#leave();
    const { conversations, messages } = this.counts;
    await this.#write(
      Buffer.from(JSON.stringify({ conversations, messages, events_after: this.#eventsAfter })),
    );
    this.isWhole = true;
  }

  #write(bytes: Buffer): Promise<void> {
    return this.sink.write(Buffer.concat([bytes, NEWLINE]));
  }
}

/** A connection that ends in the middle of a line leaves half of it. */
function toObject(bytes: Buffer): JsonObject {
  try {
    const line: unknown = JSON.parse(bytes.toString());
    if (isObject(line)) return line;
  } catch {
    // Said below.
  }
  throw new NotWhole('a line is not that of an export');
}

const NEWLINE = Buffer.from('\n');
