import type { ObjectLiteral, Repository } from 'typeorm';
import type { TenantScope } from '../tenancy/tenant-scope.js';
import { ConnectionLost, type Row, SqlSession } from './sql-session.js';
import { Transaction } from './transactions.js';

/** Rows that belong to a tenant, and to one of its units or to none. */
interface TenantOwned extends ObjectLiteral {
  tenantId: string;
  tenantUnitId: string | null;
}

interface Selection {
  /** SQL condition with `?` for each parameter; columns by their names. It can only narrow what the scope allows. */
  where?: string;
  parameters?: readonly unknown[];
  orderBy?: string;
  limit?: number;
  offset?: number;
  /** Index that MySQL and MariaDB must use, where their optimiser would have to guess. */
  index?: string;
}

/** Bytes of SQL text in one INSERT; far below the smallest `max_allowed_packet` (16 MiB) even if all is escaped. */
const MAX_INSERT_BYTES = 2 * 1024 * 1024;
const MAX_INSERT_ROWS = 100;
const MAX_READ_ATTEMPTS = 3;

/**
 * The one door to a tenant's rows. Every statement it makes carries the tenant of the scope (and its unit) in its
 * WHERE, with the caller's condition in parentheses behind it; TypeORM's repository stays private, so that no
 * `save`, array of criteria or bare builder can reach past it.
 */
export abstract class TenantScopedRepository<Entity extends TenantOwned> {
  readonly #repository: Repository<Entity>;

  constructor(repository: Repository<Entity>) {
    this.#repository = repository;
  }

  /** Rows as they are committed. */
  protected async select(scope: TenantScope, selection: Selection): Promise<Entity[]> {
    return this.#reading((session) => this.#select(scope, session, selection));
  }

  /** Rows as the transaction sees them. */
  protected async selectIn(
    scope: TenantScope,
    transaction: Transaction,
    selection: Selection,
  ): Promise<Entity[]> {
    return this.#select(scope, Transaction.sessionOf(transaction), selection);
  }

  protected async count(scope: TenantScope, { where, parameters = [] }: Selection): Promise<number> {
    const sql = this.#statement(scope, `SELECT COUNT(*) AS total FROM ${this.#table}`, where);
    const bound = this.#bind([...scopeOf(scope), ...parameters]);
    const [row] = await this.#reading((session) => session.rows(sql, bound));
    return Number(row?.total);
  }

