import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Agent,
  type AgentInputItem,
  MemorySession,
  type Model,
  type ModelRequest,
  type ModelResponse,
  Runner,
  type Session,
  tool,
  Usage,
} from '@openai/agents';
import fc from 'fast-check';
import { z } from 'zod';
import { ColloquySession } from '@colloquy/client/openai-agents';
import { colloquy, json, newSession, property, text, url, wellFormed, word } from './support.ts';

const open = () => new ColloquySession(colloquy, newSession());
const user = (content: string): AgentInputItem => ({ type: 'message', role: 'user', content });
const said = (content: string): AgentInputItem => ({
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: content }],
});

/** Thinks, calls two tools at once, and answers with what they said. Keeps what it was asked. */
class FakeModel implements Model {
  readonly asked: unknown[] = [];

  getResponse(request: ModelRequest): Promise<ModelResponse> {
    this.asked.push(structuredClone(request.input));
    const last = Array.isArray(request.input) ? request.input.at(-1) : undefined;
    const call = (callId: string, city: string) => ({
      type: 'function_call' as const,
      callId,
      name: 'weather',
      status: 'completed' as const,
      arguments: JSON.stringify({ city }),
    });
    const output: ModelResponse['output'] =
      last?.type === 'function_call_result'
        ? [
            {
              type: 'message',
              role: 'assistant',
              status: 'completed',
              content: [{ type: 'output_text', text: 'Sun and rain.' }],
            },
          ]
        : [
            { type: 'reasoning', content: [{ type: 'input_text', text: 'Two cities: two calls.' }] },
            call('call-1', 'Rome'),
            call('call-2', 'Oslo'),
          ];
    return Promise.resolve({ usage: new Usage(), output });
  }

  getStreamedResponse(): AsyncGenerator<never> {
    throw new Error('not streamed');
  }
}

async function twoTurns(session: Session) {
  const model = new FakeModel();
  const weather = tool({
    name: 'weather',
    description: 'The weather of a city',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => `${city}: fine`,
  });
  const agent = new Agent({ name: 'Forecaster', model, tools: [weather] });
  const runner = new Runner({ tracingDisabled: true });
  const first = await runner.run(agent, 'Rome and Oslo?', { session });
  await runner.run(agent, 'And tomorrow?', { session });
  return { answer: first.finalOutput, asked: model.asked };
}

test('a run with tools is kept, and told to the model, as the SDK keeps it in memory', async () => {
  const memory = new MemorySession();
  const session = open();

  const expected = await twoTurns(memory);
  const seen = await twoTurns(session);

  assert.equal(seen.answer, 'Sun and rain.');
  assert.deepEqual(wellFormed(seen), wellFormed(expected));
  const items = await session.getItems();
  assert.deepEqual(items, wellFormed(await memory.getItems()));
  assert.equal(items.length, 14);
});

test('another process reads what one has written', async () => {
  const name = newSession();
  await new ColloquySession(colloquy, name).addItems([user('Hello')]);

  assert.deepEqual(await new ColloquySession(colloquy, name).getItems(), [user('Hello')]);
});

