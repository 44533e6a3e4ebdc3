import type { ObjectLiteral, Repository } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import { isTimeText } from '../schema/columns.js';
import { isDuplicate } from '../engines/database-errors.js';
import {
  type Condition,
  type Ordering,
  type PageSelection,
  ScopedSql,
  scopeParameters,
} from './scoped-sql.js';
import { type Row, sizeOf, type SqlSession } from './sql-session.js';
import { reading, Transaction } from './transactions.js';

/** Rows that belong to a tenant, and to one of its units or to none; where all units share them they name no unit. */
interface TenantOwned extends ObjectLiteral {
  tenantId: string;
  tenantUnitId?: string | null;
}

/** An expression over the columns of a row, with `?` for each parameter. */
export interface SqlValue {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

interface Selection extends Condition {
  readonly order?: Ordering;
}

interface Change extends Condition {
  /** SQL with `?` for each of `values`. */
  readonly set: string;
  readonly values: readonly unknown[];
}

/** Bytes of SQL text in one INSERT; far below the smallest `max_allowed_packet` (16 MiB) even if all is escaped. */
const MAX_INSERT_BYTES = 2 * 1024 * 1024;
const MAX_INSERT_ROWS = 100;

/**
 * The one door to a tenant's rows. All its statements come from ScopedSql, which puts the scope into each; TypeORM's
 * repository stays private, so that no `save`, array of criteria or bare builder can reach past it. Methods that end
 * in `In` see and make the changes of a transaction, or are part of reads that go together. Those that return nothing
 * may travel with the next statement of the transaction, or its COMMIT, which then fails in their place.
 */
export abstract class TenantScopedRepository<Entity extends TenantOwned> {
  readonly #repository: Repository<Entity>;
  #text: ScopedSql | undefined;
  #timeColumns: readonly ColumnMetadata[] | undefined;
  #empty: Entity | undefined;

  constructor(repository: Repository<Entity>) {
    this.#repository = repository;
  }

  protected select(scope: TenantScope, { where, parameters, order }: Selection): Promise<Entity[]> {
    return this.#read(scope, (session) =>
      this.#rows(session, this.#sql.select(scope, where, order), [...scopeParameters(scope), ...parameters]),
    );
  }

  protected selectIn(
    scope: TenantScope,
    transaction: Transaction,
    { where, parameters, order }: Selection,
  ): Promise<Entity[]> {
    const sql = this.#sql.select(scope, where, order);
    return this.#rows(Transaction.sessionOf(transaction), sql, [...scopeParameters(scope), ...parameters]);
  }

  /** As `selectIn`, but only these properties: what is large and not used is not read. */
  protected selectOnlyIn<Property extends keyof Entity & string>(
    scope: TenantScope,
    transaction: Transaction,
    properties: readonly Property[],
    { where, parameters, order }: Selection,
  ): Promise<Pick<Entity, Property>[]> {
    const sql = this.#sql.selectOnly(scope, properties, where, order);
    return this.#rows(Transaction.sessionOf(transaction), sql, [...scopeParameters(scope), ...parameters]);
  }

  /** As `selectOnlyIn`, with a lock as in `selectLockedIn`. */
  protected selectOnlyLockedIn<Property extends keyof Entity & string>(
    scope: TenantScope,
    transaction: Transaction,
    properties: readonly Property[],
    { where, parameters }: Condition,
  ): Promise<Pick<Entity, Property>[]> {
    const sql = this.#sql.selectOnlyLocked(scope, properties, where);
    return this.#rows(Transaction.sessionOf(transaction), sql, [...scopeParameters(scope), ...parameters]);
  }

  /** As `selectIn`, but without these properties. */
  protected selectWithoutIn<Property extends keyof Entity & string>(
    scope: TenantScope,
    transaction: Transaction,
    properties: readonly Property[],
    { where, parameters, order = [] }: Selection,
  ): Promise<Omit<Entity, Property>[]> {
    const sql = this.#sql.selectWithout(scope, properties, where, order);
    return this.#rows(Transaction.sessionOf(transaction), sql, [...scopeParameters(scope), ...parameters]);
  }

  /** Reads rows as they are now and holds them against all other writers until the transaction ends. */
  protected selectLockedIn(
    scope: TenantScope,
    transaction: Transaction,
    { where, parameters }: Condition,
  ): Promise<Entity[]> {
    const sql = this.#sql.selectLocked(scope, where);
    return this.#rows(Transaction.sessionOf(transaction), sql, [...scopeParameters(scope), ...parameters]);
  }

