import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource, QueryRunner } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { addColumns, addIndex, widenColumn } from '../../src/database/schema/alter-table.js';
import { createTable } from '../../src/database/schema/create-table.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { createTestDatabase } from '../support/test-database.js';

const database = await createTestDatabase();
let dataSource: DataSource;
let runner: QueryRunner;

beforeAll(async () => {
  const { database: config } = loadConfig({ environment: { DATABASE_URL: database.url } });
  dataSource = await openDataSource(await dataSourceOptions(config));
  runner = dataSource.createQueryRunner('master');
  await createTable(runner, 'thing', {
    columns: ({ id }) => ({ tenant_id: `${id} NOT NULL`, id: `${id} NOT NULL`, owner: `${id} NULL` }),
    primaryKey: ['tenant_id', 'id'],
    indexes: { thing_by_owner: ['tenant_id', 'owner'] },
  });
  await runner.query("INSERT INTO thing (tenant_id, id, owner) VALUES ('acme', 'old', 'ada')");
});

afterAll(async () => {
  await runner.release();
  await dataSource.destroy();
  await database.drop();
});

const twice = async (change: () => Promise<void>) => {
  await change();
  await change();
};

describe('a table in use', () => {
  it('gets columns, which rows of the release before have by their default', async () => {
    await twice(() =>
      addColumns(runner, 'thing', ({ count, longText }) => ({
        weight: `${count} NOT NULL DEFAULT 7`,
        notes: `${longText} NULL`,
      })),
    );

    await runner.query("INSERT INTO thing (tenant_id, id) VALUES ('acme', 'beside')");
    const rows: unknown = await runner.query('SELECT id, weight, notes FROM thing ORDER BY id');
    expect(rows).toEqual(['beside', 'old'].map((id) => ({ id, weight: 7, notes: null })));
  });

  it('gets the rest of the columns where only some were added before', async () => {
    await addColumns(runner, 'thing', ({ count }) => ({ first: `${count} NULL` }));
    await addColumns(runner, 'thing', ({ count }) => ({ first: `${count} NULL`, second: `${count} NULL` }));
    expect(await runner.hasColumn('thing', 'second')).toBe(true);
  });

  it('gets no column that the release before could not insert without', async () => {
    const adding = addColumns(runner, 'thing', ({ count }) => ({ must: `${count} NOT NULL` }));
    await expect(adding).rejects.toThrow('thing.must needs a DEFAULT');
  });

  it('gets indexes', async () => {
    await twice(() => addIndex(runner, 'thing', 'thing_by_weight', ['tenant_id', 'weight', 'id']));
    await twice(() => addIndex(runner, 'thing', 'thing_once', ['tenant_id', 'id'], { unique: true }));

    const table = await runner.getTable('thing');
    expect(table?.indices.map(({ name, isUnique }) => [name, isUnique])).toEqual(
      expect.arrayContaining([
        ['thing_by_weight', false],
        ['thing_once', true],
      ]),
    );
  });

  it('has room for longer values in a column, also of an index', async () => {
    await twice(() => widenColumn(runner, 'thing', 'owner', ({ externalId }) => `${externalId} NULL`));

    const owner = 'o'.repeat(255);
    await runner.query('UPDATE thing SET owner = ? WHERE tenant_id = ? AND id = ?', [owner, 'acme', 'old']);
    const rows: unknown = await runner.query('SELECT id FROM thing WHERE tenant_id = ? AND owner = ?', [
      'acme',
      owner,
    ]);
    expect(rows).toEqual([{ id: 'old' }]);
  });
});
