import { performance } from 'node:perf_hooks';
import type { Database } from '../database.js';
import type { Progress } from '../progress.js';
import type { MeasuredServer } from '../servers.js';
import { percentileOf } from '../statistics.js';
import { FeedClient } from './client.js';
import { milliseconds, type Row } from './row.js';

const TENANT = 'large';
const PAGES = 300;
const PAGE_SIZE = 100;
const LARGEST_PAGE = 1_000;
const CHUNK = 50_000;
/** Conversations that are written to at the same time, and how long each gets. */
const AT_A_TIME = 50;
const MESSAGES = 20;

/** Fills the feed of a tenant, each event in a row of its own: the most that there can be to read. */
export async function fillFeed(database: Database, events: number, progress: Progress): Promise<void> {
  const { connection } = database;
  const data = JSON.stringify([
    {
      d: { message_id: '019d0000-0000-7000-8000-000000000000', sequence: 1, message_from: 'user' },
      a: { id: 'ada', name: 'Ada Lovelace', role: 'operator' },
      r: '019d0000-0000-7000-8000-00000000000f',
    },
  ]);
  const conversation = `FLOOR(seq / ${AT_A_TIME * MESSAGES}) * ${AT_A_TIME} + seq % ${AT_A_TIME}`;
  await connection.query('SET SESSION unique_checks = 0');
  for (let first = 1; first <= events; first += CHUNK) {
    progress.show(`filling a feed, ${first.toLocaleString('en')} events`, first / events);
    await connection.query(
      `INSERT INTO event (tenant_id, epoch, position, conversation_id, tenant_unit_id, type, event_time, version,
         event_count, data)
       SELECT ?, epoch, seq, CONCAT('019d0000-0000-7000-8000-', LPAD(${conversation}, 12, '0')), NULL,
         'message.created', UTC_TIMESTAMP(3), 1, 1, ?
       FROM seq_${first}_to_${Math.min(events, first + CHUNK - 1)}, feed_epoch`,
      [TENANT, data],
    );
  }
  await connection.query(
    'INSERT INTO feed (tenant_id, epoch, first_position, last_position) SELECT ?, epoch, 1, ? FROM feed_epoch',
    [TENANT, events],
  );
}

/** Pages at the beginning, in the middle and at the end of the feed, in turns; no two are the same. */
export async function measurePages(
  server: MeasuredServer,
  events: number,
  progress: Progress,
): Promise<Row[]> {
  const client = await FeedClient.of(server, TENANT);
  const epoch = await epochOf(client);
  const stretch = Math.min(PAGES * PAGE_SIZE, Math.floor(events / 3));
  const places = {
    'at the beginning': 0,
    'in the middle': Math.floor((events - stretch) / 2),
    'at the end': events - stretch,
  };
  const times = new Map<string, number[]>();
  for (let page = 0; page < PAGES; page++)
    for (const [name, place] of Object.entries(places)) {
      progress.show(`reading pages of a feed`, page / PAGES);
      const position = place + Math.floor(((stretch - PAGE_SIZE) * page) / PAGES);
      const started = performance.now();
      const { data } = await client.page({ after: `${epoch}-${position}`, limit: PAGE_SIZE });
      times.set(name, [...(times.get(name) ?? []), performance.now() - started]);
      if (data.length !== PAGE_SIZE) throw new Error(`A page at ${position} has ${data.length} events.`);
    }
  const first = percentileOf(times.get('at the beginning') ?? [], 0.5);
  return [...times].map(([name, all]) => {
    const median = percentileOf(all, 0.5);
    return {
      what: `a page of ${PAGE_SIZE} of ${events.toLocaleString('en')} events ${name}: median`,
      figure: `${milliseconds(median)}, ${(median / first).toFixed(2)} of the beginning`,
    };
  });
}

/** How many events a second one reader gets of what is there. */
export async function measureReading(
  server: MeasuredServer,
  events: number,
  seconds: number,
): Promise<Row[]> {
  const client = await FeedClient.of(server, TENANT);
  const epoch = await epochOf(client);

  let [started, read, after] = [performance.now(), 0, `${epoch}-0`];
  const isOver = () => read >= events || performance.now() - started > seconds * 1000;
  const rate = () => Math.round((read / (performance.now() - started)) * 1000).toLocaleString('en');
  while (!isOver()) {
    const page = await client.page({ limit: LARGEST_PAGE, after });
    read += page.data.length;
    after = page.next_after;
  }
  const byPull = rate();

  [started, read] = [performance.now(), 0];
  const stream = await client.stream(`${epoch}-0`);
  while (!isOver()) read += (await stream.next()).length;
  const byStream = rate();
  stream.close();
  return [
    { what: `one reader by pull, pages of ${LARGEST_PAGE.toLocaleString('en')}: events/s`, figure: byPull },
    { what: 'one reader by stream: events/s', figure: byStream },
  ];
}

async function epochOf(client: FeedClient): Promise<string> {
  const [epoch = ''] = (await client.page({ after: 'latest' })).next_after.split('-');
  return epoch;
}