  protected selectPage(scope: TenantScope, page: PageSelection): Promise<Entity[]> {
    const { sql, parameters } = this.#sql.page(scope, page);
    return this.#read(scope, (session) => this.#rows(session, sql, parameters));
  }

  protected selectPageIn(
    scope: TenantScope,
    transaction: Transaction,
    page: PageSelection,
  ): Promise<Entity[]> {
    const { sql, parameters } = this.#sql.page(scope, page);
    return this.#rows(Transaction.sessionOf(transaction), sql, parameters);
  }

  /** What a property (a constant array) is in some rows, as an expression for the condition of another repository. */
  protected valuesOf(
    scope: TenantScope,
    property: readonly [keyof Entity & string],
    { where, parameters }: Condition,
  ): SqlValue {
    const sql = `(${this.#sql.selectOnly(scope, property, where)})`;
    return { sql, parameters: [...scopeParameters(scope), ...parameters] };
  }

  /** The number that an aggregate such as `COUNT(*)` has over the rows. */
  protected async aggregateIn(
    scope: TenantScope,
    transaction: Transaction,
    expression: string,
    { where, parameters }: Condition,
  ): Promise<number> {
    const sql = this.#sql.aggregate(scope, expression, where);
    const bound = this.#bind([...scopeParameters(scope), ...parameters]);
    const [row] = await Transaction.sessionOf(transaction).rows(sql, bound);
    return Number(row?.value);
  }

