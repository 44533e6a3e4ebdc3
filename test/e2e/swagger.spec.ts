import { createServer, request as sendOn } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { createTestApp } from '../support/create-test-app.js';
import { findBinary, isCi } from '../support/machine.js';
import { byId, OPERATIONS } from '../support/operations.js';

const browserPath = findBinary('chromium', 'chromium-browser', 'google-chrome');
const NO_BROWSER = 'No Chromium was found: apt-get install chromium';
if (!browserPath) process.stderr.write(`Swagger UI was NOT tested. ${NO_BROWSER}\n`);

const { as, listen } = await createTestApp({ environment: { AUTH_MODE: 'none' } });

const MAX_HEIGHT_PX = 1_600;
const NOBODYS = '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a';

/** For the browser: texts whose contrast to what is behind them is below 3 (WCAG 2.2, 1.4.3, has 3 for large ones). */
const UNREADABLE = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
  const luminance = ([r, g, b]) => [r, g, b].reduce((sum, value, n) => {
    const part = value / 255;
    return sum + [0.2126, 0.7152, 0.0722][n] * (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = channels(getComputedStyle(one).backgroundColor);
      if ((color[3] ?? 1) > 0.5) return color;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  };
  return [...document.querySelectorAll('.opblock.is-open *')].flatMap((element) => {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return [];
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 3 ? [element.className + ': ' + text.slice(0, 30)] : [];
  });
})()`;

/** For the browser: examples of which a part is only seen by scrolling sideways. */
const CUT_OFF = `[...document.querySelectorAll('pre')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
  .map(({ textContent }) => textContent.slice(0, 30))`;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

(browserPath || isCi ? describe : describe.skip)('Swagger UI in a browser', () => {
  const complaints: string[] = [];
  const foreignRequests: string[] = [];
  let browser: Browser | undefined;
  let baseUrl: string;
  let page: Page;

  beforeAll(async () => {
    if (!browserPath) throw new Error(NO_BROWSER);
    baseUrl = await listen();
    browser = await chromium.launch({ executablePath: browserPath, args: FLAGS });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(baseUrl))
        foreignRequests.push(request.url());
    });
    await page.goto(`${baseUrl}/docs`);
    await page.locator('.opblock').first().waitFor();
  });

  afterAll(() => browser?.close());

  it('shows the operations in their groups', async () => {
    const operationsOf = (tag: string) =>
      page.locator(`.opblock-tag-section:has(#operations-tag-${tag}) .opblock-summary`).allInnerTexts();
    const lines = async (tag: string) =>
      (await operationsOf(tag)).map((text) =>
        text.replaceAll('\u200b', '').split('\n').slice(0, 2).join(' '),
      );

    expect(await page.title()).toBe('Colloquy');
    for (const tag of new Set(OPERATIONS.map((operation) => operation.tag)))
      expect(await lines(tag)).toEqual(
        OPERATIONS.filter((operation) => operation.tag === tag).map(
          ({ method, path }) => `${method} ${path}`,
        ),
      );
  });

  it('offers both kinds of credential', async () => {
    await page.locator('.auth-wrapper .authorize').click();
    const dialog = page.locator('.dialog-ux');
    const kinds = await dialog.locator('.auth-container h4').allInnerTexts();
    await dialog.locator('.close-modal').click();

    expect(kinds.map((kind) => kind.replaceAll(/\s+/g, ' '))).toEqual([
      'bearer (http, Bearer)',
      'apiKey (apiKey)',
    ]);
  });

  it.each(byId(OPERATIONS))(
    'shows %s on little more than one screen, and executes it with what it is prefilled with',
    async (_, { id, tag, path }) => {
      const client = as();
      const { body: conversation } = await client.post('/conversations');
      const said = { message_from: 'user', content: 'A table for 2, please.' };
      const { body: message } = await client.post(`/conversations/${conversation.id}/messages`, said);
      const { body: webhook } = await client.post('/webhooks', { url: 'http://127.0.0.1:1/hook' });
      const ids = { conversation_id: conversation.id, message_id: message.id, webhook_id: webhook.id };
      const inPath = Object.entries(ids).filter(([name]) => path.includes(`{${name}}`));

      const block = await open(page, tag, id);
      const height = (await block.boundingBox())?.height;
      const { status } = await execute(block, Object.fromEntries(inPath));
      await block.locator('.opblock-summary-control').click();

      expect(height).toBeLessThanOrEqual(MAX_HEIGHT_PX);
      expect([200, 201, 202, 204]).toContain(status);
    },
  );

  it('folds failures, those of every operation together, and opens each', async () => {
    const block = await open(page, 'Conversations', 'updateConversationStatus');
    const conflict = block.locator('tr.folded[data-code="409"] button');

    expect(await conflict.innerText()).toContain('status_conflict');
    expect(await block.locator('tr.folded[data-code="500"]').count()).toBe(0);
    expect(await block.locator('tr.folded[data-code="401"]').innerText()).toContain('internal_error');
    await conflict.click();
    await block.getByText('expected_status').first().waitFor();
    await block.locator('.opblock-summary-control').click();
  });

  it('keeps no credential where another tab or tomorrow would find it', async () => {
    await page.locator('.auth-wrapper .authorize').click();
    const dialog = page.locator('.dialog-ux');
    await dialog.locator('input[type="text"], input[type="password"]').first().fill('a-secret');
    await dialog.locator('button.authorize').first().click();
    await dialog.locator('.close-modal').click();

    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, document.cookie])')).not.toContain(
      'a-secret',
    );
  });

  it('breaks no rule of its content security policy, logs no error and asks nobody else', () => {
    expect({ complaints, foreignRequests }).toEqual({ complaints: [], foreignRequests: [] });
  });

  describe.each(['light', 'dark'] as const)('in a %s window', (colorScheme) => {
    it.each(['docs', 'problems', 'problems/validation_failed'])('%s fits a phone', async (path) => {
      const phone = await newPage({ colorScheme, viewport: { width: 390, height: 844 } });
      const failed: string[] = [];
      phone.on('response', (response) => {
        if (!response.ok() && !response.url().includes(NOBODYS)) failed.push(response.url());
      });
      await phone.goto(`${baseUrl}/${path}`);
      if (path === 'docs') {
        await phone.locator('#operations-Messages-appendMessage .opblock-summary-control').click();
        await phone.locator('tr.folded').first().waitFor();
        await execute(phone.locator('#operations-Messages-appendMessage'), { conversation_id: NOBODYS });
      }

      expect(await phone.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      expect(await phone.evaluate(CUT_OFF)).toEqual([]);
      expect(failed).toEqual([]);
      await phone.close();
    });

    it('every text of an open operation can be read', async () => {
      const window = await newPage({ colorScheme, viewport: { width: 1280, height: 900 } });
      await window.goto(`${baseUrl}/docs#/Conversations/createConversation`);
      await window.locator('.responses-table tr').first().waitFor();

      expect(await window.evaluate(UNREADABLE)).toEqual([]);
      await window.close();
    });
  });

  it('works behind a proxy that strips a prefix', async () => {
    const proxy = createServer((request, response) => {
      const url = new URL(request.url?.replace(/^\/behind\/proxy/, '') || '/', baseUrl);
      const onward = sendOn(url, { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const behind = await newPage({});
    await behind.goto(`http://127.0.0.1:${port}/behind/proxy/`);
    await behind.locator('.opblock').first().waitFor();

    const listed = await execute(await open(behind, 'Conversations', 'listConversations'));

    expect([listed.status, JSON.parse(listed.text)]).toMatchObject([200, { page_num: 1 }]);
    await behind.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  async function newPage(options: BrowserContextOptions): Promise<Page> {
    if (!browser) throw new Error(NO_BROWSER);
    return browser.newPage(options);
  }

  async function open(on: Page, tag: string, operation: string): Promise<Locator> {
    const block = on.locator(`#operations-${tag}-${operation}`);
    await block.locator('.opblock-summary-control').click();
    await block.locator('.responses-inner').waitFor();
    return block;
  }

  /** Fills in only these parameters of an open operation, and presses Execute. */
  async function execute(block: Locator, fields: Record<string, string> = {}) {
    for (const [name, value] of Object.entries(fields))
      await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
    await block.locator('button.execute').click();
    const live = block.locator('.live-responses-table');
    await live.waitFor();
    const status = Number(await live.locator('tr.response .response-col_status').first().innerText());
    const text = status === 204 ? '' : await live.locator('.highlight-code code').first().innerText();
    return { status, text };
  }
});
