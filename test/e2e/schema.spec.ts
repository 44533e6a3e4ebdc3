import { describe, expect, it } from '@jest/globals';
import { DataSource, type EntityMetadata } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';

interface Table {
  columns: { name: string; type: string; nullable: boolean }[];
  primaryKey: string[];
  indexes: { name: string; unique: boolean; columns: string[] }[];
}

const { app, as } = await createTestApp();
const dataSource = app.get(DataSource);
const entities = dataSource.entityMetadatas;
/** Found by its hash before any tenant is known. */
const TABLES_OF_NO_TENANT = ['api_key', 'feed_epoch', 'job_lease', 'migrations'];
/** For work of the service itself, which serves all tenants at once. */
const INDEXES_ACROSS_TENANTS = [
  'deleted_conversation_by_claim',
  'feed_by_published_time',
  'idempotency_record_by_expiry',
  'webhook_attempt_by_time',
  'webhook_lane_by_wake_time',
];

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/** What each engine makes of the kinds of column that entities name. */
const TYPES: Record<string, { sqlite: string; server: string }> = {
  text: { sqlite: 'text', server: 'mediumtext' },
  datetime: { sqlite: 'datetime', server: 'datetime(3)' },
  bigint: { sqlite: 'bigint', server: 'bigint' },
  tinyint: { sqlite: 'tinyint', server: 'tinyint' },
  blob: { sqlite: 'blob', server: 'mediumblob' },
};

/** SQLite looks at no length, so that a column that was widened keeps the one it had. */
const textType = (type: string): string => (testEngine === 'sqlite' ? type.replace(/\(\d+\)/, '') : type);

function tableOf(entity: EntityMetadata): Table {
  return {
    columns: entity.columns
      .map(({ databaseName, type, length, isNullable }) => ({
        name: databaseName,
        type:
          TYPES[String(type)]?.[testEngine === 'sqlite' ? 'sqlite' : 'server'] ??
          textType(`${String(type)}(${length})`),
        nullable: isNullable,
      }))
      .sort(byName),
    primaryKey: entity.primaryColumns.map(({ databaseName }) => databaseName),
    indexes: entity.indices
      .map(({ name, isUnique, columns }) => ({
        name,
        unique: isUnique,
        columns: columns.map(({ databaseName }) => databaseName),
      }))
      .sort(byName),
  };
}

const query = <Row>(sql: string): Promise<Row[]> => dataSource.query(sql);

async function migratedTables(): Promise<Map<string, Table>> {
  const names = await query<{ name: string }>(
    testEngine === 'sqlite'
      ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
      : 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  );
  const read = testEngine === 'sqlite' ? readSqliteTable : readServerTable;
  const tables = await Promise.all(names.map(async ({ name }) => [name, await read(name)] as const));
  return new Map(tables);
}

async function readSqliteTable(table: string): Promise<Table> {
  const columns = await query<{ name: string; type: string; notnull: number; pk: number }>(
    `PRAGMA table_info(${table})`,
  );
  const indexes = await query<{ name: string; unique: number; origin: string }>(
    `PRAGMA index_list(${table})`,
  );
  return {
    columns: columns
      .map(({ name, type, notnull }) => ({
        name,
        type: textType(type.toLowerCase()),
        nullable: notnull === 0,
      }))
      .sort(byName),
    primaryKey: columns
      .filter(({ pk }) => pk > 0)
      .sort((a, b) => a.pk - b.pk)
      .map(({ name }) => name),
    indexes: await Promise.all(
      indexes
        .filter(({ origin }) => origin !== 'pk')
        .sort(byName)
        .map(async ({ name, unique }) => {
          const parts = await query<{ name: string }>(`PRAGMA index_info(${name})`);
          return { name, unique: unique === 1, columns: parts.map((part) => part.name) };
        }),
    ),
  };
}

