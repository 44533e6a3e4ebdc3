import { expect, it } from '@jest/globals';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';
import { Writers } from './support/writers.js';

const MESSAGES = 200_000;
/** What one transaction may remove. */
const MAX_STEP = 100;

const database = await DatabaseServer.start();
for (const user of ['first', 'second', 'third']) await database.addUser(user);
/** The server's log tells the replicas apart by the user they come as. */
const startAs = (user: string) => Service.start(database.url.replace('app:app', `${user}:${user}`));

interface Step {
  replica: string;
  from: number;
  to: number;
}

/** Every removal of messages that the server was sent, in its order. */
async function steps(): Promise<Step[]> {
  const rows = await database.query<{ replica: string; statement: string }>(`
    SELECT SUBSTRING_INDEX(user_host, '[', 1) AS replica, CONVERT(argument USING utf8mb4) AS statement
    FROM mysql.general_log WHERE argument LIKE 'DELETE FROM message %' ORDER BY event_time`);
  return rows.map(({ replica, statement }) => {
    const [, from, to] = /sequence >= (\d+) AND sequence <= (\d+)/.exec(statement) ?? [];
    return { replica, from: Number(from), to: Number(to) };
  });
}

async function count(table: string, conversationId: string): Promise<number> {
  const column = table === 'message' ? 'conversation_id' : 'id';
  const [row] = await database.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM colloquy.${table} WHERE ${column} = '${conversationId}'`,
  );
  return Number(row?.n);
}

it('removes 200,000 messages in small steps that delay nobody, and goes on after a kill -9', async () => {
  const first = await startAs('first');
  let replicas = [first];
  const id = await first.newConversation();
  await first.send('POST', `/conversations/${id}/messages`, { message_from: 'user', content: 'Hello' });
  await fill(id);
  const otherId = await first.newConversation();
  await database.query('SET GLOBAL general_log = ON');

  const deleted = await first.send('DELETE', `/conversations/${id}`);
  const left = await count('message', id);
  const gone = await Promise.all(
    [`/conversations/${id}`, `/conversations/${id}/messages`].map((path) => first.send('GET', path)),
  );
  const load = new Writers({
    serviceUrls: () => replicas.map(({ url }) => url),
    conversationIds: [otherId],
    writers: 4,
  });
  await until('some are removed', async () => (await steps()).length > 20);
  await first.process.kill();
  const removedByFirst = MESSAGES - (await count('message', id));
  replicas = [await startAs('second'), await startAs('third')];
  await until('all are removed', async () => (await count('deleted_conversation', id)) === 0);
  await load.progress(50);
  await load.stop();
  await database.query('SET GLOBAL general_log = OFF');

  // DELETE itself has removed next to none.
  expect([deleted.status, ...gone.map(({ status }) => status)]).toEqual([204, 404, 404]);
  expect(left).toBeGreaterThan(0);
  expect(removedByFirst).toBeGreaterThan(0);
  expect(removedByFirst).toBeLessThan(MESSAGES);
  expect(await count('message', id)).toBe(0);
  const removals = await steps();
  for (const { from, to } of removals) expect(to - from).toBeLessThan(MAX_STEP);
  const [byFirst, byOthers] = [true, false].map((isFirst) =>
    removals.filter(({ replica }) => (replica === 'first') === isFirst),
  );
  // It goes on where the commits of the killed one end, and each message is removed by one step of one replica.
  expect(byOthers?.[0]?.from).toBe(removedByFirst + 1);
  expect(byOthers?.map(({ from }) => from)).toEqual([
    removedByFirst + 1,
    ...(byOthers?.slice(0, -1).map(({ to }) => to + 1) ?? []),
  ]);
  expect(new Set(byOthers?.map(({ replica }) => replica)).size).toBe(1);
  expect(byOthers?.at(-1)?.to).toBe(MESSAGES);
  const [survivor] = replicas;
  expect(await load.faults(survivor?.url ?? '')).toEqual([]);
  tell('DELETE of 200,000 messages', {
    steps: removals.length,
    'before the kill': byFirst?.length,
    'removed before the kill': removedByFirst,
    'appends meanwhile': load.acknowledged,
    'slowest append in ms, the kill included': Math.round(load.longestPauseMs),
  });
});

/** A table of 0 to 999,999, as `seq`, on any server. */
const DIGITS = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ');
const POWERS = [1, 10, 100, 1_000, 10_000, 100_000];
const NUMBERS = `(SELECT ${POWERS.map((power) => `d${power}.d * ${power}`).join(' + ')} AS seq
  FROM ${POWERS.map((power) => `(${DIGITS}) AS d${power}`).join(' JOIN ')}) AS numbers`;

/** Copies the one message of a conversation until it has all of them. */
async function fill(id: string): Promise<void> {
  const columns = (
    await database.query<{ name: string }>(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'colloquy' AND table_name = 'message'",
    )
  ).map(({ name }) => name);
  const values = columns.map((name) => {
    if (name === 'sequence') return 'seq';
    return name === 'id' ? "CONCAT(LEFT(id, 24), LPAD(HEX(seq), 12, '0'))" : name;
  });
  await database.query(`
    INSERT INTO colloquy.message (${columns.join(', ')})
    SELECT ${values.join(', ')} FROM colloquy.message JOIN ${NUMBERS}
    WHERE conversation_id = '${id}' AND sequence = 1 AND seq BETWEEN 2 AND ${MESSAGES}`);
  await database.query(`UPDATE colloquy.conversation SET message_count = ${MESSAGES} WHERE id = '${id}'`);
}
