import { describe, expect, it } from '@jest/globals';
import { parseDialogue } from './dialogue.js';
import { LineFailed } from './import-errors.js';

const line = (messages: unknown, others: object = {}): string => JSON.stringify({ messages, ...others });
const user = (content: unknown) => ({ role: 'user', content });

describe('parseDialogue', () => {
  it('maps the roles of chat JSONL', () => {
    const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

    const { messages } = parseDialogue(line(roles.map((role) => ({ role, content: role }))));

    const senders = messages.map((message) => message.message_from);
    expect(senders).toEqual(['system', 'system', 'user', 'agent', 'tool', 'tool']);
  });

  it('keeps content as it is and other members of the line as extend_properties', () => {
    const content = ' \u{1F600} 漢字\r\n\te\u0301\u2028\ufeff ';

    const dialogue = parseDialogue(line([user(content)], { dialogue_id: '1_00000', services: ['Hotels_1'] }));

    expect(dialogue.messages[0]?.content).toBe(content);
    expect(dialogue.conversation.extend_properties).toEqual({
      dialogue_id: '1_00000',
      services: ['Hotels_1'],
    });
  });

  it('keeps numbers beyond double precision and a member named __proto__', () => {
    const text = '{"messages":[],"n":[12345678901234567890,1e400],"__proto__":{"a":1}}';

    const { conversation } = parseDialogue(text);

    expect(JSON.stringify(conversation.extend_properties)).toBe(
      '{"n":[12345678901234567890,1e400],"__proto__":{"a":1}}',
    );
  });

  describe('topic', () => {
    it.each([
      ['the first words of the user', line([{ role: 'system', content: 'x' }, user(' hello\n')]), 'hello'],
      ['nothing when the user says nothing', line([user(' \n')]), undefined],
      ['nothing without a user', line([{ role: 'assistant', content: 'hello' }]), undefined],
      ['the topic of the line', line([user('hello')], { topic: 'Greeting', title: 'x' }), 'Greeting'],
      ['the title of the line', line([user('hello')], { topic: ' ', title: 'Greeting' }), 'Greeting'],
      ['255 code points of a long one', line([user('\u{1F600}'.repeat(300))]), '\u{1F600}'.repeat(255)],
    ])('is %s', (_what, text, topic) => {
      expect(parseDialogue(text).conversation.topic).toBe(topic);
    });

    it('leaves extend_properties, unless it had to be shortened', () => {
      const long = 'x'.repeat(256);

      expect(parseDialogue(line([], { topic: 'a', n: 1 })).conversation.extend_properties).toEqual({ n: 1 });
      expect(parseDialogue(line([], { topic: long })).conversation).toEqual({
        topic: 'x'.repeat(255),
        extend_properties: { topic: long },
      });
    });
  });

  it.each([
    ['not valid JSON', '{"messages": [secret'],
    ['not valid JSON', ''],
    ['nested too deeply', `{"n":1e999,"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['extend_properties is nested more than 100 deep', line([], { a: nest(100) })],
    ['extend_properties is 65543 bytes of JSON, more than 65536', line([], { a: 'x'.repeat(65_535) })],
    ['not an object', '[]'],
    ['not an object', 'null'],
    ['"messages" is not a list', '{}'],
    ['"messages" is not a list', line('secret')],
    ['message 2 is not an object', line([user('a'), 'secret'])],
    ['message 1 has no role', line([{ content: 'secret' }])],
    ['message 1 has the unknown role "robot"', line([{ role: 'robot', content: 'secret' }])],
    ['message 1 has an unknown role', line([{ role: 'secret words', content: 'a' }])],
    ['message 1: content is neither text nor a list of parts', line([user(5)])],
    ['message 1: content is neither text nor a list of parts', line([{ role: 'user' }])],
    ['message 1: content is neither text nor a list of parts', line([user(['secret'])])],
    ['message 1: content contains a NUL character', line([user('secret\0')])],
    ['message 1: content contains half a surrogate pair', line([user('secret\ud83d')])],
    ['message 1: content is 1048578 bytes, more than 1048576', line([user('ä'.repeat(524_289))])],
    ['message 1: metadata is nested more than 100 deep', line([{ ...user('a'), b: nest(100) }])],
    [
      'message 1: metadata is 65543 bytes of JSON, more than 65536',
      line([{ ...user('a'), b: 'x'.repeat(65_535) }]),
    ],
    ['topic contains a NUL character', line([], { topic: 'a\0' })],
  ])('refuses a line: %s', (reason, text) => {
    expect(() => parseDialogue(text)).toThrow(new LineFailed(reason));
  });

  it('accepts what just fits', () => {
    const full = user('ä'.repeat(524_288));

    expect(() => parseDialogue(line([full], { a: 'x'.repeat(65_528), b: nest(99) }))).toThrow(LineFailed);
    expect(() => parseDialogue(line([full], { a: 'x'.repeat(65_528) }))).not.toThrow();
    expect(() => parseDialogue(line([full], { b: nest(99) }))).not.toThrow();
  });
});

function nest(depth: number): unknown {
  return depth === 0 ? 1 : [nest(depth - 1)];
}
