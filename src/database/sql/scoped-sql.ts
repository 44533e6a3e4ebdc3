import type { EntityMetadata } from 'typeorm';
import { isTimeText } from '../schema/columns.js';
import type { TenantScope } from '../../identity/tenant-scope.js';

/** SQL with `?` for each parameter; columns by their names. As a condition it can only narrow what the scope allows. */
export interface Condition {
  readonly where: string;
  readonly parameters: readonly unknown[];
}

export type Ordering = readonly (readonly [column: string, direction: 'ASC' | 'DESC'])[];

/** Rows that meet one of the conditions, in order. The conditions must not overlap. */
export interface PageSelection {
  readonly branches: readonly Condition[];
  readonly order: Ordering;
  readonly limit: number;
  readonly offset: number;
  /** Index that MySQL and MariaDB must use, where their optimiser would have to guess. */
  readonly index: string;
  /** Texts of these properties that have more bytes are null, and are read when they are wanted. */
  readonly shortened?: { readonly properties: readonly string[]; readonly maxBytes: number };
  /** The condition meets few rows. SQLite must use the index as well, where it would rather walk all in their order. */
  readonly meetsFew: boolean;
}

/**
 * The text of every statement on one tenant-owned table. Each carries the tenant of the scope, and its unit, in its
 * WHERE, with the caller's condition in parentheses behind it. What stands before the WHERE is made once.
 */
export class ScopedSql {
  readonly insertHead: string;
  readonly insertTuple: string;
  readonly #table: string;
  readonly #columns: readonly string[];
  /** Rows are read with the names of the entity's properties. */
  readonly #aliases: ReadonlyMap<string, { column: string; alias: (prefix: string) => string }>;
  readonly #keys: readonly string[];
  readonly #shortenedColumns = new Map<string, string>();
  readonly #selectHead: string;
  /** For each choice of properties that was asked for. */
  readonly #selectOnlyHeads = new WeakMap<readonly string[], string>();
  readonly #selectWithoutHeads = new Map<string, string>();
  /** Rows by the keys that a page has found. */
  readonly #pageJoin: string;

