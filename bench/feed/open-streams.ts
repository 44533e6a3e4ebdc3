import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeasuredServer } from '../servers.js';
import { percentileOf } from '../statistics.js';
import { FeedClient } from './client.js';
import { milliseconds, type Row } from './row.js';

const TENANT = 'live';
const STREAMS_OF_CREDENTIAL = 100;
const PAUSE_MS = 500;
const KIB = 1024;
const MIB = 2 ** 20;

/** What many open streams of one tenant cost the service: while nothing happens, and with one writer. */
export async function measureStreams(server: MeasuredServer, count: number, seconds: number): Promise<Row[]> {
  const writer = await FeedClient.of(server, TENANT);
  const messages = await writer.newConversation();
  /** By message. */
  const acknowledged = new Map<string, number>();
  await write(1);
  const [idle, written] = [await share(() => sleep(seconds * 1000)), await share(() => write(seconds))];
  const before = await server.ask({ ask: 'collect' });

  const streams = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const reader = `reader-${Math.floor(n / STREAMS_OF_CREDENTIAL)}`;
      return (await FeedClient.of(server, TENANT, reader)).stream('latest');
    }),
  );
  const heard = new Map<string, number[]>();
  const reading = streams.map(async (stream) => {
    for (;;)
      for (const { data } of await stream.next()) {
        const times = heard.get(data.message_id ?? '') ?? [];
        heard.set(data.message_id ?? '', times);
        times.push(performance.now());
      }
  });
  const ended = Promise.allSettled(reading);
  await sleep(1_000);
  const after = await server.ask({ ask: 'collect' });
  const held = await share(() => sleep(seconds * 1000));
  const fanned = await share(() => write(seconds));
  await sleep(2_000);
  for (const stream of streams) stream.close();
  await ended;

  const delays = [...acknowledged].map(([id, time]) => {
    const times = heard.get(id) ?? [];
    if (times.length !== count) throw new Error(`${times.length} of ${count} streams have an event.`);
    return Math.max(...times) - time;
  });
  const resident = after.residentBytes - before.residentBytes;
  const percent = (value: number) => `${value.toFixed(1)} %`;
  const each = `a writer of ${1000 / PAUSE_MS} messages/s`;
  return [
    {
      what: `${count} open streams: memory`,
      figure: `${(resident / MIB).toFixed(0)} MiB, ${(resident / count / KIB).toFixed(0)} KiB each (heap ${((after.heapBytes - before.heapBytes) / count / KIB).toFixed(0)})`,
    },
    {
      what: `${count} open streams: CPU of the service in which nothing happens`,
      figure: `${percent(held)} of a core (without: ${percent(idle)})`,
    },
    {
      what: `${count} open streams and ${each}: CPU of the service`,
      figure: `${percent(fanned)} of a core (without: ${percent(written)})`,
    },
    {
      what: `${count} open streams and ${each}: acknowledged until all have it, median`,
      figure: milliseconds(percentileOf(delays, 0.5)),
    },
  ];

  async function write(forSeconds: number): Promise<void> {
    acknowledged.clear();
    const end = performance.now() + forSeconds * 1000;
    while (performance.now() < end) {
      acknowledged.set(await writer.append(messages), performance.now());
      await sleep(PAUSE_MS);
    }
  }

  /** Of a core, in percent. */
  async function share(work: () => Promise<void>): Promise<number> {
    const [{ cpuMs }, started] = [await server.ask(), performance.now()];
    await work();
    return (((await server.ask()).cpuMs - cpuMs) / (performance.now() - started)) * 100;
  }
}
