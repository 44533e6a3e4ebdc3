import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isJsonObject } from '../../common/json/exact-json.js';
import { CannotImport } from './import-errors.js';
import { importDialogues, type ImportOptions } from './importer.js';
import type { ImportOutput } from './progress.js';

/** As much of the service as an import needs, in memory; `intercept` answers a request in its stead. */
class StubColloquy {
  readonly conversations = new Map<string, { body: Record<string, unknown>; messages: unknown[] }>();
  readonly requests: { url: string; headers: IncomingMessage['headers'] }[] = [];
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  url = '';
  private readonly replies = new Map<unknown, object>();
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    if (isJsonObject(address)) this.url = `http://127.0.0.1:${String(address.port)}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  contents(): unknown[][] {
    const contentOf = (message: unknown) => isJsonObject(message) && message.content;
    return [...this.conversations.values()].map(({ messages }) => messages.map(contentOf));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '', headers } = request;
    if (method !== 'GET') this.requests.push({ url: `${method} ${url}`, headers });
    if (this.intercept(request, response)) return;
    const id = /conversations\/(\w+)/.exec(url)?.[1] ?? '';
    if (method === 'GET') return reply(response, 200, {});
    if (method === 'DELETE') return reply(response, this.conversations.delete(id) ? 204 : 404);
    const body: unknown = await json(request);
    const key = headers['idempotency-key'];
    const answer = this.replies.get(key) ?? this.store(id, isJsonObject(body) ? body : {});
    this.replies.set(key, answer);
    reply(response, 201, answer);
  }

  private store(id: string, body: Record<string, unknown>): object {
    const conversation = this.conversations.get(id);
    if (!conversation) {
      const newId = `c${this.conversations.size + 1}`;
      this.conversations.set(newId, { body, messages: [] });
      return { id: newId };
    }
    const added: unknown[] = Array.isArray(body.messages) ? body.messages : [];
    conversation.messages.push(...added);
    return { data: [{ sequence: conversation.messages.length }] };
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body?: object,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(body && JSON.stringify(body));
}

class RecordingOutput implements ImportOutput {
  readonly notes: string[] = [];
  readonly calls: string[] = [];
  start = () => void this.calls.push('start');
  note = (text: string) => void this.notes.push(text);
  stop = () => void this.calls.push('stop');
}

const say = (...contents: string[]) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
const isBatch = (request: IncomingMessage) => request.url?.includes('/messages/batch') === true;

describe('importDialogues', () => {
  let server: StubColloquy;
  let folder: string;
  let output: RecordingOutput;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-'));
    output = new RecordingOutput();
    server = new StubColloquy();
    await server.start();
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  async function importLines(lines: (object | string)[], options: Partial<ImportOptions> = {}) {
    const file = join(folder, 'dialogues.jsonl');
    await writeFile(
      file,
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
    return importDialogues({ file, url: server.url, concurrency: 1, ...options }, output);
  }

  it('creates conversations and appends their messages in order', async () => {
    const contents = Array.from({ length: 1100 }, (_, n) => `message ${n}`);

    const result = await importLines([{ ...say(...contents), id: 'x' }, say('b'), say()], {
      agentId: 'agent',
    });

    expect(result).toMatchObject({
      conversations: 3,
      messages: 1101,
      failedLines: 0,
      lastLine: 3,
      end: 'complete',
    });
    expect(server.contents()).toEqual([contents, ['b'], []]);
    expect(server.conversations.get('c1')?.body).toEqual({
      topic: 'message 0',
      status: 'completed',
      agent_id: 'agent',
      extend_properties: { id: 'x' },
    });
    expect(output.calls).toEqual(['start', 'stop']);
  });

  it('acts for the tenant and unit, as the token, with another idempotency key each time', async () => {
    await importLines([say('a'), say('b')], { tenantId: 't:1', unitId: 'u', token: 'secret' });

    const headers = server.requests.map((request) => request.headers);
    expect(server.requests.every(({ url }) => url.endsWith('?tenant_id=t%3A1&tenant_unit_id=u'))).toBe(true);
    expect(headers.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
    expect(new Set(headers.map((header) => header['idempotency-key'])).size).toBe(4);
  });

  it('imports several conversations at the same time, each in order', async () => {
    const lines = Array.from({ length: 50 }, (_, n) => say(`${n} a`, `${n} b`));

    const result = await importLines(lines, { concurrency: 8 });

    expect(result).toMatchObject({ conversations: 50, messages: 100, lastLine: 50 });
    expect(server.contents().map(String).sort()).toEqual(lines.map((_, n) => `${n} a,${n} b`).sort());
  });

  it('names bad lines and goes on, without sending anything of them', async () => {
    const bad = { messages: [...say('a').messages, { role: 'robot', content: 'secret' }] };

    const result = await importLines(['{"messages":', say('b'), '', bad, say('c')]);

    expect(result).toMatchObject({ conversations: 2, messages: 2, failedLines: 2, end: 'complete' });
    expect(output.notes).toEqual([
      'line 1: not valid JSON',
      'line 4: message 2 has the unknown role "robot"',
    ]);
    expect(server.contents()).toEqual([['b'], ['c']]);
  });

  it('repeats what the server puts off or what got no answer, with the same key', async () => {
    let failures = 0;
    server.intercept = (request, response) => {
      if (request.method !== 'POST' || (failures += 1) > 3) return false;
      if (failures === 1) reply(response, 503, {}, { 'retry-after': '0' });
      if (failures === 2) reply(response, 429, {}, { 'retry-after': '0' });
      if (failures === 3) request.socket.destroy();
      return true;
    };

    const result = await importLines([say('a')]);

    expect(result).toMatchObject({ conversations: 1, messages: 1, failedLines: 0 });
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys.map((key) => keys.indexOf(key))).toEqual([0, 0, 0, 0, 4]);
  });

  it('stores nothing twice when answers are lost', async () => {
    let answers = 0;
    server.intercept = (request, response) => {
      const end = response.end.bind(response);
      if (request.method === 'POST' && (answers += 1) % 2 === 1)
        response.end = () => (request.socket.destroy(), end());
      return false;
    };

    const result = await importLines([say('a', 'b')]);

    expect(result).toMatchObject({ conversations: 1, messages: 2, failedLines: 0 });
    expect(server.contents()).toEqual([['a', 'b']]);
  });

  it('removes a conversation that fails half-way', async () => {
    server.intercept = (request, response) => {
      const fails = isBatch(request) && String(request.headers['idempotency-key']).endsWith('-1-2');
      if (fails) reply(response, 422, { code: 'validation_failed', errors: [{ pointer: '/messages/0' }] });
      return fails;
    };

    const result = await importLines([say(...Array.from({ length: 501 }, String)), say('b')]);

    expect(result).toMatchObject({ conversations: 1, messages: 1, failedLines: 1, end: 'complete' });
    expect(output.notes).toEqual(['line 1: the server answered 422 validation_failed for /messages/0']);
    expect(server.contents()).toEqual([['b']]);
  });

  it('says which conversation stays behind when it cannot be removed', async () => {
    server.intercept = (request, response) => {
      const fails = isBatch(request) || request.method === 'DELETE';
      if (fails) reply(response, 500, {});
      return fails;
    };

    await importLines([say('a')]);

    expect(output.notes).toEqual([
      'line 1: the server answered 500; conversation c1 stays behind, incomplete',
    ]);
  });

  it('fails a line whose messages the server counts differently', async () => {
    server.intercept = (request, response) => {
      if (isBatch(request)) reply(response, 201, { data: [{ sequence: 4 }] });
      return isBatch(request);
    };

    await importLines([say('a', 'b')]);

    expect(output.notes).toEqual(['line 1: sent 2 messages, the server has 4']);
    expect(server.contents()).toEqual([]);
  });

  it('stops after the conversations in flight when interrupted', async () => {
    const interruption = new AbortController();
    server.intercept = (request) => {
      if (isBatch(request) && server.conversations.size === 3) interruption.abort();
      return false;
    };

    const result = await importLines(
      Array.from({ length: 9 }, () => say('a')),
      { signal: interruption.signal },
    );

    expect(result).toMatchObject({
      conversations: 3,
      messages: 3,
      failedLines: 0,
      lastLine: 3,
      end: 'interrupted',
    });
    expect(server.contents()).toEqual([['a'], ['a'], ['a']]);
  });

  it('stops when the server refuses the credential', async () => {
    server.intercept = (request, response) => {
      if (request.method === 'POST') reply(response, 401, { code: 'unauthenticated' });
      return request.method === 'POST';
    };

    const result = await importLines([say('a'), say('b')]);

    expect(result).toMatchObject({ conversations: 0, failedLines: 1, lastLine: 1, end: 'server-failed' });
    expect(output.notes).toEqual(['line 1: the server answered 401 unauthenticated']);
  });

  it('does not start without a server or a file', async () => {
    const file = join(folder, 'missing.jsonl');
    await expect(importDialogues({ file, url: server.url })).rejects.toThrow('ENOENT');

    await server.stop();
    const reason = `${server.url}: no answer from the server (ECONNREFUSED)`;
    await expect(importLines([say('a')])).rejects.toThrow(new CannotImport(reason));
    expect(output.calls).toEqual([]);
  });
});
