import { describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { SqlSession } from '../../src/database/sql/sql-session.js';
import { EpochsRepository } from '../../src/events/epochs.repository.js';
import { Epochs } from '../../src/events/epochs.js';
import { createTestApp } from '../support/create-test-app.js';
import { until } from '../support/until.js';

const on = await createTestApp();
const { databaseUrl } = on;
const write = await createTestApp({ databaseUrl, environment: { EVENTS: 'write' } });
const ada = on.as({ tenant: 'acme' });
const read = (query: Record<string, string> = {}) => ada.get('/events', { query });
/** What a replica does before it listens. */
const start = ({ app }: typeof on) => app.get(Epochs).onApplicationBootstrap();

await ada.post('/conversations');
await until('the event is there', async () => (await read()).body.data.length === 1);
const {
  body: { next_after: before },
} = await read();
const off = await createTestApp({ databaseUrl, environment: { EVENTS: 'off' } });

describe('EVENTS=off', () => {
  it('ends the epoch when it starts, and leaves no events', async () => {
    const { status, body } = await read();
    expect([status, body.code]).toEqual([503, 'unavailable']);
    const eve = off.as({ tenant: 'off' });
    expect((await eve.post('/conversations')).status).toBe(201);
    for (const path of ['/events', '/webhooks'])
      expect((await eve.get(path)).body.code).toBe('route_not_found');
    for (const table of ['event', 'event_pending']) {
      const sql = `SELECT COUNT(*) AS total FROM ${table} WHERE tenant_id = ?`;
      const [row]: { total: unknown }[] = await off.app.get(DataSource).query(sql, ['off']);
      expect(Number(row?.total)).toBe(0);
    }
  });

  it('is followed by another epoch, which the first replica that is on begins', async () => {
    await start(on);
    await start(on);

    const { status, body } = await read({ after: before });
    expect([status, body.code]).toEqual([410, 'events_expired']);
    const { body: page } = await read({ after: body.earliest });
    expect(page).toEqual({ data: [], next_after: body.earliest, has_more: false });
  });
});

describe('EVENTS=write', () => {
  it('leaves events, serves none, and neither begins an epoch nor ends one', async () => {
    const { body: end } = await read({ after: 'latest' });
    await start(write);
    const eve = write.as({ tenant: 'acme', sub: 'eve' });
    const { body } = await eve.post('/conversations');

    for (const path of ['/events', '/webhooks'])
      expect((await eve.get(path)).body.code).toBe('route_not_found');
    const { body: page } = await read({ after: end.next_after, wait: '10' });
    expect(page.data).toMatchObject([{ conversation_id: body.id, actor: { id: 'eve' } }]);
  });
});

if (testEngine !== 'sqlite') {
  // Its events stay where they were left.
  const { app, as } = await createTestApp({ environment: { EVENTS: 'write', ROLES: 'api' } });

  describe('an epoch', () => {
    it('begins when what was left before it is gone for good, were its own commit half done', async () => {
      await as({ tenant: 'acme' }).post('/conversations');
      const left: unknown[] = [];
      const sent = jest.spyOn(SqlSession.prototype, 'affected').mockImplementation(async function (
        this: SqlSession,
        sql,
        parameters,
      ) {
        // From another connection: what is committed.
        if (sql.startsWith('INSERT INTO feed_epoch'))
          left.push(
            ...(await app
              .get(DataSource)
              .query<unknown[]>('SELECT id FROM event_pending WHERE tenant_id = ?', ['acme'])),
          );
        await this.rows(sql, parameters);
        return 1; // which an epoch's beginning does not ask for
      });

      await app.get(EpochsRepository).begin();
      sent.mockRestore();

      const epochs = await app.get(DataSource).query<unknown[]>('SELECT epoch FROM feed_epoch');
      expect({ epochs: epochs.length, left }).toEqual({ epochs: 1, left: [] });
    });
  });
}
