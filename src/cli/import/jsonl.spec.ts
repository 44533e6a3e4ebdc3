import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseExactJson } from '../../common/json/exact-json.js';
import { CannotImport } from './import-errors.js';
import { JsonlFile, type Line } from './jsonl.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'jsonl-'))));
afterAll(() => rm(folder, { recursive: true }));

async function read(bytes: string | Buffer, maxLineBytes?: number): Promise<Line[]> {
  const path = join(folder, 'lines');
  await writeFile(path, bytes);
  const file = await JsonlFile.open(path);
  const lines: Line[] = [];
  for await (const line of file.lines(maxLineBytes)) lines.push(line);
  expect(file.bytesRead).toBe(file.totalBytes);
  return lines;
}

describe('JsonlFile', () => {
  it('reads lines with LF or CRLF, with or without a last one, and a byte order mark', async () => {
    const lines = await read('\ufeff{"a":1}\r\n\n  \r\n{"a":"\u2028ä"}\n3');

    expect(lines.map((line) => line.number)).toEqual([1, 4, 5]);
    expect(lines.map((line) => 'text' in line && parseExactJson(line.text))).toEqual([
      { a: 1 },
      { a: '\u2028ä' },
      3,
    ]);
  });

  it('reads gzip, also of several members, whatever the name', async () => {
    expect(await read(Buffer.concat([gzipSync('1\n2'), gzipSync('3\n4\n')]))).toEqual([
      { number: 1, text: '1' },
      { number: 2, text: '23' },
      { number: 3, text: '4' },
    ]);
  });

  it('reads nothing from an empty file', async () => {
    expect(await read('')).toEqual([]);
    expect(await read(gzipSync(''))).toEqual([]);
  });

  it('reads a line that spans many chunks whole', async () => {
    const long = 'ä'.repeat(300_000);

    expect(await read(`1\n${long}\n3\n`)).toEqual([
      { number: 1, text: '1' },
      { number: 2, text: long },
      { number: 3, text: '3' },
    ]);
  });

  it('names a line that is too long or no UTF-8, and goes on', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${'x'.repeat(11)}\n${'y'.repeat(10)}\n`),
      Buffer.from([0xc3, 0x0a]),
      Buffer.from('4'),
    ]);

    expect(await read(bytes, 10)).toEqual([
      { number: 1, fault: 'longer than 10 bytes' },
      { number: 2, text: 'yyyyyyyyyy' },
      { number: 3, fault: 'not valid UTF-8' },
      { number: 4, text: '4' },
    ]);
  });

  it('names the line where a cut-off gzip ends', async () => {
    const whole = gzipSync(Array.from({ length: 1000 }, (_, n) => `${n} ${Math.sin(n)}`).join('\n'));

    const lines = await read(whole.subarray(0, whole.length - 100));

    const last = lines.at(-1);
    expect(last).toEqual({
      number: lines.length,
      fault: expect.stringMatching(/^the file cannot be read from here on: .*unexpected end of file$/),
    });
  });

  it('does not open what is missing or no file', async () => {
    await expect(JsonlFile.open(join(folder, 'missing'))).rejects.toThrow(CannotImport);
    await expect(JsonlFile.open(folder)).rejects.toThrow(`${folder} is not a file`);
  });
});