const image = fc.record({ type: fc.constant('input_image' as const), image: url });
const callId = word;
const item: fc.Arbitrary<AgentInputItem> = fc.oneof(
  text.map(user),
  text.map((content) => ({ role: 'user' as const, content })),
  text.map(said),
  text.map((content) => ({ type: 'message' as const, role: 'system' as const, content })),
  fc.record({
    role: fc.constant('user' as const),
    content: fc.array(
      fc.oneof(
        image,
        text.map((t) => ({ type: 'input_text' as const, text: t })),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    providerData: fc.dictionary(text, json, { maxKeys: 3 }),
  }),
  fc.record({
    type: fc.constant('function_call' as const),
    callId,
    name: word,
    arguments: json.map((value) => JSON.stringify(value)),
    status: fc.constantFrom('completed' as const, 'in_progress' as const),
  }),
  fc.record({
    type: fc.constant('function_call_result' as const),
    callId,
    name: word,
    status: fc.constant('completed' as const),
    output: fc.oneof(
      text,
      text.map((t) => ({ type: 'text' as const, text: t })),
    ),
  }),
  fc.record({
    type: fc.constant('reasoning' as const),
    content: fc.array(
      text.map((t) => ({ type: 'input_text' as const, text: t })),
      { maxLength: 2 },
    ),
    providerData: fc.record({ encrypted_content: fc.base64String() }),
  }),
);

test('two hundred random conversations come out as they were put in', () =>
  property(item, async (items) => {
    const session = open();
    await session.addItems(items.slice(0, 5));
    await session.addItems(items.slice(5));
    return session.getItems();
  }));

test('the latest items are asked for by their number', async () => {
  const session = open();
  assert.deepEqual(await session.getItems(3), []);
  await session.addItems(['1', '2', '3', '4'].map(user));

  assert.deepEqual(await session.getItems(2), ['3', '4'].map(user));
  assert.deepEqual(await session.getItems(0), []);
});

test('two processes at once: what is added together stays together, and an item is popped once', async () => {
  const name = newSession();
  const sessions = [1, 2].map(() => new ColloquySession(colloquy, name));
  const runs = Array.from({ length: 10 }, (_, run) =>
    Array.from({ length: 5 }, (_, n) => user(`${run}.${n}`)),
  );

  await Promise.all(runs.map((items, run) => sessions[run % 2]?.addItems(items)));

  const items = await sessions[0]!.getItems();
  assert.equal(items.length, 50);
  for (let i = 0; i < 50; i += 5) assert.ok(runs.some((run) => isSame(run, items.slice(i, i + 5))));
  const popped = await Promise.all(Array.from({ length: 8 }, (_, n) => sessions[n % 2]?.popItem()));
  assert.equal(new Set(popped.map((one) => JSON.stringify(one))).size, 8);
  assert.deepEqual(await sessions[1]!.getItems(), items.slice(0, 42));
});
const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

test('undo hides: the session forgets, the conversation does not', async () => {
  const name = newSession();
  const session = new ColloquySession(colloquy, name);
  assert.equal(await session.popItem(), undefined);
  await session.addItems([user('One'), user('Two')]);

  assert.deepEqual(await session.popItem(), user('Two'));

  assert.deepEqual(await session.getItems(), [user('One')]);
  const [conversation] = await colloquy.conversations.list({ external_id: name.sessionId }).toArray();
  const messages = await colloquy.conversations.messages.list(conversation!.id).toArray();
  assert.deepEqual(
    messages.map(({ content, hidden }) => [content, hidden]),
    [
      ['One', false],
      ['Two', true],
    ],
  );
});

test('a session is cleared, and goes on behind what was compacted', async () => {
  const session = open();
  await session.clearSession();
  await session.addItems([user('One')]);
  await session.clearSession();
  assert.deepEqual(await session.getItems(), []);
  assert.equal(await session.popItem(), undefined);
  await session.addItems([user('Two')]);
  assert.deepEqual(await session.getItems(), [user('Two')]);

  const compacted: AgentInputItem[] = [{ type: 'compaction', encrypted_content: 'abc' }, user('Three')];
  await session.replaceHistoryWithCompaction(compacted);

  assert.deepEqual(await session.getItems(), compacted);
});

test('a branch forks: both go on by themselves', async () => {
  const session = open();
  await session.addItems([user('One'), said('Two'), user('Three')]);

  const whole = await session.fork();
  const branch = await session.fork({ ...newSession(), keep: 2 });
  await branch.addItems([user('Another')]);
  await session.addItems([user('Four')]);

  assert.deepEqual(await whole.getItems(), [user('One'), said('Two'), user('Three')]);
  assert.deepEqual(await branch.getItems(), [user('One'), said('Two'), user('Another')]);
  assert.equal((await session.getItems()).length, 4);
  assert.deepEqual(await (await session.fork({ keep: 0 })).getItems(), []);
});

test('what is too large is refused before anything is stored', async () => {
  const session = open();
  const image: AgentInputItem = {
    role: 'user',
    content: [{ type: 'input_image', image: `data:image/png;base64,${'A'.repeat(5 * 1024 * 1024)}` }],
  };

  await assert.rejects(session.addItems([user('See'), image]), /4 MiB/);

  assert.deepEqual(await session.getItems(), []);
});
