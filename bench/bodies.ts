// What it costs to read an allowed body, from bytes to DTO, against JSON.parse of the same bytes.
import type { Fault } from '../src/common/errors/domain-error.js';
import { parseBody } from '../src/http/body-parser.js';
import { readBody } from '../src/http/validation/read-input.js';
import { AppendMessageDto, AppendMessagesDto } from '../src/messages/dto/append-message.dto.js';
import { CreateConversationDto } from '../src/messages/dto/create-conversation.dto.js';

const ROUNDS = 40;
/** A round of a small body is shorter than the clock is exact. */
const MIN_ROUND_BYTES = 100_000;

/** What reading should cost at most, in times what JSON.parse does. */
const WANTED = 3;
/** Of bodies where JSON.parse takes a microsecond for a message: its members are checked one by one. */
const WANTED_OF_LITTLE = 6;

interface BodyCost {
  readonly body: string;
  readonly kilobytes: number;
  readonly parseMs: number;
  readonly readMs: number;
  readonly wanted: number;
}

const said = { message_from: 'agent', content: 'There is a table for two at half past eleven.' };
const toolCall = { type: 'tool_call', id: 'call-1', arguments: { seats: 2, options: [true, null] } };
const whole = {
  ...said,
  run_id: 'run-42',
  agent_id: '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80',
  user_id: 'ada',
  requested_time: '2026-01-31T08:00:00.000Z',
  input_tokens: 12,
  answer_tokens: 30,
  feedback: 'helpful',
  metadata: { acts: ['INFORM'], model: { name: 'm', temperature: 0.7 } },
};

const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);
const batch = (message: object, count = 500) => JSON.stringify({ messages: times(count, message) });
const members = (count: number) =>
  Object.fromEntries(times(count, 1).map((value, n) => [`member_${n}`, value]));
const embedding = Array.from({ length: 1_500 }, (_, n) => Math.sin(n));

type Dto = new () => object;
const BODIES: readonly [body: string, Dto: Dto, text: string, wanted?: number][] = [
  ['a message', AppendMessageDto, JSON.stringify(said), WANTED_OF_LITTLE],
  ['a message of 100 KiB', AppendMessageDto, JSON.stringify({ ...said, content: 'word '.repeat(20_480) })],
  ['500 short messages', AppendMessagesDto, batch(said), WANTED_OF_LITTLE],
  ['500 messages with all members', AppendMessagesDto, batch(whole), WANTED_OF_LITTLE],
  [
    'the same, indented',
    AppendMessagesDto,
    JSON.stringify(JSON.parse(batch(whole)), null, 2),
    WANTED_OF_LITTLE,
  ],
  ['100 messages of 1 KiB', AppendMessagesDto, batch({ ...said, content: 'word '.repeat(205) }, 100)],
  ['7 messages of 1 MB', AppendMessagesDto, batch({ ...said, content: 'x'.repeat(1e6) }, 7)],
  ['the same, quotes and lines', AppendMessagesDto, batch({ ...said, content: 'A\n"b" c\n'.repeat(1e5) }, 7)],
  [
    '20 messages of 300 KiB, Chinese',
    AppendMessagesDto,
    batch({ ...said, content: '会話を保存'.repeat(2e4) }, 20),
  ],
  [
    '500 messages of 20 parts',
    AppendMessagesDto,
    batch({ message_from: 'agent', parts: times(20, toolCall) }),
  ],
  ['95,000 members', AppendMessagesDto, batch({ ...said, metadata: members(190) })],
  ['60 embeddings of 1,500', AppendMessagesDto, batch({ ...said, metadata: { embedding } }, 60)],
  [
    '95,000 numbers beyond a double',
    AppendMessagesDto,
    batch({ ...said, metadata: { n: times(190, 7e15) } }).replaceAll(
      '7000000000000000',
      '12345678901234567890',
    ),
  ],
  ['95,000 empty objects', AppendMessagesDto, batch({ ...said, metadata: { n: times(190, {}) } })],
  ['inputs of 64 KiB', CreateConversationDto, JSON.stringify({ inputs: members(3_500) })],
];

/** In turn, so that whatever else the machine does meets both; the fastest round of each counts. */
export function bodyCosts(): BodyCost[] {
  return BODIES.map(([body, Dto, text, wanted = WANTED]) => {
    const bytes = Buffer.from(text);
    const repeats = Math.ceil(MIN_ROUND_BYTES / bytes.length);
    const read = () => {
      const faults: Fault[] = [];
      readBody(Dto, parseBody(bytes), faults);
      if (faults.length > 0) throw new Error(`${body}: ${JSON.stringify(faults)}`);
    };
    let parseMs = Infinity;
    let readMs = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      parseMs = Math.min(
        parseMs,
        durationOf(() => JSON.parse(bytes.toString()), repeats),
      );
      readMs = Math.min(readMs, durationOf(read, repeats));
    }
    return { body, kilobytes: bytes.length / 1024, parseMs, readMs, wanted };
  });
}

function durationOf(work: () => unknown, repeats: number): number {
  const start = performance.now();
  for (let n = 0; n < repeats; n++) work();
  return (performance.now() - start) / repeats;
}
