import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { Changes } from './support/changes.js';
import { type Answer, send } from './support/client.js';
import { DatabaseServer } from './support/database-server.js';
import { EarlierRelease } from './support/earlier-release.js';
import { differencesOf, disorderIn, copiesOf, foldOf, Follower, readFeed } from './support/feed.js';
import { FeedTrial } from './support/feed-trial.js';
import { tell } from './support/figures.js';
import { PublisherTrips, type Trip, TRIPS } from './support/publisher-trips.js';
import { COMMAND, Service } from './support/service.js';

const HELLO = { message_from: 'user', content: 'Hello' };
const CLOCK = join(import.meta.dirname, 'support/clock-ahead.mjs');
const HOUR_MS = 60 * 60 * 1000;
const HELD_SECONDS = 5;

const database = await DatabaseServer.start();
let replicas: Service[] = [];
const urls = () => replicas.map(({ url }) => url);
const [API, WORKER] = [{ ROLES: 'api' }, { ROLES: 'worker' }];
const [WRITE, ON] = [{ EVENTS: 'write' }, { EVENTS: 'on' }];
const start = async (...environments: Record<string, string>[]): Promise<void> => {
  replicas = await Promise.all(environments.map((environment) => Service.start(database.url, environment)));
};
/** Whose clock is ahead. */
const startAhead = (ms: number) =>
  Service.start(database.url, { CLOCK_AHEAD_MS: String(ms) }, [
    process.execPath,
    '--import',
    CLOCK,
    ...COMMAND.slice(1),
  ]);
afterEach(async () => {
  await Promise.all(replicas.map(({ process }) => process.stop()));
});

/** Ends a trial: nothing is missing, doubled or out of order, and the fold of the feed is what is there. */
async function expectWhole(story: string, trial: FeedTrial): Promise<void> {
  const { faults, figures } = await trial.finish();
  tell(story, figures);
  const failures = replicas.flatMap(({ process }) =>
    process.output.split('\n').filter((line) => /unhandled|uncaught|internal_error/i.test(line)),
  );
  expect({ faults, failures }).toEqual({ faults: [], failures: [] });
  expect(figures).toMatchObject({ read: figures.acknowledged, doubled: 0, missing: 0, 'out of order': 0 });
}

describe('the feed of two replicas is whole', () => {
  it('when they are killed under load, one after the other', async () => {
    await start({}, {});
    const trial = new FeedTrial({ serviceUrls: urls });
    for (const index of [0, 1, 0]) {
      await trial.changes.progress(200);
      await replicas[index]?.process.kill();
      replicas[index] = await Service.start(database.url);
    }
    await trial.changes.progress(200);
    await expectWhole('3 x kill -9 of a replica', trial);
  });

  it('when the database is killed under load', async () => {
    await start({}, {});
    const trial = new FeedTrial({ serviceUrls: urls });
    for (let kill = 0; kill < 2; kill++) {
      await trial.changes.progress(300);
      await database.kill();
      await database.start();
    }
    await trial.changes.progress(300);
    await expectWhole('2 x kill -9 of the database', trial);
  });

  it('when both publish at once, again and again', async () => {
    await start({}, {});
    const trial = new FeedTrial({ serviceUrls: urls });
    const end = new AbortController();
    const nobodyHoldsTheLease = (async () => {
      for (; !end.signal.aborted; await sleep(20))
        await database.query(
          "UPDATE colloquy.job_lease SET holder_id = 'nobody', held_until = '2020-01-01' WHERE id = 'event-publisher'",
        );
    })();
    await trial.changes.progress(1_000);
    let published: number[] = [];
    await until('both have published', async () => {
      published = await Promise.all(
        replicas.map(async (replica) => {
          const { text } = await replica.send('GET', '/metrics');
          return Number(/^events_published_total (\d+)/m.exec(text)?.[1]);
        }),
      );
      return published.every((count) => count > 50);
    });
    end.abort();
    await nobodyHoldsTheLease;
    await expectWhole(`two publishers at once, with ${published.join(' and ')} events`, trial);
  });

  it('when their clocks differ by two seconds; and for a reader who comes an hour late', async () => {
    replicas = [await Service.start(database.url), await startAhead(2_000)];
    const trial = new FeedTrial({ serviceUrls: urls });
    await trial.changes.progress(800);
    await expectWhole('two clocks that differ by 2 s', trial);

    const [tenant = ''] = trial.tenants;
    const [url = ''] = urls();
    const all = await readFeed(url, tenant);
    const [first, ...others] = all;
    const late = await startAhead(HOUR_MS);
    replicas.push(late);
    expect(await readFeed(late.url, tenant)).toEqual(all);
    expect(await readFeed(late.url, tenant, first?.id)).toEqual(others);
  });
});

