import { Readable } from 'node:stream';
import Sqlite from 'better-sqlite3';
import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import { Random } from '../random.js';
import { type Dialogue } from './dialogues.js';
import { CONVERSATION_COLUMNS, conversationsOf, MESSAGE_COLUMNS, type Row, type Value } from './generate.js';
import type { TenantPlan } from './tenants.js';

/** Where rows go, a table at a time. */
export interface Sink {
  insert(table: string, columns: readonly string[], rows: readonly Row[]): Promise<void>;
}

/** What the operations need to know of a tenant: some of its conversations, and the long one. */
export interface LoadedTenant extends TenantPlan {
  /** At most 2,000 of them, spread over the whole tenant. */
  ids: string[];
  /** Messages of each of `ids`. */
  lengths: number[];
  longId: string | undefined;
}

const ROWS_PER_INSERT = 20_000;
const KEPT_IDS = 2_000;

export async function loadTenant(
  plan: TenantPlan,
  dialogues: readonly Dialogue[],
  seed: number,
  sinks: readonly Sink[],
  onRows: (rows: number) => void,
): Promise<LoadedTenant> {
  const tenant: LoadedTenant = { ...plan, ids: [], lengths: [], longId: undefined };
  const every = Math.max(1, Math.floor(plan.conversations / KEPT_IDS));
  let conversations: Row[] = [];
  let messages: Row[] = [];
  const flush = async () => {
    for (const sink of sinks) {
      await sink.insert('conversation', CONVERSATION_COLUMNS, conversations);
      await sink.insert('message', MESSAGE_COLUMNS, messages);
    }
    onRows(conversations.length + messages.length);
    conversations = [];
    messages = [];
  };
  let index = 0;
  for (const made of conversationsOf(plan, dialogues, new Random(seed))) {
    if (index === plan.conversations) tenant.longId = made.id;
    else if (index % every === 0) {
      tenant.ids.push(made.id);
      tenant.lengths.push(made.messages.length);
    }
    conversations.push(made.conversation);
    messages = messages.concat(made.messages);
    if (conversations.length + messages.length >= ROWS_PER_INSERT) await flush();
    index += 1;
  }
  await flush();
  return tenant;
}

const COPYING_CONNECTIONS = 2;
const WITHOUT_CHECKS = 'SET SESSION unique_checks = 0, foreign_key_checks = 0';

/** Gives other tenants the same rows, which the server copies: many times as fast as sending them. */
export async function copyTenant(
  url: string,
  from: TenantPlan,
  to: readonly TenantPlan[],
  onTenant: () => void,
): Promise<void> {
  const waiting = to.values();
  const copyThem = async () => {
    const connection = await createConnection(url);
    await connection.query(WITHOUT_CHECKS);
    for (const { id } of waiting) {
      for (const [table, columns] of [
        ['conversation', CONVERSATION_COLUMNS],
        ['message', MESSAGE_COLUMNS],
      ] as const) {
        const others = columns.filter((column) => column !== 'tenant_id').join(', ');
        await connection.query(
          `INSERT INTO ${table} (tenant_id, ${others}) SELECT ?, ${others} FROM ${table} WHERE tenant_id = ?`,
          [id, from.id],
        );
      }
      onTenant();
    }
    await connection.end();
  };
  await Promise.all(Array.from({ length: COPYING_CONNECTIONS }, copyThem));
}

/** LOAD DATA from text made on the way: several times as fast as INSERT. */
export async function mysqlSink(connection: Connection): Promise<Sink> {
  await connection.query(WITHOUT_CHECKS);
  return {
    insert: async (table, columns, rows) => {
      if (rows.length === 0) return;
      const [{ warningStatus }] = await connection.query<ResultSetHeader>({
        sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table} CHARACTER SET utf8mb4 (${columns.join(', ')})`,
        infileStreamFactory: () => Readable.from(lines(rows)),
      });
      // With LOCAL, a value that does not fit its column, or has none, is only warned of.
      if (warningStatus > 0) throw new Error(`${warningStatus} of the values for ${table} do not fit.`);
    },
  };
}

export function sqliteSink(path: string): Sink & { close: () => void } {
  const database = new Sqlite(path);
  database.pragma('synchronous = OFF');
  return {
    insert: (table, columns, rows) => {
      const statement = database.prepare(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      );
      database.transaction(() => rows.forEach((row) => statement.run(...row)))();
      return Promise.resolve();
    },
    close: () => database.close(),
  };
}

const LINES_PER_CHUNK = 500;

function* lines(rows: readonly Row[]): Generator<Buffer> {
  for (let from = 0; from < rows.length; from += LINES_PER_CHUNK) {
    const chunk = rows.slice(from, from + LINES_PER_CHUNK);
    yield Buffer.from(chunk.map((row) => `${row.map(field).join('\t')}\n`).join(''));
  }
}

function field(value: Value): string {
  if (value === null) return '\\N';
  return typeof value === 'number' ? String(value) : value.replace(/[\\\t\n]/g, '\\$&');
}
