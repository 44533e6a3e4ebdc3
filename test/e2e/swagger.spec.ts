import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { createTestApp } from '../support/create-test-app.js';
import { findBinary, isCi } from '../support/machine.js';
import { OPERATIONS } from '../support/operations.js';

const browserPath = findBinary('chromium', 'chromium-browser', 'google-chrome');
const NO_BROWSER = 'No Chromium was found: apt-get install chromium';
if (!browserPath) process.stderr.write(`Swagger UI was NOT tested. ${NO_BROWSER}\n`);

const { listen } = await createTestApp({ environment: { AUTH_MODE: 'none' } });

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
  let page: Page;

  beforeAll(async () => {
    if (!browserPath) throw new Error(NO_BROWSER);
    const baseUrl = await listen();
    browser = await chromium.launch({ executablePath: browserPath, args: FLAGS });
    page = await browser.newPage();
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

  // The other operations take seconds more and show no more: openapi.spec.ts sends what they are prefilled with.
  it('executes operations with what they are prefilled with', async () => {
    const created = await execute('Conversations', 'createConversation');
    expect(created).toMatchObject({ status: 201, body: { topic: 'Table for two in San Jose' } });
    const conversation_id = String(created.body.id);

    const listed = await execute('Conversations', 'listConversations');
    expect(listed).toMatchObject({ status: 200, body: { total_count: 1, data: [{ id: conversation_id }] } });

    const appended = await execute('Messages', 'appendMessage', { conversation_id });
    expect(appended).toMatchObject({ status: 201, body: { conversation_id, sequence: 1 } });
  });

  it('breaks no rule of its content security policy, logs no error and asks nobody else', () => {
    expect({ complaints, foreignRequests }).toEqual({ complaints: [], foreignRequests: [] });
  });

  /** Opens an operation, fills in only its path, and presses Execute. */
  async function execute(tag: string, operation: string, path: Record<string, string> = {}) {
    const block = page.locator(`#operations-${tag}-${operation}`);
    await block.locator('.opblock-summary-control').click();
    for (const [name, value] of Object.entries(path))
      await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
    await block.locator('button.execute').click();
    return answerIn(block);
  }

  async function answerIn(block: Locator) {
    const live = block.locator('.live-responses-table');
    await live.waitFor();
    const status = Number(await live.locator('tr.response .response-col_status').first().innerText());
    const text = await live.locator('.highlight-code code').first().innerText();
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  }
});
