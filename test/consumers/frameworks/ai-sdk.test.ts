import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import {
  convertToModelMessages,
  simulateReadableStream,
  stepCountIs,
  streamText,
  tool,
  toUIMessageStream,
  type UIMessage,
  validateUIMessages,
} from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import fc from 'fast-check';
import { z } from 'zod';
import { ColloquyChat } from '@colloquy/client/ai-sdk';
import { colloquy, json, newSession, property, text, url, wellFormed, word } from './support.ts';

const open = () => new ColloquyChat(colloquy, newSession());
const message = (role: UIMessage['role'], said: string, id: string = randomUUID()): UIMessage => ({
  id,
  role,
  parts: [{ type: 'text', text: said }],
});
const textOf = ({ parts }: UIMessage) => parts.map((part) => ('text' in part ? part.text : part.type)).join();
const texts = async (chat: ColloquyChat) => (await chat.load()).map(textOf);

const tools = {
  weather: tool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => `${city}: fine`,
  }),
};

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const stream = (...chunks: object[]) => ({
  stream: simulateReadableStream({ chunks: [{ type: 'stream-start', warnings: [] }, ...chunks] as never[] }),
});
const finish = (unified: string) => ({ type: 'finish', usage, finishReason: { unified, raw: unified } });

/** Thinks, calls two tools at once, and then answers. */
const model = () =>
  new MockLanguageModelV4({
    doStream: [
      stream(
        { type: 'reasoning-start', id: 'r', providerMetadata: { fake: { signature: 'sig' } } },
        { type: 'reasoning-delta', id: 'r', delta: 'Two cities: two calls.' },
        { type: 'reasoning-end', id: 'r' },
        { type: 'tool-call', toolCallId: 'call-1', toolName: 'weather', input: '{"city":"Rome"}' },
        { type: 'tool-call', toolCallId: 'call-2', toolName: 'weather', input: '{"city":"Oslo"}' },
        finish('tool-calls'),
      ),
      stream(
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: 'Sun and rain.' },
        { type: 'text-end', id: 't' },
        finish('stop'),
      ),
    ],
  });

/** A route of a chat, as an application has it. */
async function answer(chat: ColloquyChat, question: UIMessage): Promise<UIMessage[]> {
  await chat.save([question]);
  const messages = await chat.load();
  const result = streamText({
    model: model(),
    tools,
    stopWhen: stepCountIs(5),
    messages: await convertToModelMessages(messages, { tools }),
  });
  let shown: UIMessage[] = [];
  const ui = toUIMessageStream({
    stream: result.stream,
    originalMessages: messages,
    generateMessageId: randomUUID,
    onEnd: async ({ messages: all }) => {
      shown = all;
      await chat.save(all);
    },
  });
  for await (const _chunk of ui);
  return shown;
}

test('a streamed answer with tools is there for the next turn, and for other processes', async () => {
  const name = newSession();

  const shown = await answer(new ColloquyChat(colloquy, name), message('user', 'Rome and Oslo?'));

  const loaded = await new ColloquyChat(colloquy, name).load();
  assert.deepEqual(loaded, wellFormed(shown));
  assert.equal(loaded.length, 2);
  assert.deepEqual(await validateUIMessages({ messages: loaded }), loaded);
  assert.deepEqual(
    await convertToModelMessages(loaded, { tools }),
    await convertToModelMessages(shown, { tools }),
  );
});

const part = fc.oneof(
  text.map((said) => ({ type: 'text' as const, text: said, state: 'done' as const })),
  text.map((said) => ({
    type: 'reasoning' as const,
    text: said,
    providerMetadata: { fake: { signature: said } },
  })),
  fc.constant({ type: 'step-start' as const }),
  url.map((at) => ({ type: 'file' as const, mediaType: 'image/png', url: at })),
  fc.record({ type: word.map((name) => `data-${name}` as const), data: json }),
  fc.tuple(word, word, json, json).map(([name, toolCallId, input, output]) => ({
    type: `tool-${name.repeat(4)}` as const,
    toolCallId,
    state: 'output-available' as const,
    input,
    output,
  })),
);
const ui: fc.Arbitrary<UIMessage> = fc.record(
  {
    id: fc.uuid(),
    role: fc.constantFrom('user' as const, 'assistant' as const, 'system' as const),
    parts: fc.array(part, { maxLength: 8 }),
    metadata: json,
  },
  { requiredKeys: ['id', 'role', 'parts'] },
);

test('two hundred random conversations come out as they were put in', () =>
  property(ui, async (messages) => {
    const chat = open();
    await chat.save(messages.slice(0, 5));
    await chat.save(messages);
    return chat.load();
  }));

test('a message that is sent twice at once is there once', async () => {
  const name = newSession();
  const question = message('user', 'Hello');

  await Promise.all([1, 2, 3].map(() => new ColloquyChat(colloquy, name).save([question])));

  assert.deepEqual(await new ColloquyChat(colloquy, name).load(), [question]);
});

test('two processes save different messages at once, and none is lost', async () => {
  const name = newSession();
  const questions = Array.from({ length: 6 }, (_, n) => message('user', `${n}`));

  await Promise.all(questions.map((one) => new ColloquyChat(colloquy, name).save([one])));

  assert.deepEqual((await texts(new ColloquyChat(colloquy, name))).sort(), questions.map(textOf));
});

test('an answer that changes after it was saved is shown once, as it is now', async () => {
  const chat = open();
  const question = message('user', 'Where am I?');
  const locate = { type: 'tool-locate' as const, toolCallId: 'call-1', input: {} };
  const asked: UIMessage = {
    id: 'answer',
    role: 'assistant',
    parts: [{ ...locate, state: 'input-available' }],
  };
  const answered: UIMessage = { ...asked, parts: [{ ...locate, state: 'output-available', output: 'Rome' }] };
  await chat.save([question, asked]);

  await chat.save([question, answered]);

  assert.deepEqual(await chat.load(), [question, answered]);
});

test('an answer is tried again: the old one is hidden', async () => {
  const chat = open();
  const question = message('user', 'Hello');
  const old = message('assistant', 'Old');
  await chat.save([question, old]);

  await chat.undo(old.id);
  await chat.save([question, message('assistant', 'New')]);

  assert.deepEqual(await texts(chat), ['Hello', 'New']);
});

test('a branch forks: both go on by themselves', async () => {
  const chat = open();
  const [one, two, three] = ['One', 'Two', 'Three'].map((said) => message('user', said));
  await chat.save([one!, two!, three!]);

  const branch = await chat.fork({ ...newSession(), upTo: two!.id });
  await branch.save([message('user', 'Another')]);

  assert.deepEqual(await texts(branch), ['One', 'Two', 'Another']);
  assert.deepEqual(await texts(chat), ['One', 'Two', 'Three']);
  await assert.rejects(chat.fork({ upTo: 'nothing' }), /nothing/);
});

test('a message without an id is refused: all of them would be one', async () => {
  await assert.rejects(open().save([message('user', 'Hello', '')]), /generateMessageId/);
});
