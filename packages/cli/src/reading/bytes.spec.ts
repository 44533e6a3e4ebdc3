import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { sourcesIn } from './bytes.js';

const TEXT = '{"messages": [{"role": "user", "content": "Grüße 👋"}]}\n';
const REST = zstdCompressSync(TEXT.slice(20));
const SKIPPED = Buffer.from('502a4d180400000061626364', 'hex');
const folder = await mkdtemp(join(tmpdir(), 'colloquy-bytes-'));
afterAll(() => rm(folder, { recursive: true }));

describe('the texts in a file', () => {
  it.each([
    ['plain', Buffer.from(TEXT)],
    ['with a mark', Buffer.from(`\ufeff${TEXT}`)],
    ['in UTF-16', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['in UTF-16, big end first, without a mark', Buffer.from(TEXT, 'utf16le').swap16()],
    ['in gzip', gzipSync(TEXT)],
    ['in zstd', zstdCompressSync(TEXT)],
    ['in several frames of zstd', Buffer.concat([zstdCompressSync(TEXT.slice(0, 20)), REST])],
    ['behind a frame that zstd skips', Buffer.concat([SKIPPED, zstdCompressSync(TEXT.slice(0, 20)), REST])],
    ['in zstd in gzip', gzipSync(zstdCompressSync(TEXT))],
  ])('are the same %s', async (name, bytes) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    const count = { bytes: 0 };
    let text = '';

    for await (const source of sourcesIn(path, count, () => false))
      for await (const chunk of source.bytes) text += chunk.toString();

    expect(text).toBe(TEXT);
    expect(count.bytes).toBe((await stat(path)).size);
  });

  it.each([
    ['gzip', gzipSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
  ])('are not whole where %s is cut off', async (name, bytes) => {
    const path = join(folder, `${name}, cut off`);
    await writeFile(path, bytes.subarray(0, -3));

    const read = async () => {
      const pieces: Buffer[] = [];
      for await (const source of sourcesIn(path, { bytes: 0 }, () => false))
        for await (const piece of source.bytes) pieces.push(piece);
      return pieces;
    };

    await expect(read()).rejects.toThrow('unexpected end of file');
  });

  it('are read in pieces of about a hundredth, by which people see how far it is', async () => {
    const path = join(folder, 'lines');
    await writeFile(path, TEXT.repeat(4_000));
    const { size } = await stat(path);
    const count = { bytes: 0 };
    const shares: number[] = [];

    for await (const source of sourcesIn(path, count, () => false))
      for await (const { length } of source.bytes)
        if (length > 0) shares.push(Math.floor((100 * count.bytes) / size));

    expect(shares.length).toBeGreaterThan(90);
    expect(shares.at(-1)).toBe(100);
  });
});
