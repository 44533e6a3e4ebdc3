import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BaseListChatMessageHistory } from '@langchain/core/chat_history';
import {
  AIMessage,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  SystemMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { ChatPromptTemplate, MessagesPlaceholder } from '@langchain/core/prompts';
import { RunnableWithMessageHistory } from '@langchain/core/runnables';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import fc from 'fast-check';
import { ColloquyChatMessageHistory } from '@colloquy/client/langchain';
import { colloquy, json, newSession, property, text, url, word } from './support.ts';

const open = () => new ColloquyChatMessageHistory(colloquy, newSession());
const stored = (messages: BaseMessage[]) => mapChatMessagesToStoredMessages(messages);

test('a chain remembers what was said, in any process', async () => {
  const prompt = ChatPromptTemplate.fromMessages([new MessagesPlaceholder('history'), ['human', '{input}']]);
  const chain = new RunnableWithMessageHistory({
    runnable: prompt.pipe(new FakeListChatModel({ responses: ['Inside or outside?', 'It is done.'] })),
    getMessageHistory: (sessionId: string): BaseListChatMessageHistory =>
      new ColloquyChatMessageHistory(colloquy, { sessionId }),
    inputMessagesKey: 'input',
    historyMessagesKey: 'history',
  });
  const name = newSession();

  for (const input of ['A table for 2', 'Inside']) {
    await chain.invoke({ input }, { configurable: name });
  }

  const messages = await new ColloquyChatMessageHistory(colloquy, name).getMessages();
  assert.deepEqual(
    messages.map((message) => [message.getType(), message.text]),
    [
      ['human', 'A table for 2'],
      ['ai', 'Inside or outside?'],
      ['human', 'Inside'],
      ['ai', 'It is done.'],
    ],
  );
});

const call = fc.record({
  id: word,
  name: word,
  args: fc.dictionary(word, json),
  type: fc.constant('tool_call' as const),
});
const message: fc.Arbitrary<BaseMessage> = fc.oneof(
  text.map((content) => new HumanMessage(content)),
  text.map((content) => new AIMessage(content)),
  text.map((content) => new SystemMessage(content)),
  fc.tuple(text, word).map(([content, role]) => new ChatMessage(content, role)),
  fc.tuple(text, url).map(
    ([said, at]) =>
      new HumanMessage({
        content: [
          { type: 'text', text: said },
          { type: 'image_url', image_url: { url: at } },
        ],
        id: 'h-1',
        name: 'ada',
      }),
  ),
  fc.tuple(text, fc.array(call, { maxLength: 3 })).map(
    ([content, tool_calls]) =>
      new AIMessage({
        content: [
          { type: 'reasoning', reasoning: content },
          { type: 'text', text: content },
        ],
        tool_calls,
        usage_metadata: { input_tokens: 12, output_tokens: 4, total_tokens: 16 },
        response_metadata: { model: 'fake' },
      }),
  ),
  fc
    .tuple(text, word, json)
    .map(
      ([content, tool_call_id, artifact]) =>
        new ToolMessage({ content, tool_call_id, artifact, status: 'error' }),
    ),
);

test('two hundred random conversations come out as they were put in', () =>
  property(
    message,
    async (items) => {
      const history = open();
      await history.addMessages(items);
      return history.getMessages();
    },
    // As the library itself reads what it has written.
    (messages) => stored(mapStoredMessagesToChatMessages(stored(messages))),
  ));

test('arguments that look like what the library has serialised come out as they were put in', async () => {
  const history = open();
  const args = { lc: { __lc_escaped__: { lc: 1 } }, other: [{ __lc_escaped__: {} }] };
  const call = { id: 'a', name: 'find', args, type: 'tool_call' as const };
  await history.addMessage(new AIMessage({ content: '', tool_calls: [call] }));

  const [read] = await history.getMessages();

  assert.deepEqual(read instanceof AIMessage && read.tool_calls?.[0]?.args, args);
});

test('two processes write into one history at once', async () => {
  const name = newSession();
  const histories = [1, 2].map(() => new ColloquyChatMessageHistory(colloquy, name));

  await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      histories[n % 2]!.addMessages([new HumanMessage(`${n}?`), new AIMessage(`${n}.`)]),
    ),
  );

  const texts = (await histories[0]!.getMessages()).map((one) => one.text);
  assert.equal(texts.length, 20);
  for (let i = 0; i < 20; i += 2) assert.equal(texts[i]?.replace('?', '.'), texts[i + 1]);
});

test('undo hides, clear starts anew, a branch forks', async () => {
  const history = open();
  await history.addUserMessage('One');
  await history.addAIMessage('Two');
  const texts = async (one: ColloquyChatMessageHistory) => (await one.getMessages()).map((m) => m.text);

  const branch = await history.fork({ keep: 1 });
  assert.equal((await history.popMessage())?.text, 'Two');
  await branch.addAIMessage('Another');

  assert.deepEqual(await texts(history), ['One']);
  assert.deepEqual(await texts(branch), ['One', 'Another']);
  await history.clear();
  assert.deepEqual(await texts(history), []);
});
