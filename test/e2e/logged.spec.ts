import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { createTestApp } from '../support/create-test-app.js';
import { exchange } from '../support/exchange.js';
import { logWatch, LogWatch } from '../support/log-watch.js';
import { tokenFor } from '../support/test-client.js';

const ROOT = join(import.meta.dirname, '../..');
const { app, listen, logs } = await createTestApp();

/** What the log says of something, in various ways. */
const LINES: ((text: string) => string)[] = [
  (text) => JSON.stringify({ level: 'error', message: `It was ${text}.` }),
  (text) => JSON.stringify({ level: 'trace', message: 'x', deep: [{ down: text }] }),
  (text) => JSON.stringify({ message: JSON.stringify({ content: text }) }),
  (text) => JSON.stringify({ [text]: 1 }),
  (text) => `not JSON: ${text}`,
];

describe('the watch over the log', () => {
  it.each(LINES.map((line) => [line('…'), line] as const))(
    'finds in %s what must not be there',
    (_, line) => {
      for (const secret of [
        'Plain as day',
        '"quoted\n"',
        'Ελληνικά 👩‍👩‍👧',
        `begins so ${'and goes on '.repeat(99)}`,
      ]) {
        const watch = new LogWatch();
        watch.keep({ messages: [{ content: secret, number: 1, none: null }] });
        watch.print(line('Something else'));
        expect(watch.leaks()).toEqual([]);
        watch.print(line(secret));
        expect(watch.leaks()).not.toEqual([]);
        expect(watch.leaks().every((leak) => leak.length >= 8)).toBe(true);
      }
    },
  );

  it('lets a line tell when, whose and which request it was', () => {
    const watch = new LogWatch();
    watch.keep(['tenant-of-somebody', 'request-of-somebody']);
    watch.print(JSON.stringify({ tenant_id: 'tenant-of-somebody', request_id: 'request-of-somebody' }));
    expect(watch.leaks()).toEqual([]);
  });
});

describe('everything that any test sends', () => {
  const token = tokenFor({ tenant: 'acme', sub: 'ada' });
  let apiKey = '';

  beforeAll(async () => {
    const made = await app.get(ApiKeysService).create({
      name: 'For the log',
      tenantId: 'acme',
      tenantUnitId: null,
      scopes: ['conversations:write'],
      expiresTime: null,
    });
    apiKey = made.secret;
    const body = '{"topic":"The topic of it","inputs":{"deep":["An input"]}}';
    const path = '/admin/api/v2/conversations?assignment_id=the-assignment';
    // Not by the client of the tests: whoever sends it, and however.
    for (const credential of [`X-API-Key: ${apiKey}`, `Authorization: Bearer ${await token}`])
      await exchange(
        await baseUrl,
        `POST ${path} HTTP/1.1\r\nHost: x\r\n${credential}\r\nIdempotency-Key: the-key-of-it\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
  });
  const baseUrl = listen();

  it.each<[string, () => Promise<string> | string]>([
    ['a token', () => token],
    ['an API key', () => apiKey],
    ['an Idempotency-Key', () => 'the-key-of-it'],
    ['a value of a query', () => 'the-assignment'],
    ['a value of a body', () => 'The topic of it'],
    ['a value deep in a body', () => 'An input'],
    ['a parameter of a statement', () => '{"deep":["An input"]}'],
  ])('is watched: %s', async (_, secret) => {
    const text = await secret();
    expect(logWatch.leaks(`The log told ${text} once.`)).not.toEqual([]);
  });

  it('is looked for in the lines of every level', () => {
    for (const level of ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] as const) {
      new Logger('Test')[level](`A line of ${level}`);
      expect(logWatch.text).toContain(`A line of ${level}`);
    }
    expect(JSON.stringify(logs)).not.toMatch(/A line of (verbose|debug)/);
    expect(logWatch.text).toContain('/admin/api/v2/conversations');
  });

  it('is sent to an app whose log is watched', () => {
    const own = globSync('test/**/*.ts', { cwd: ROOT })
      .filter((file) => !file.includes('node_modules'))
      .filter((file) => /\b(createApp|createLogger)\(/.test(readFileSync(join(ROOT, file), 'utf8')))
      .map((file) => file.replaceAll('\\', '/'));
    expect(own).toEqual(['test/support/create-test-app.ts']);
  });
});
