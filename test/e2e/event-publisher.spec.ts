import { expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { EventPublisher } from '../../src/events/event-publisher.js';
import { createTestApp } from '../support/create-test-app.js';
import { insertAll } from '../support/tenant-rows.js';

const { app, as } = await createTestApp({ environment: testEngine === 'sqlite' ? {} : { ROLES: 'api' } });

const pendingOf = (tenant: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    tenant_id: tenant,
    id: String(n).padStart(40, '0'),
    conversation_id: newId(),
    tenant_unit_id: null,
    type: 'conversation.created',
    event_time: '2026-01-31 08:00:00.000',
    version: 1,
    event_count: 1,
    data: JSON.stringify([{ d: {}, a: { id: 'ada', name: null, role: null } }]),
  }));

if (testEngine === 'sqlite')
  it('nothing waits for a publisher: events get their positions at once', async () => {
    const client = as({ tenant: 'acme' });
    await client.post('/conversations');
    expect((await client.get('/events')).body.data).toHaveLength(1);
  });
else
  it('tenants take turns at the publisher, and each keeps its order', async () => {
    const all = { a: pendingOf('a', 500), b: pendingOf('b', 1), c: pendingOf('c', 400) };
    await insertAll(app.get(DataSource), 'event_pending', Object.values(all).flat());
    const publisher = app.get(EventPublisher);
    const feedOf = async (tenant: string) =>
      (await as({ tenant }).get('/events', { query: { limit: 1000 } })).body.data.map(
        ({ conversation_id }: { conversation_id: string }) => conversation_id,
      );

    await publisher.run(); // learns the epoch
    await publisher.run();
    expect((await feedOf('a')).length).toBe(300);
    await publisher.run();
    expect((await feedOf('b')).length).toBe(1);
    while (await publisher.run());

    for (const [tenant, pending] of Object.entries(all))
      expect(await feedOf(tenant)).toEqual(pending.map(({ conversation_id }) => conversation_id));
  });