it('the publisher may be killed in the middle of each of its trips', async () => {
  const trips = new PublisherTrips();
  const proxy = await TcpProxy.before(database.url, trips.join);
  const newPublisher = () => Service.start(proxy.url, WORKER);
  await start(API);
  let publisher = await newPublisher();
  const trial = new FeedTrial({ serviceUrls: () => urls().slice(0, 1), writers: 4 });
  for (const trip of Object.keys(TRIPS) as Trip[]) {
    await trips.middleOf(trip);
    await publisher.process.kill();
    publisher = await newPublisher();
  }
  replicas.push(publisher);
  await expectWhole('kill -9 of the publisher in each of its trips', trial);
  await publisher.process.stop();
  await proxy.close();
}, 180_000);

it('an append that is held open holds up nobody, and comes when it is committed', async () => {
  await start({}, {});
  const [one, two] = replicas;
  const tenant = 'held';
  const post = async (replica: Service | undefined, path: string, body: unknown): Promise<Answer['body']> =>
    (await replica?.send('POST', `${path}?tenant_id=${tenant}`, body))?.body;
  const slow = await post(one, '/conversations', {});
  const quick = await post(one, '/conversations', {});
  await database.query(`
    CREATE TRIGGER colloquy.hold AFTER INSERT ON colloquy.event_pending FOR EACH ROW
    BEGIN IF NEW.conversation_id = '${slow.id}' THEN DO SLEEP(${HELD_SECONDS}); END IF; END`);
  const trial = new FeedTrial({ serviceUrls: urls });
  const follower = new Follower(tenant, urls);
  let isHeld = true;

  const held = post(one, `/conversations/${slow.id}/messages`, HELLO).finally(() => (isHeld = false));
  const during: unknown[] = [];
  for (let n = 0; n < 5; n++) {
    const { id } = await post(two, `/conversations/${quick.id}/messages`, HELLO);
    await until('its event is there', () => follower.events.some(({ data }) => data['message_id'] === id));
    during.push([quick.id, id]);
  }
  expect(isHeld).toBe(true);
  const { id } = await held;
  await until('its event is there', () => follower.events.some(({ data }) => data['message_id'] === id));
  await database.query('DROP TRIGGER colloquy.hold');
  await follower.stop();

  const told = follower.events
    .slice(2)
    .map(({ conversation_id, data }) => [conversation_id, data['message_id']]);
  expect(told).toEqual([...during, [slow.id, id]]);
  expect(disorderIn(follower.events)).toEqual([]);
  await expectWhole(`an append held open for ${HELD_SECONDS} s`, trial);
});

it('a release without the feed is followed by one that has it through EVENTS=write, both ways', async () => {
  const tenant = 'rolled';
  await start(WRITE);
  const before = new EarlierRelease(database, tenant);
  const changes = new Changes({ serviceUrls: urls, tenants: [tenant], writers: 8 });
  await changes.progress(100);
  await until('the release before has written too', () => before.conversations > 10);
  await before.stop();
  expect((await replicas[0]?.send('GET', '/events'))?.status).toBe(404);
  replicas.push(await Service.start(database.url, WRITE));
  await changes.progress(100);

  const reading: Service[] = [];
  const replace = async (index: number, environment: typeof WRITE) => {
    const [old] = replicas.splice(index, 1);
    reading.splice(0, Infinity, ...reading.filter((replica) => replica !== old));
    await old?.process.stop();
    const next = await Service.start(database.url, environment);
    replicas.splice(index, 0, next);
    if (environment === ON) reading.push(next);
    await changes.progress(200);
  };
  await replace(0, ON);
  const [url = ''] = urls();
  const { body: end } = await send(url, 'GET', `/events?tenant_id=${tenant}&after=latest`);
  const copies = await copiesOf(url, tenant);
  const follower = new Follower(tenant, () => reading.map((replica) => replica.url), end.next_after);
  await replace(1, ON);
  await replace(0, WRITE);
  await replace(0, ON);
  await changes.stop();
  await follower.stop();

  const [first, last] = [end.next_after, follower.events.at(-1)?.id].map((id) => Number(id?.split('-')[1]));
  expect([...changes.unexpected, ...follower.unexpected]).toEqual([]);
  expect(follower.events).toHaveLength(Number(last) - Number(first));
  expect(differencesOf(foldOf(follower.events, copies), await copiesOf(urls()[0] ?? '', tenant))).toEqual([]);
  tell('a rolling update through EVENTS=write', {
    'conversations of the release before': before.conversations,
    'conversations copied': copies.size,
    'events followed': follower.events.length,
    'requests repeated': changes.repeated,
  });
}, 180_000);