  /** Inserts whole rows; the tenant is the scope's, and so is the unit if the scope has one. */
  protected async insertIn(
    scope: TenantScope,
    transaction: Transaction,
    rows: readonly Omit<Entity, 'tenantId'>[],
  ): Promise<void> {
    const { insertHead, insertTuple } = this.#sql;
    for (const chunk of chunks(rows.map((row) => this.#valuesOf(scope, row)))) {
      const sql = insertHead + chunk.map(() => insertTuple).join(', ');
      await Transaction.sessionOf(transaction).enqueue(sql, chunk.flat());
    }
  }

  /** Inserts rows that are there once more, with other values in some columns. */
  protected copyIn(
    scope: TenantScope,
    transaction: Transaction,
    changed: { readonly [Property in keyof Entity]?: SqlValue },
    { where, parameters }: Condition,
  ): Promise<void> {
    const values = this.#repository.metadata.columns.flatMap(
      ({ propertyName, databaseName }): [string, SqlValue][] => {
        const value = changed[propertyName];
        return value ? [[databaseName, value]] : [];
      },
    );
    const sql = this.#sql.copy(scope, new Map(values.map(([column, value]) => [column, value.sql])), where);
    const bound = [
      ...values.flatMap(([, { parameters: own }]) => own),
      ...scopeParameters(scope),
      ...parameters,
    ];
    return Transaction.sessionOf(transaction).enqueue(sql, this.#bind(bound));
  }

  /** As `insertIn`, for one row. False when there is a row with its key already. */
  protected async insertUniqueIn(
    scope: TenantScope,
    transaction: Transaction,
    row: Omit<Entity, 'tenantId'>,
  ): Promise<boolean> {
    const session = Transaction.sessionOf(transaction);
    await session.flush();
    try {
      await session.affected(this.#sql.insertHead + this.#sql.insertTuple, this.#valuesOf(scope, row));
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Inserts one row, or changes the one that has its key. */
  protected upsertIn(
    scope: TenantScope,
    transaction: Transaction,
    row: Omit<Entity, 'tenantId'>,
    { set, values }: Pick<Change, 'set' | 'values'>,
  ): Promise<void> {
    const bound = [...this.#valuesOf(scope, row), ...this.#bind(values)];
    return Transaction.sessionOf(transaction).enqueue(this.#sql.upsert(set), bound);
  }

  /** Writes what another value has in `after` than in `before`, to the row that meets the condition. */
  protected async replaceIn(
    scope: TenantScope,
    transaction: Transaction,
    before: Entity,
    after: Entity,
    condition: Condition,
  ): Promise<void> {
    const changed = this.#repository.metadata.columns.filter(
      ({ propertyName }) => before[propertyName] !== after[propertyName],
    );
    if (changed.length === 0) return;
    await this.updateIn(scope, transaction, {
      set: changed.map(({ databaseName }) => `${databaseName} = ?`).join(', '),
      values: changed.map((column) => this.#valueOf(after, column)),
      ...condition,
    });
  }

  /** Changes rows, which the caller knows are there or looks at next. */
  protected updateIn(
    scope: TenantScope,
    transaction: Transaction,
    { set, values, where, parameters }: Change,
  ): Promise<void> {
    const bound = this.#bind([...values, ...scopeParameters(scope), ...parameters]);
    return Transaction.sessionOf(transaction).enqueue(this.#sql.update(scope, set, where), bound);
  }

  /** Changes rows and returns how many met the condition. */
  protected updateCountedIn(
    scope: TenantScope,
    transaction: Transaction,
    { set, values, where, parameters }: Change,
  ): Promise<number> {
    const bound = this.#bind([...values, ...scopeParameters(scope), ...parameters]);
    return Transaction.sessionOf(transaction).affected(this.#sql.update(scope, set, where), bound);
  }

  /** Deletes rows. */
  protected deleteIn(
    scope: TenantScope,
    transaction: Transaction,
    { where, parameters }: Condition,
  ): Promise<void> {
    const bound = this.#bind([...scopeParameters(scope), ...parameters]);
    return Transaction.sessionOf(transaction).enqueue(this.#sql.delete(scope, where), bound);
  }

  async #rows(session: SqlSession, sql: string, parameters: readonly unknown[]): Promise<Entity[]> {
    const rows = await session.rows(sql, this.#bind(parameters));
    return rows.map((row) => this.#entityOf(row));
  }

  #read<T>(scope: TenantScope, read: (session: SqlSession) => Promise<T>): Promise<T> {
    return reading(scope, this.#repository.manager.dataSource, read);
  }

  #valuesOf(scope: TenantScope, row: Omit<Entity, 'tenantId'>): unknown[] {
    if (scope.tenantUnitId !== null && row.tenantUnitId !== scope.tenantUnitId) {
      throw new Error('A row is created in the unit of the scope.');
    }
    return this.#repository.metadata.columns.map((column): unknown => {
      return column.propertyName === 'tenantId' ? scope.tenantId : this.#valueOf(row, column);
    });
  }

  #valueOf(row: Omit<Entity, 'tenantId'>, column: ColumnMetadata): unknown {
    const value: unknown = row[column.propertyName];
    if (typeof value === 'string' && isTimeText(column))
      return `${value.slice(0, 10)} ${value.slice(11, 23)}`;
    return value instanceof Date ? this.#driver.preparePersistentValue(value, column) : value;
  }

  /** A row has the names of the entity's properties already; only times are something else in the engine. */
  #entityOf(row: Row): Entity {
    for (const column of this.#times) {
      const value = row[column.propertyName];
      if (value === undefined || value === null) continue;
      row[column.propertyName] =
        typeof value === 'string' && isTimeText(column)
          ? `${value.slice(0, 10)}T${value.slice(11)}Z`
          : this.#driver.prepareHydratedValue(value, column);
    }
    return { ...row, ...this.#noMembers };
  }

  /** Parameters as the driver wants them: a Date as the engine stores one. */
  #bind(parameters: readonly unknown[]): unknown[] {
    const [time] = this.#times;
    return parameters.map((value): unknown =>
      value instanceof Date && time ? this.#driver.preparePersistentValue(value, time) : value,
    );
  }

  get #times(): readonly ColumnMetadata[] {
    return (this.#timeColumns ??= this.#repository.metadata.columns.filter(
      ({ type }) => type === 'datetime',
    ));
  }

  /** Makes a row an entity for its type; to assign its members to an entity of TypeORM takes nine times as long. */
  get #noMembers(): Entity {
    return (this.#empty ??= emptyOf(this.#repository));
  }

  /** Made when it is first needed: TypeORM knows the columns only when it has connected. */
  get #sql(): ScopedSql {
    return (this.#text ??= new ScopedSql(
      this.#repository.metadata,
      this.#repository.manager.dataSource.options.type !== 'better-sqlite3',
    ));
  }

  get #driver() {
    return this.#repository.manager.dataSource.driver;
  }
}

function emptyOf<Entity extends ObjectLiteral>(repository: Repository<Entity>): Entity {
  const entity = repository.create();
  if (Object.keys(entity).length === 0) return entity;
  throw new Error(`An initial value in ${repository.metadata.name} would cover that of its rows.`);
}

function* chunks(rows: readonly unknown[][]): Generator<unknown[][]> {
  let chunk: unknown[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = row.reduce<number>((sum, value) => sum + sizeOf(value), 0);
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
