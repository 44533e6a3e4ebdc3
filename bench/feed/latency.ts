import { performance } from 'node:perf_hooks';
import type { MeasuredServer } from '../servers.js';
import { percentileOf } from '../statistics.js';
import { FeedClient } from './client.js';
import { milliseconds, type Row, wanted } from './row.js';

const WRITERS = 32;
const MOST_P50_MS = 50;
const MOST_P99_MS = 500;
/** For what was written last. */
const REST_MS = 3_000;

/** From the answer to an append until a reader has its event: one that asks with `wait`, and one with a stream. */
export async function measureLatency(server: MeasuredServer, seconds: number): Promise<Row[]> {
  const client = await FeedClient.of(server, 'latency');
  const conversations = await Promise.all(Array.from({ length: WRITERS }, () => client.newConversation()));
  const acknowledged = new Map<string, number>();
  const read = { wait: new Map<string, number>(), stream: new Map<string, number>() };
  const end = performance.now() + seconds * 1000;

  let after = (await client.page({ after: 'latest' })).next_after;
  const stream = await client.stream(after);
  const streaming = (async () => {
    for (;;)
      for (const { data } of await stream.next()) read.stream.set(data.message_id ?? '', performance.now());
  })().catch(() => undefined);
  const following = (async () => {
    while (performance.now() < end + REST_MS) {
      const page = await client.page({ limit: 1000, wait: 1, after });
      for (const { data } of page.data) read.wait.set(data.message_id ?? '', performance.now());
      after = page.next_after;
    }
  })();
  const writing = conversations.map(async (messages) => {
    while (performance.now() < end) acknowledged.set(await client.append(messages), performance.now());
  });
  await Promise.all([...writing, following]);
  stream.close();
  await streaming;

  const rate = Math.round(acknowledged.size / seconds).toLocaleString('en');
  return Object.entries(read).flatMap(([name, times]): Row[] => {
    const what = `acknowledged to read by ${name}, ${WRITERS} writers, ${rate} appends/s`;
    const missing = [...acknowledged.keys()].filter((id) => !times.has(id)).length;
    if (missing > 0) throw new Error(`${missing} of ${acknowledged.size} events were not read by ${name}.`);
    const waits = [...acknowledged].map(([id, time]) => Math.max(0, (times.get(id) ?? NaN) - time));
    const [p50, p99] = [percentileOf(waits, 0.5), percentileOf(waits, 0.99)];
    return [
      {
        what: `${what}: p50`,
        figure: milliseconds(p50),
        wanted: wanted(`below ${MOST_P50_MS} ms`, p50 < MOST_P50_MS),
      },
      {
        what: `${what}: p99`,
        figure: milliseconds(p99),
        wanted: wanted(`below ${MOST_P99_MS} ms`, p99 < MOST_P99_MS),
      },
    ];
  });
}
