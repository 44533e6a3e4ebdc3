import { afterAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createTestApp } from '../support/create-test-app.js';
import { findBinary, freePort, isCi } from '../support/machine.js';
import { CLIENT, emptyProject } from './client-package.js';
import { command } from './command.js';

const browserPath = findBinary('chromium', 'chromium-browser', 'google-chrome');
if (!browserPath) process.stderr.write('The client was NOT tried in a browser: no Chromium was found.\n');

const origin = `http://127.0.0.1:${await freePort()}`;
const service = await createTestApp({ environment: { AUTH_MODE: 'none', CORS_ORIGINS: origin } });
const url = await service.listen();
const project = await emptyProject();

/** A page of another origin, which has nothing but the client. */
const pages = createServer((request, response) => {
  if (request.url !== '/client.js')
    return response.setHeader('content-type', 'text/html').end('<title>Page</title>');
  response.setHeader('content-type', 'text/javascript');
  void readFile(join(project, 'client.js')).then((script) => response.end(script));
}).listen(Number(new URL(origin).port), '127.0.0.1');
afterAll(() => void pages.close());

(browserPath || isCi ? describe : describe.skip)('the client in a browser', () => {
  it('says and reads from another origin, errors included', async () => {
    const rolldown = join(CLIENT, '../../node_modules/rolldown/bin/cli.mjs');
    const bundle = ['src/index.ts', '--minify', '--file', join(project, 'client.js')];
    await command(process.execPath, [rolldown, ...bundle], { cwd: CLIENT });
    const browser = await chromium.launch({ executablePath: browserPath ?? '', args: ['--no-sandbox'] });
    const page = await browser.newPage();
    await page.goto(origin);

    const seen: unknown = await page.evaluate(`(async () => {
      const { Colloquy } = await import('/client.js');
      const { conversations } = new Colloquy({ baseUrl: '${url}' });
      const { data, etag, requestId } = await conversations.create({ topic: 'Hello' }).withResponse();
      await conversations.update(data.id, { topic: 'Hello again' }, { ifMatch: etag });
      await conversations.messages.append(data.id, { message_from: 'user', content: 'Hi' });
      const contents = (await conversations.messages.list(data.id).toArray()).map(({ content }) => content);
      const error = await conversations.get('missing').catch((error) => error);
      return [contents, error.code, error.requestId.length > 0, requestId.length > 0];
    })()`);
    await browser.close();

    expect(seen).toEqual([['Hi'], 'conversation_not_found', true, true]);
  });
});
