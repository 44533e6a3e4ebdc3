import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { isList, isObject, parseJson } from '../json.js';
import { reasonOf } from '../errors.js';
import type { ReadCount } from './bytes.js';
import { linesOf } from './lines.js';
import { type Found, Splitter, toValue } from './splitter.js';

const MiB = 1024 * 1024;
/** What is read before it is decided what it is. */
const HEAD_BYTES = 16 * MiB;
/** One conversation as text. */
const MAX_VALUE_BYTES = 256 * MiB;
/** As much of a text says whether it is lines. */
const SAMPLE_LINES = 20;

/** The values in a text: of JSON in any arrangement, or of CSV, whose rows are objects. */
export async function* valuesIn(
  bytes: AsyncIterable<Buffer>,
  isEntry: (value: unknown) => boolean,
  count: ReadCount = { bytes: 0 },
): AsyncGenerator<Found, void> {
  const before = (count.handedOn = count.bytes);
  const { head, rest } = await headOf(bytes);
  const ahead = count.bytes - before;
  count.handedOn = undefined;
  const all = from(head, rest, (share) => {
    count.handedOn = share < 1 ? before + share * ahead : undefined;
  });
  const start = head.subarray(0, HEAD_BYTES).toString('utf8', 0, 4096).trimStart();
  if (start === '') return;
  if (!/^[[{"]/.test(start) || isCsv(start)) return yield* rowsIn(start, all);
  if (rest === null) {
    const whole = toValue(head, head.toString().trim().includes('\n') ? '' : 'line 1');
    if ('value' in whole) {
      yield whole;
      return;
    }
  }
  if (isLines(head, rest === null)) return yield* jsonLines(all);
  const splitter = new Splitter(isEntry, MAX_VALUE_BYTES);
  for await (const chunk of all) yield* splitter.feed(chunk);
  yield* splitter.end();
}

async function headOf(
  bytes: AsyncIterable<Buffer>,
): Promise<{ head: Buffer; rest: AsyncIterator<Buffer> | null }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await iterator.next();
    if (next.done === true) return { head: Buffer.concat(chunks), rest: null };
    chunks.push(next.value);
    size += next.value.length;
  }
  return { head: Buffer.concat(chunks), rest: iterator };
}

/** What was read and what follows; `tell` hears how much of the former is handed on, as a share of it. */
async function* from(
  head: Buffer,
  rest: AsyncIterator<Buffer> | null,
  tell: (share: number) => void,
): AsyncGenerator<Buffer> {
  const PIECE = 64 * 1024;
  for (let start = 0; start < head.length; start += PIECE) {
    tell(start / head.length);
    yield head.subarray(start, start + PIECE);
  }
  tell(1);
  for (let next = await rest?.next(); next && next.done !== true; next = await rest?.next()) yield next.value;
}

/** One value a line: the first line is one, or lines further down are (then the first is broken). */
function isLines(head: Buffer, isWhole: boolean): boolean {
  const text = head.toString('utf8');
  const lines = text.split('\n', SAMPLE_LINES + 1).slice(0, SAMPLE_LINES);
  const isCut = !isWhole && text.split('\n', 2).length < 2;
  if (isCut) return false;
  const written = lines.filter((line) => line.trim() !== '');
  const [first = ''] = written;
  return isValue(first) || written.slice(1).some((line) => /^[{[]/.test(line) && isValue(line));
}

function isValue(line: string): boolean {
  try {
    const value = parseJson(line);
    return isObject(value) || (isList(value) && value.length > 0);
  } catch {
    return false;
  }
}

async function* jsonLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<Found, void> {
  for await (const { number, bytes: line } of linesOf(bytes, MAX_VALUE_BYTES)) {
    const place = `line ${number}`;
    if (line === null) yield { fault: `longer than ${MAX_VALUE_BYTES} bytes`, place };
    else if (line.some((byte) => byte > 0x20)) yield toValue(line, place);
  }
}

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** A first line of names. */
function delimiterOf(start: string): string | undefined {
  const [line = ''] = start.split(/\r?\n/, 1);
  return DELIMITERS.find((delimiter) => {
    const names = line.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
    return names.length > 1 && names.every((name) => /^[\p{L}_][\w .\-/]{0,63}$/u.test(name));
  });
}

const isCsv = (start: string) => start.startsWith('"') && delimiterOf(start) !== undefined;

async function* rowsIn(start: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Found, void> {
  const delimiter = delimiterOf(start);
  if (delimiter === undefined) return;
  const parser = parse({
    columns: true,
    delimiter,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    info: true,
  });
  const rows: AsyncIterable<unknown> = Readable.from(bytes)
    .on('error', (error) => parser.destroy(error))
    .pipe(parser);
  let line = 1;
  try {
    for await (const row of rows) {
      if (!isObject(row) || !isObject(row.record) || !isObject(row.info)) continue;
      line = Number(row.info.lines);
      yield {
        value: Object.fromEntries(Object.entries(row.record).flatMap(toMember)),
        place: `line ${line}`,
      };
    }
  } catch (error) {
    yield { fault: `no CSV from here on: ${reasonOf(error).slice(0, 100)}`, place: `line ${line + 1}` };
  }
}

/** A cell that says nothing is absent; one that holds JSON is read as such. */
function toMember([name, cell]: [string, unknown]): [string, unknown][] {
  if (typeof cell !== 'string' || cell === '') return [];
  if (!/^\s*[[{]/.test(cell)) return [[name.trim(), cell]];
  try {
    return [[name.trim(), parseJson(cell)]];
  } catch {
    return [[name.trim(), cell]];
  }
}