  constructor(
    metadata: EntityMetadata,
    private readonly isMysql: boolean,
  ) {
    this.#table = metadata.tableName;
    this.#columns = metadata.columns.map((column) => column.databaseName);
    this.#keys = metadata.primaryColumns.map((column) => column.databaseName);
    this.#aliases = new Map(
      metadata.columns.map((column) => {
        const { databaseName, propertyName } = column;
        // SQLite keeps a time as the text that it is.
        const isCast = isMysql && isTimeText(column);
        const alias = (prefix: string) =>
          `${isCast ? `CAST(${prefix}${databaseName} AS CHAR)` : prefix + databaseName} AS ${propertyName}`;
        return [propertyName, { column: databaseName, alias }];
      }),
    );
    this.#selectHead = `SELECT ${this.#aliasesOf('')} FROM ${this.#table}`;
    // The tenant is no part of what joins them, but said outright: so a database that is spread by tenant asks one shard.
    const joined = this.#keys
      .filter((key) => key !== 'tenant_id')
      .map((key) => `found.${key} = page.${key}`)
      .join(' AND ');
    this.#pageJoin = ` AS page JOIN ${this.#table} AS found ON ${joined} WHERE found.tenant_id = ?`;
    this.insertHead = `INSERT INTO ${this.#table} (${this.#columns.join(', ')}) VALUES `;
    this.insertTuple = `(${this.#columns.map(() => '?').join(', ')})`;
  }

  select(scope: TenantScope, where: string, order: Ordering = []): string {
    return scoped(scope, this.#selectHead, where) + orderBy(order);
  }

  /** As `select`, but only these properties, of which a constant array is to be given. */
  selectOnly(scope: TenantScope, properties: readonly string[], where: string, order: Ordering = []): string {
    let head = this.#selectOnlyHeads.get(properties);
    if (head === undefined) {
      const columns = properties.map((property) => this.#aliases.get(property)?.alias('')).join(', ');
      this.#selectOnlyHeads.set(properties, (head = `SELECT ${columns} FROM ${this.#table}`));
    }
    return scoped(scope, head, where) + orderBy(order);
  }

  /** As `selectOnly`, with a lock as in `selectLocked`. */
  selectOnlyLocked(scope: TenantScope, properties: readonly string[], where: string): string {
    return this.selectOnly(scope, properties, where) + this.#lock;
  }

  /** As `select`, but without these properties. */
  selectWithout(scope: TenantScope, properties: readonly string[], where: string, order: Ordering): string {
    const key = properties.join();
    let head = this.#selectWithoutHeads.get(key);
    if (head === undefined) {
      const columns = [...this.#aliases].flatMap(([name, { alias }]) =>
        properties.includes(name) ? [] : alias(''),
      );
      this.#selectWithoutHeads.set(key, (head = `SELECT ${columns.join(', ')} FROM ${this.#table}`));
    }
    return scoped(scope, head, where) + orderBy(order);
  }

  /** Inserts rows again, with other values where `values` has SQL for a column. */
  copy(scope: TenantScope, values: ReadonlyMap<string, string>, where: string): string {
    assertNoTenant([...values.keys()].join());
    const columns = this.#columns.map((column) => values.get(column) ?? column).join(', ');
    const head = `INSERT INTO ${this.#table} (${this.#columns.join(', ')}) SELECT ${columns} FROM ${this.#table}`;
    return scoped(scope, head, where);
  }

  /** As `select`, with a lock on the rows until the transaction ends. A transaction on SQLite holds the only one anyway. */
  selectLocked(scope: TenantScope, where: string): string {
    return this.select(scope, where) + this.#lock;
  }

  get #lock(): string {
    return this.isMysql ? ' FOR UPDATE' : '';
  }

  aggregate(scope: TenantScope, expression: string, where: string): string {
    return scoped(scope, `SELECT ${expression} AS value FROM ${this.#table}`, where);
  }

  /** Inserts one row, or changes the one that has its key. */
  upsert(set: string): string {
    assertNoTenant(set);
    const change = this.isMysql ? 'ON DUPLICATE KEY UPDATE' : 'ON CONFLICT DO UPDATE SET';
    return `${this.insertHead}${this.insertTuple} ${change} ${set}`;
  }

  update(scope: TenantScope, set: string, where: string): string {
    assertNoTenant(set);
    return scoped(scope, `UPDATE ${this.#table} SET ${set}`, where);
  }

  delete(scope: TenantScope, where: string): string {
    return scoped(scope, `DELETE FROM ${this.#table}`, where);
  }

  /** The first page of one condition reads rows at once; everything else finds the keys first, along the index. */
  page(
    scope: TenantScope,
    { branches, order, limit, offset, index, meetsFew, shortened }: PageSelection,
  ): { sql: string; parameters: unknown[] } {
    const hint = this.isMysql ? ` FORCE INDEX (${index})` : meetsFew ? ` INDEXED BY ${index}` : '';
    const [first] = branches;
    if (first && branches.length === 1 && offset === 0) {
      const head = `SELECT ${this.#columnsOf('', shortened)} FROM ${this.#table}`;
      const sql = `${scoped(scope, head + hint, first.where)}${orderBy(order)} LIMIT ?`;
      return { sql, parameters: [...scopeParameters(scope), ...first.parameters, limit] };
    }
    const sorted = [...new Set([...this.#keys, ...order.map(([column]) => column)])].join(', ');
    const keysOf = (where: string) =>
      scoped(scope, `SELECT ${sorted} FROM ${this.#table}${hint}`, where) + orderBy(order);
    // Whatever of a branch is on the page is among its own first rows. One branch alone skips rows as it reads them.
    const keys =
      first && branches.length === 1
        ? keysOf(first.where)
        : `SELECT ${sorted} FROM (${branches
            .map(({ where }, n) => `SELECT ${sorted} FROM (${keysOf(where)} LIMIT ?) AS branch_${n}`)
            .join(' UNION ALL ')}) AS branches${orderBy(order)}`;
    const parameters = branches.flatMap((branch) => [
      ...scopeParameters(scope),
      ...branch.parameters,
      ...(branches.length === 1 ? [] : [limit + offset]),
    ]);
    return {
      sql: `SELECT ${this.#columnsOf('found.', shortened)} FROM (${keys} LIMIT ? OFFSET ?)${this.#pageJoin}${orderBy(order, 'page.')}`,
      parameters: [...parameters, limit, offset, scope.tenantId],
    };
  }

  /** All columns, texts that are too large left out. */
  #columnsOf(prefix: string, shortened: PageSelection['shortened']): string {
    const { properties = [], maxBytes = 0 } = shortened ?? {};
    const key = `${prefix} ${properties.join()} ${maxBytes}`;
    let columns = this.#shortenedColumns.get(key);
    if (columns === undefined) {
      columns = this.#aliasesOf(prefix, (property, column) =>
        properties.includes(property)
          ? `CASE WHEN OCTET_LENGTH(${column}) <= ${maxBytes} THEN ${column} END AS ${property}`
          : undefined,
      );
      this.#shortenedColumns.set(key, columns);
    }
    return columns;
  }

  #aliasesOf(
    prefix: string,
    instead: (property: string, column: string) => string | undefined = () => undefined,
  ): string {
    return [...this.#aliases]
      .map(([property, { alias, column }]) => instead(property, prefix + column) ?? alias(prefix))
      .join(', ');
  }
}

function assertNoTenant(set: string): void {
  if (/tenant/i.test(set)) throw new Error('A row never changes its tenant or unit.');
}

/** `head` + the scope's condition AND the caller's in parentheses. */
function scoped(scope: TenantScope, head: string, where: string): string {
  const unit = scope.tenantUnitId === null ? '' : ' AND tenant_unit_id = ?';
  return `${head} WHERE tenant_id = ?${unit}${where === '' ? '' : ` AND (${where})`}`;
}

/** The parameters of the scope's condition. */
export const scopeParameters = ({ tenantId, tenantUnitId }: TenantScope): string[] =>
  tenantUnitId === null ? [tenantId] : [tenantId, tenantUnitId];

const orderBy = (order: Ordering, prefix = ''): string =>
  order.length === 0
    ? ''
    : ` ORDER BY ${order.map(([column, direction]) => `${prefix}${column} ${direction}`).join(', ')}`;
