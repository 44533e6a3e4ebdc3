import type { INestApplication } from '@nestjs/common';
import { DataSource, type Logger } from 'typeorm';
import { logWatch } from './log-watch.js';

const TENANT_TABLES = /\b(?:FROM|UPDATE|JOIN)\s+[`"]?(conversation|message|conversation_count)\b/i;
const READS_OR_CHANGES = /^\s*(?:SELECT|UPDATE|DELETE)\b/i;
const SCOPED = /\bWHERE tenant_id = \?/i;

/**
 * Sees every statement that the app sends. One that reads or changes a tenant's table without the tenant in its
 * WHERE is remembered as a leak.
 */
export class StatementWatcher implements Logger {
  readonly statements: string[] = [];
  readonly leaks: string[] = [];

  static on(app: INestApplication): StatementWatcher {
    const watcher = new StatementWatcher();
    app.get(DataSource).logger = watcher;
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
    if (READS_OR_CHANGES.test(statement) && TENANT_TABLES.test(statement) && !SCOPED.test(statement))
      this.leaks.push(statement);
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
