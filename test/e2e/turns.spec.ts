import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';

const { app, as } = await createTestApp({ environment: { DATABASE_POOL_SIZE: '10' } });
const flood = as({ tenant: 'flood' });
const neighbour = as({ tenant: 'neighbour' });

describe('tenants take turns at the database', () => {
  it('so that a write does not wait behind all that another tenant has sent before', async () => {
    let done = 0;
    const writes = Array.from({ length: 300 }, () =>
      flood.post('/conversations').then(({ status }) => {
        done++;
        return status;
      }),
    );

    const { status } = await neighbour.post('/conversations');

    expect(status).toBe(201);
    expect(done).toBeLessThan(200);
    expect(new Set(await Promise.all(writes))).toEqual(new Set([201]));
  });

  // SQLite has one writer, and no lock of a row that others could wait for.
  const onServers = testEngine === 'sqlite' ? it.skip : it;
  onServers('so that a tenant whose row is locked does not hold all connections', async () => {
    const { body } = await flood.post('/conversations');
    const locker = app.get(DataSource).createQueryRunner('master');
    await locker.startTransaction();
    await locker.query('SELECT id FROM conversation WHERE tenant_id = ? AND id = ? FOR UPDATE', [
      'flood',
      body.id,
    ]);
    const stuck = Array.from({ length: 30 }, (_, n) =>
      flood.patch(`/conversations/${body.id}`, { topic: `Topic ${n}` }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));

    const others = await Promise.all([
      neighbour.post('/conversations'),
      neighbour.get('/conversations'),
      as().get('//readyz'),
    ]);

    expect(others.map(({ status }) => status)).toEqual([201, 200, 200]);
    await locker.rollbackTransaction();
    await locker.release();
    expect(new Set((await Promise.all(stuck)).map(({ status }) => status))).toEqual(new Set([200]));
  });
});
