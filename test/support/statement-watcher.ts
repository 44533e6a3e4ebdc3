import type { INestApplication } from '@nestjs/common';
import { DataSource, type Logger } from 'typeorm';
import { logWatch } from './log-watch.js';
import { tenantTablesOf } from './tenant-rows.js';

const READS_OR_CHANGES = /^\s*(?:SELECT|UPDATE|DELETE)\b/i;
const SCOPED = /\bWHERE tenant_id = \?/i;
/** All that the service asks for all tenants at once: which deleted conversation is next, and which keys have expired. */
const ACROSS_TENANTS = [
  /^SELECT [^()]+ FROM deleted_conversation DeletedConversation WHERE \(\(DeletedConversation\.claimed_until < \?\)\) ORDER BY DeletedConversation\.claimed_until ASC LIMIT 1$/,
  /^SELECT [^()]+ FROM idempotency_record IdempotencyRecord WHERE \(\(IdempotencyRecord\.expires_time <= \?\)\) ORDER BY IdempotencyRecord_expires_time ASC LIMIT 1 OFFSET \d+$/,
  /^DELETE FROM idempotency_record WHERE expires_time <= \?$/,
  // The publisher, the watch of feeds, their retention, and the beginning of an epoch.
  /^SELECT DISTINCT tenant_id FROM event_pending LIMIT \d+$/,
  /^SELECT tenant_id, epoch, last_position FROM feed WHERE tenant_id IN \([?, ]+\)$/,
  /^SELECT tenant_id, epoch, last_position FROM feed WHERE tenant_id >= \? AND \(tenant_id > \? OR epoch > \?\) ORDER BY tenant_id, epoch LIMIT \?$/,
  /^DELETE FROM event_pending$/,
  // Which webhooks have something to deliver, how many fail or are disabled, whose secrets an old key has sealed, and what was tried long ago.
  /^SELECT [^()]+ FROM webhook_lane lane INNER JOIN \(\s*SELECT tenant_id, id, ROW_NUMBER\(\) OVER [^;]+ FROM webhook_lane AS own\s+WHERE [^;]+ AS due\) placed ON placed\.tenant_id = lane\.tenant_id AND placed\.id = lane\.id WHERE placed\.place <= (\?|\d+)$/,
  /^SELECT COUNT\(1\) AS cnt FROM webhook_lane WebhookLane(?: WHERE \(\(WebhookLane\.failures > (?:\?|0)\)\))?$/,
  /^SELECT [^()]+ FROM webhook webhook WHERE webhook\.secret NOT LIKE \? OR webhook\.previous_secret NOT LIKE \? LIMIT \d+$/,
  /^SELECT COUNT\(1\) AS cnt FROM webhook Webhook WHERE \(\(NOT\(Webhook\.disabled_reason IS NULL\)\)\)$/,
  /^SELECT [^()]+ FROM webhook_attempt WebhookAttempt WHERE \(\(WebhookAttempt\.time <= \?\)\) ORDER BY WebhookAttempt_time ASC LIMIT 1 OFFSET \d+$/,
  /^DELETE FROM webhook_attempt WHERE time <= \?$/,
];

/**
 * Sees every statement that the app sends. One that reads or changes a tenant's table without the tenant in its
 * WHERE is remembered as a leak.
 */
export class StatementWatcher implements Logger {
  readonly statements: string[] = [];
  readonly leaks: string[] = [];
  readonly #tenantTable: RegExp;

  private constructor(tables: readonly string[]) {
    this.#tenantTable = new RegExp(`\\b(?:FROM|UPDATE|JOIN)\\s+[\`"]?(?:${tables.join('|')})\\b`, 'i');
  }

  static on(app: INestApplication): StatementWatcher {
    const dataSource = app.get(DataSource);
    const watcher = new StatementWatcher(tenantTablesOf(dataSource));
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
  }

  #isLeak(statement: string): boolean {
    return (
      READS_OR_CHANGES.test(statement) &&
      this.#tenantTable.test(statement) &&
      !SCOPED.test(statement) &&
      !ACROSS_TENANTS.some((known) => known.test(statement.replaceAll(/[`"]/g, '')))
    );
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
