import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { BASE_PATH } from '../../src/http/resource.js';
import { createTestApp } from '../support/create-test-app.js';
import { findBinary, freePort, isCi } from '../support/machine.js';
import { tokenFor } from '../support/test-client.js';

const browserPath = findBinary('chromium', 'chromium-browser', 'google-chrome');
const NO_BROWSER = 'No Chromium was found: apt-get install chromium';
if (!browserPath) process.stderr.write(`Streams of events were NOT tested in a browser. ${NO_BROWSER}\n`);

const origin = `http://127.0.0.1:${await freePort()}`;
const environment = { CORS_ORIGINS: origin };
const service = await createTestApp({ environment });
const open = await createTestApp({ environment: { ...environment, AUTH_MODE: 'none' } });
const [url, openUrl] = [await service.listen(), await open.listen()];

/** A page of another origin. */
const pages = createServer((_, response) =>
  response.setHeader('content-type', 'text/html').end('<title>Page</title>'),
).listen(Number(new URL(origin).port), '127.0.0.1');

(browserPath || isCi ? describe : describe.skip)('a stream in a browser, from another origin', () => {
  let browser: Browser;
  beforeAll(async () => {
    if (!browserPath) throw new Error(NO_BROWSER);
    browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    pages.close();
    for (const { app } of [service, open]) app.getHttpServer().closeAllConnections();
  });
  const newPage = async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    return page;
  };

  it('is read by fetch with a token, and resumed by Last-Event-ID', async () => {
    const ada = service.as({ tenant: 'acme' });
    const token = await tokenFor({ tenant: 'acme' });
    await ada.post('/conversations', {});
    const page = await newPage();
    const read = (ids: number, last = '') =>
      page.evaluate<string[]>(`(async () => {
        const cut = new AbortController();
        const answer = await fetch('${url}${BASE_PATH}/events', {
          headers: {
            accept: 'text/event-stream',
            authorization: 'Bearer ${token}',
            ...(${JSON.stringify(last)} && { 'last-event-id': ${JSON.stringify(last)} }),
          },
          signal: cut.signal,
        });
        let text = '';
        for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
          if (ids.length >= ${ids}) return cut.abort(), ids;
        }
      })()`);

    const first = await read(1);
    const resumed = read(1, first[0]);
    await ada.post('/conversations', {});

    const { body } = await ada.get('/events', { query: { wait: '10', after: first[0] ?? '' } });
    expect([...first, ...(await resumed)]).toEqual([first[0], body.data[0].id]);
  });

  it('is read by EventSource in development, which connects again by itself behind what it has seen', async () => {
    const developer = open.as();
    const page = await newPage();
    await page.evaluate(`(() => {
      window.seen = [];
      const source = new EventSource('${openUrl}${BASE_PATH}/events');
      source.addEventListener('conversation.created', ({ lastEventId, data }) =>
        window.seen.push([lastEventId, JSON.parse(data).id]));
    })()`);
    const post = () => developer.post('/conversations', {}, { headers: { host: new URL(openUrl).host } });
    await post();
    await page.waitForFunction('window.seen.length === 1');
    open.app.getHttpServer().closeAllConnections();
    await post();
    await page.waitForFunction('window.seen.length === 2');

    const seen = await page.evaluate<string[][]>('window.seen');
    expect(seen.map(([id]) => Number(id?.split('-')[1]))).toEqual([1, 2]);
    for (const [id, ofData] of seen) expect(id).toBe(ofData);
  });
});
