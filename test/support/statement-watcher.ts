import type { INestApplication } from '@nestjs/common';
import { DataSource, type Logger } from 'typeorm';
import { reasonFor } from './across-tenants.js';
import { isKnown } from '../vitess/known-statements.js';
import { logWatch } from './log-watch.js';
import { tenantTablesOf } from './tenant-rows.js';

const READS_OR_CHANGES = /^\s*(?:SELECT|UPDATE|DELETE)\b/i;
const READS_OR_WRITES = /^\s*\(?(?:SELECT|INSERT|UPDATE|DELETE)\b/i;
const SCOPED = /\bWHERE tenant_id = \?/i;
/**
 * Sees every statement that the app sends. One that reads or changes a tenant's table without the tenant in its
 * WHERE is remembered as a leak.
 */
export class StatementWatcher implements Logger {
  readonly statements: string[] = [];
  readonly leaks: string[] = [];
  /** Of which test/vitess/statements.sql, and so docs/vitess.md, does not know yet how many shards they need. */
  readonly unknown: string[] = [];
  readonly #tenantTable: RegExp;
  readonly #table: RegExp;

  private constructor(tables: readonly string[], all: readonly string[]) {
    this.#table = new RegExp(`\\b(?:FROM|UPDATE|INTO) [\`"]?(?:${all.join('|')})\\b`, 'i');
    this.#tenantTable = new RegExp(`\\b(?:FROM|UPDATE|JOIN)\\s+[\`"]?(?:${tables.join('|')})\\b`, 'i');
  }

  static on(app: INestApplication): StatementWatcher {
    const dataSource = app.get(DataSource);
    const watcher = new StatementWatcher(
      tenantTablesOf(dataSource),
      dataSource.entityMetadatas.map(({ tableName }) => tableName),
    );
    dataSource.logger = watcher;
    return watcher;
  }

  /** Several statements may be sent at once; they share the parameters, each in its turn. */
  logQuery(query: string, parameters: unknown[] = []): void {
    logWatch.keep(parameters);
    let taken = 0;
    for (const statement of query.split('; ')) {
      const end = taken + (statement.match(/\?/g)?.length ?? 0);
      this.see(statement, parameters.slice(taken, end));
      taken = end;
    }
  }

  see(statement: string, _parameters: unknown[]): void {
    this.statements.push(statement);
    if (this.#isLeak(statement)) this.leaks.push(statement);
    if (testEngine !== 'sqlite' && this.#isOfService(statement) && !isKnown(statement))
      this.unknown.push(statement);
  }

  #isOfService(statement: string): boolean {
    return READS_OR_WRITES.test(statement) && this.#table.test(statement);
  }

  #isLeak(statement: string): boolean {
    return (
      READS_OR_CHANGES.test(statement) &&
      this.#tenantTable.test(statement) &&
      !SCOPED.test(statement) &&
      reasonFor(statement) === undefined
    );
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
