import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { tenantTablesOf } from '../support/tenant-rows.js';

interface VSchema {
  vindexes: Record<string, { type: string }>;
  tables: Record<string, { column_vindexes: { column: string; name: string }[] }>;
}

const ROOT = join(import.meta.dirname, '../..');
const SCHEMA = join(ROOT, 'test/vitess/schema.sql');
const { vindexes, tables } = JSON.parse(
  readFileSync(join(ROOT, 'deploy/vitess/vschema.json'), 'utf8'),
) as VSchema;

const { app } = await createTestApp();
const dataSource = app.get(DataSource);
const all = [...dataSource.entityMetadatas.map(({ tableName }) => tableName), 'migrations'].sort();

describe('the vschema', () => {
  it('has every table', () => {
    expect(Object.keys(tables).sort()).toEqual(all);
  });

  it("spreads a tenant's rows by the tenant, byte by byte", () => {
    const byTenant = Object.keys(tables).filter(
      (table) => tables[table]?.column_vindexes[0]?.column === 'tenant_id',
    );
    expect(byTenant.sort()).toEqual(tenantTablesOf(dataSource).sort());
    for (const table of byTenant) expect(tables[table]?.column_vindexes[0]?.name).toBe('tenant');
    expect(vindexes['tenant']?.type).toBe('xxhash');
  });
});

if (testEngine === 'mysql')
  describe('what statements are explained with', () => {
    it('is the schema that the migrations make', async () => {
      const created = await Promise.all(
        all.map(async (table) => {
          const [row]: { 'Create Table': string }[] = await dataSource.query(`SHOW CREATE TABLE ${table}`);
          return `${row?.['Create Table'].replace(/ AUTO_INCREMENT=\d+/, '')};\n`;
        }),
      );
      if (process.env.RECORD_STATEMENTS === 'true') writeFileSync(SCHEMA, created.join(''));
      expect(created.join('')).toBe(readFileSync(SCHEMA, 'utf8'));
    });
  });
