import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { EVENT_TYPES } from '../../src/events/event-type.js';
import { createTestApp } from '../support/create-test-app.js';
import { findBinary, freePort, isCi } from '../support/machine.js';
import { until } from '../support/until.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const ROOT = join(import.meta.dirname, '../..');
const { webhooks } = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as {
  webhooks: Record<string, { post: { requestBody: { content: Record<string, Content> } } }>;
};
interface Content {
  examples: { event: { value: Example } };
}
interface Example {
  type: string;
  timestamp: string;
  data: { data: object };
}
const { as } = await createTestApp({ environment: { WEBHOOK_ALLOW: '127.0.0.1' } });
const hello = { message_from: 'user', content: 'Hello', agent_id: 'concierge', run_id: 'run-17' };

describe('what the OpenAPI document says of deliveries', () => {
  it('is an example of each type of event, made as those that are sent', async () => {
    const client = as({ tenant: 'documented', name: 'Ada', role: 'operator' });
    const receiver = await WebhookReceiver.start();
    const { body: webhook } = await client.post('/webhooks', { url: receiver.url });
    receiver.secret = webhook.secret;
    const { body: conversation } = await client.post('/conversations', { agent_id: 'concierge' });
    const path = `/conversations/${conversation.id}`;
    const { body: message } = await client.post(`${path}/messages`, hello);
    await client.patch(`${path}/messages/${message.id}`, { feedback: 'good' });
    await client.post(`${path}/messages/${message.id}/redact`);
    await client.patch(path, { topic: 'A table for two' });
    await client.patch(`${path}/status`, { status: 'completed' });
    await client.delete(path);
    await until('all came', () => receiver.eventIds.length >= EVENT_TYPES.length);

    expect(Object.keys(webhooks)).toEqual([...EVENT_TYPES]);
    const sent = receiver.received.map(({ type, data }) => shapeOf({ type, data }));
    const documented = Object.values(webhooks).map(({ post }) => {
      const { type, data } = post.requestBody.content['application/json']?.examples.event.value ?? {};
      return shapeOf({ type, data });
    });
    expect(sent.toSorted(byType)).toEqual(documented.toSorted(byType));
  });
});

/** What members there are, with the words of enums and without other values. */
function shapeOf(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => shapeOf(one, name));
  if (typeof value !== 'object' || value === null) return name === 'type' ? value : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one, key)]));
}
const byType = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

const python = findBinary('python3');
if (!python && !isCi) process.stderr.write('The receiver in Python was NOT tested: no python3 was found.\n');

describe('docs/webhooks.md', () => {
  const text = readFileSync(join(ROOT, 'docs/webhooks.md'), 'utf8');
  const directory = mkdtempSync(join(tmpdir(), 'colloquy-receiver-'));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const running: ChildProcess[] = [];
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const languages = [
    { name: 'TypeScript', fence: 'ts', file: 'receiver.ts', command: process.execPath },
    ...(python || isCi
      ? [{ name: 'Python', fence: 'python', file: 'receiver.py', command: python ?? 'python3' }]
      : []),
  ];

  it.each(languages)(
    'has a receiver in $name that takes what is sent, and nothing else',
    async (language) => {
      const { name, fence, file, command } = language;
      const [, code = ''] = new RegExp(`\`\`\`${fence}\n(.+?)\`\`\``, 's').exec(text) ?? [];
      writeFileSync(join(directory, file), code);
      const client = as({ tenant: `receives-${name}` });
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/hook`;
      const { body: webhook } = await client.post('/webhooks', { url });
      const child = spawn(command, [join(directory, file)], {
        env: { PATH: process.env.PATH, WEBHOOK_SECRET: webhook.secret, PORT: String(port) },
      });
      running.push(child);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const forged = {
        'webhook-id': 'x-1',
        'webhook-timestamp': '1785484800',
        'webhook-signature': 'v1,AAAA',
      };
      const forge = () =>
        fetch(url, { method: 'POST', body: '{}', headers: forged }).then(
          ({ status }) => status,
          () => undefined,
        );
      await until('it listens', async () => {
        if (child.exitCode !== null) throw new Error(output);
        return (await forge()) !== undefined;
      });

      expect(await forge()).toBe(400);
      const tested = await client.post(`/webhooks/${webhook.id}/test`);
      expect(tested.body).toMatchObject({ status: 204, error: null });
      const { body: conversation } = await client.post('/conversations');
      await until('it says so', () => output.includes(`conversation.created ${conversation.id}`));
      // What became of a delivery is noted once its receiver has answered.
      const attempts = async () => (await client.get(`/webhooks/${webhook.id}/attempts`)).body.data;
      await until('it is noted', async () => (await attempts()).length > 0);
      expect(await attempts()).toMatchObject([
        { type: 'conversation.created', status: 204, outcome: 'delivered' },
      ]);
    },
  );
});