  /** Inserts whole rows; the tenant is the scope's, and so is the unit if the scope has one. */
  protected async insert(
    scope: TenantScope,
    transaction: Transaction,
    rows: readonly Omit<Entity, 'tenantId'>[],
  ): Promise<void> {
    const columns = this.#metadata.columns;
    const head = `INSERT INTO ${this.#table} (${columns.map((c) => c.databaseName).join(', ')}) VALUES `;
    const tuple = `(${columns.map(() => '?').join(', ')})`;
    const values = rows.map((row) => this.#valuesOf(scope, row));
    for (const chunk of chunks(values)) {
      await Transaction.sessionOf(transaction).affected(
        head + chunk.map(() => tuple).join(', '),
        chunk.flat(),
      );
    }
  }

  /** Changes rows; `set` is SQL with `?` for its parameters. Returns how many rows `where` matched. */
  protected async update(
    scope: TenantScope,
    transaction: Transaction,
    change: { set: string; values: readonly unknown[]; where: string; parameters: readonly unknown[] },
  ): Promise<number> {
    if (/tenant/i.test(change.set)) throw new Error('A row never changes its tenant or unit.');
    const sql = this.#statement(scope, `UPDATE ${this.#table} SET ${change.set}`, change.where);
    return Transaction.sessionOf(transaction).affected(
      sql,
      this.#bind([...change.values, ...scopeOf(scope), ...change.parameters]),
    );
  }

  /** Deletes rows and returns how many there were. */
  protected async delete(
    scope: TenantScope,
    transaction: Transaction,
    { where, parameters }: { where: string; parameters: readonly unknown[] },
  ): Promise<number> {
    const sql = this.#statement(scope, `DELETE FROM ${this.#table}`, where);
    return Transaction.sessionOf(transaction).affected(sql, [...scopeOf(scope), ...parameters]);
  }

  async #select(scope: TenantScope, session: SqlSession, selection: Selection): Promise<Entity[]> {
    const { where, parameters = [], orderBy, limit, offset, index } = selection;
    const hint = index && this.#isMysql ? ` FORCE INDEX (${index})` : '';
    const columns = this.#metadata.columns.map((column) => column.databaseName).join(', ');
    const tail =
      (orderBy ? ` ORDER BY ${orderBy}` : '') +
      (limit === undefined ? '' : ' LIMIT ?') +
      (offset === undefined ? '' : ' OFFSET ?');
    const sql = this.#statement(scope, `SELECT ${columns} FROM ${this.#table}${hint}`, where, tail);
    const window = [limit, offset].filter((n) => n !== undefined);
    const rows = await session.rows(sql, this.#bind([...scopeOf(scope), ...parameters, ...window]));
    return rows.map((row) => this.#entityOf(row));
  }

  /** `head` + the scope's condition AND the caller's in parentheses + `tail`. */
  #statement(scope: TenantScope, head: string, where?: string, tail = ''): string {
    const unit = scope.tenantUnitId === null ? '' : ' AND tenant_unit_id = ?';
    return `${head} WHERE tenant_id = ?${unit}${where ? ` AND (${where})` : ''}${tail}`;
  }

  /** Reads on a connection of its own; one that turns out to be broken is replaced. */
  async #reading<T>(read: (session: SqlSession) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const runner = this.#repository.manager.dataSource.createQueryRunner('slave');
      try {
        return await read(new SqlSession(runner));
      } catch (error) {
        if (!(error instanceof ConnectionLost) || attempt === MAX_READ_ATTEMPTS) throw error;
      } finally {
        await runner.release();
      }
    }
  }

  #valuesOf(scope: TenantScope, row: Omit<Entity, 'tenantId'>): unknown[] {
    if (scope.tenantUnitId !== null && row.tenantUnitId !== scope.tenantUnitId) {
      throw new Error('A row is created in the unit of the scope.');
    }
    return this.#metadata.columns.map((column): unknown => {
      if (column.propertyName === 'tenantId') return scope.tenantId;
      return this.#driver.preparePersistentValue(row[column.propertyName], column);
    });
  }

  #entityOf(row: Row): Entity {
    const entity = this.#repository.create();
    for (const column of this.#metadata.columns) {
      column.setEntityValue(entity, this.#driver.prepareHydratedValue(row[column.databaseName], column));
    }
    return entity;
  }

  /** Parameters as the driver wants them: a Date as the engine stores one. */
  #bind(parameters: readonly unknown[]): unknown[] {
    const time = this.#metadata.columns.find((column) => column.type === 'datetime');
    return parameters.map((value): unknown =>
      value instanceof Date && time ? this.#driver.preparePersistentValue(value, time) : value,
    );
  }

  get #metadata() {
    return this.#repository.metadata;
  }

  get #driver() {
    return this.#repository.manager.dataSource.driver;
  }

  get #isMysql(): boolean {
    return this.#repository.manager.dataSource.options.type !== 'better-sqlite3';
  }

  get #table(): string {
    return this.#metadata.tableName;
  }
}

/** The parameters of the scope's condition. */
const scopeOf = ({ tenantId, tenantUnitId }: TenantScope): string[] =>
  tenantUnitId === null ? [tenantId] : [tenantId, tenantUnitId];

function* chunks(rows: readonly unknown[][]): Generator<unknown[][]> {
  let chunk: unknown[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);
    if (chunk.length > 0 && (chunk.length === MAX_INSERT_ROWS || bytes + size > MAX_INSERT_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}
