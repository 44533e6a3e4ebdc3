import type { INestApplication } from '@nestjs/common';
import { DataSource, type Logger } from 'typeorm';

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

  logQuery(query: string): void {
    this.statements.push(query);
    if (READS_OR_CHANGES.test(query) && TENANT_TABLES.test(query) && !SCOPED.test(query))
      this.leaks.push(query);
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
