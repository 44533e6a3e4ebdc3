import { afterAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { ConversationCountsAudit } from '../../src/conversations/conversation-counts.audit.js';
import { RUN_STATUSES } from '../../src/conversations/run-status.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { createTestApp } from '../support/create-test-app.js';

const { as, databaseUrl } = await createTestApp();
/** As the command line has it, unwatched: it may look across tenants. */
const dataSource = await openDataSource(
  await dataSourceOptions(loadConfig({ environment: { DATABASE_URL: databaseUrl } }).database),
);
afterAll(() => dataSource.destroy());
const audit = new ConversationCountsAudit(dataSource);
const clients = [as({ tenant: 'acme' }), as({ tenant: 'acme', unit: 'sales' }), as({ tenant: 'other' })];
const AGENTS = [null, '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80'];

describe('the counters of conversations', () => {
  it('agree with what there is after many concurrent creates, changes and deletes', async () => {
    await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const client = clients[n % clients.length] ?? as({ tenant: 'acme' });
        const { body } = await client.post('/conversations', {
          agent_id: AGENTS[n % 2],
          status: RUN_STATUSES[n % 8],
        });
        const path = `/conversations/${body.id}`;
        await Promise.all([
          client.patch(`${path}/status`, { status: RUN_STATUSES[(n + 3) % 8] }),
          client.patch(`${path}/status`, { status: RUN_STATUSES[(n + 5) % 8] }),
          ...(n % 4 === 0 ? [client.delete(path)] : []),
        ]);
      }),
    );

    expect(await audit.faults()).toEqual([]);
    for (const client of clients) {
      const filters: Record<string, string>[] = [
        {},
        { status: 'running' },
        { agent_id: String(AGENTS[1]) },
        { agent_id: String(AGENTS[1]), statuses: 'failed,paused' },
      ];
      for (const query of filters) {
        const { body } = await client.get('/conversations', { query: { ...query, page_size: 200 } });
        expect(body.total_count).toBe(body.data.length);
      }
    }
  });

  it('are found wrong, and counted anew', async () => {
    await dataSource.query(
      "UPDATE conversation_count SET total = total + 3 WHERE tenant_id = 'other' AND shard = 1",
    );
    await dataSource.query("DELETE FROM conversation_count WHERE tenant_id = 'acme'");
    const faults = await audit.faults();
    expect(new Set(faults.map(({ tenant_id }) => tenant_id))).toEqual(new Set(['acme', 'other']));

    await audit.rebuild('acme');
    await audit.rebuild('other');

    expect(await audit.faults()).toEqual([]);
  });

  it('do not end a walk when they are behind for a moment', async () => {
    const client = as({ tenant: 'late' });
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await client.post('/conversations')).body.id);
    await dataSource.query("DELETE FROM conversation_count WHERE tenant_id = 'late'");

    const page = await client.get('/conversations', { query: { page_size: 2, order: 'oldest' } });
    const cursor = page.body.next_cursor;
    const rest = await client.get('/conversations', { query: { page_size: 2, order: 'oldest', cursor } });

    const seen = [...page.body.data, ...rest.body.data].map(({ id }) => id);
    expect(page.body.has_next_page).toBe(true);
    expect(seen).toEqual(ids);
  });
});