async function readServerTable(table: string): Promise<Table> {
  const columns = await query<{ name: string; type: string; nullable: string }>(
    `SELECT column_name AS name, column_type AS type, is_nullable AS nullable FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = '${table}'`,
  );
  const parts = await query<{ name: string; nonUnique: number; columnName: string }>(
    `SELECT index_name AS name, non_unique AS nonUnique, column_name AS columnName FROM information_schema.statistics
     WHERE table_schema = DATABASE() AND table_name = '${table}' ORDER BY index_name, seq_in_index`,
  );
  const indexes = new Map<string, Table['indexes'][number]>();
  for (const { name, nonUnique, columnName } of parts) {
    const index = indexes.get(name) ?? { name, unique: nonUnique === 0, columns: [] };
    index.columns.push(columnName);
    indexes.set(name, index);
  }
  const primaryKey = indexes.get('PRIMARY')?.columns ?? [];
  indexes.delete('PRIMARY');
  return {
    columns: columns
      // MariaDB gives a width that MySQL has done away with.
      .map(({ name, type, nullable }) => ({
        name,
        type: type.replace(/^(big|tiny)int\(\d+\)$/, '$1int'),
        nullable: nullable === 'YES',
      }))
      .sort(byName),
    primaryKey,
    indexes: [...indexes.values()].sort(byName),
  };
}

describe('the migrated schema', () => {
  it('is what the entities say', async () => {
    const tables = await migratedTables();
    tables.delete('migrations');

    expect(Object.fromEntries(tables)).toEqual(
      Object.fromEntries(entities.map((entity) => [entity.tableName, tableOf(entity)])),
    );
  });

  it('has the tenant in front of every key and index of a tenant', async () => {
    const tables = await migratedTables();
    for (const name of TABLES_OF_NO_TENANT) expect(tables.delete(name)).toBe(true);

    const first = [...tables].flatMap(([name, { primaryKey, indexes }]) => [
      [name, 'PRIMARY', primaryKey[0]],
      ...indexes.map((index) => [name, index.name, index.columns[0]]),
    ]);

    expect(tables.size).toBeGreaterThanOrEqual(3);
    const across = first.filter(([, , column]) => column !== 'tenant_id').map(([, index]) => index);
    expect(across.sort()).toEqual(INDEXES_ACROSS_TENANTS);
  });

  it('compares texts byte for byte, trailing spaces included', async () => {
    const ada = as({ tenant: 'acme', sub: 'ada' });
    const topics = ['Straße', 'Strasse', 'straße', 'Straße ', 'Stra\u00dfe\u200b', 'e\u0301', '\u00e9'];
    for (const topic of topics) await ada.post('/conversations', { topic });
    for (const userId of ['u', 'U']) await ada.post('/conversations', { topic: 'user', user_id: userId });

    for (const topic of topics) {
      const rows: { topic: string }[] = await dataSource.query(
        'SELECT topic FROM conversation WHERE tenant_id = ? AND topic = ?',
        ['acme', topic],
      );
      expect(rows).toEqual([{ topic }]);
    }
    const ofUser = await ada.get('/conversations', { query: { user_id: 'U' } });
    expect(ofUser.body.total_count).toBe(1);
    expect((await as({ tenant: 'ACME' }).get('/conversations')).body.total_count).toBe(0);
  });

  if (testEngine !== 'sqlite') {
    it('has byte-wise collations only: ascii for ids, and without padding for all other text', async () => {
      const columns = await query<{ name: string; collation: string }>(
        `SELECT CONCAT(table_name, '.', column_name) AS name, collation_name AS collation
         FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name <> 'migrations' AND collation_name IS NOT NULL`,
      );
      const isId = (name: string) => /(\.|_)id$/.test(name);
      /** Text of ours that is ASCII too. */
      const isToken = (name: string) =>
        /\.(status|message_from|type|epoch|key_hash|fingerprint|outcome|disabled_reason)$/.test(name);

      const wrong = columns.filter(({ name, collation }) =>
        isId(name)
          ? collation !== 'ascii_bin'
          : !/^utf8mb4_(nopad|0900)_bin$/.test(collation) && !(isToken(name) && collation === 'ascii_bin'),
      );

      expect(columns.length).toBeGreaterThan(30);
      expect(wrong).toEqual([]);
    });
  }
});
