import {
  type Connection,
  type ConnectionOptions,
  createConnection,
  type RowDataPacket,
} from 'mysql2/promise';
import { meaningOf } from './database-errors.js';

const TIMEOUT_MS = 1_000;
/** Settings under which a server takes no writes; the value is OFF where it does. */
const READER_SETTINGS = ['read_only', 'super_read_only', 'innodb_read_only', 'offline_mode'];
const SETTINGS = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('${[...READER_SETTINGS, 'wsrep_on'].join("', '")}')`;
const NO_SUCH_TABLE = 1146;

/** Asks one host whether it takes writes, over a connection of its own, which no load on the service can use up. */
export class HostProbe {
  #connection: Promise<Connection> | undefined;
  #fault: string | undefined;

  constructor(private readonly options: ConnectionOptions) {}

  /** Undefined when it does, else why not. Answers in bounded time. */
  async fault(): Promise<string | undefined> {
    const outOfTime = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => outOfTime.reject(new Error(`no answer within ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
    try {
      this.#fault = await Promise.race([this.#ask(), outOfTime.promise]);
    } catch (error) {
      // That there is no room for one more connection says nothing about those that are open.
      if (meaningOf(error)?.kind !== 'full')
        this.#fault = error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
    // The name of the host may lead to another server the next time.
    if (this.#fault !== undefined) this.close();
    return this.#fault;
  }

  close(): void {
    this.#connection?.then(
      (connection) => connection.destroy(),
      () => undefined,
    );
    this.#connection = undefined;
  }

  /** A connection that was open may have ended since, which says nothing about the server. */
  async #ask(): Promise<string | undefined> {
    const wasOpen = this.#connection !== undefined;
    try {
      return await this.#readerSetting();
    } catch (error) {
      if (!wasOpen || meaningOf(error)?.kind !== 'lost') throw error;
      this.close();
      return this.#readerSetting();
    }
  }

  async #readerSetting(): Promise<string | undefined> {
    const connection = await (this.#connection ??= this.#connect());
    // A proxy answers by itself what touches no table.
    await connection.query('SELECT 1 FROM migrations LIMIT 1').catch((error: unknown) => {
      // Before the first migration.
      if (!(error instanceof Error && 'errno' in error && error.errno === NO_SUCH_TABLE)) throw error;
    });
    const settings = await valuesOf(connection, SETTINGS);
    const reader = READER_SETTINGS.find((name) => !/^(OFF|0)?$/.test(settings.get(name) ?? ''));
    if (reader !== undefined) return `${reader} is ${settings.get(reader)}`;
    if (settings.get('wsrep_on') !== 'ON') return undefined;
    const status = await valuesOf(connection, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'");
    return status.get('wsrep_ready') === 'OFF' ? 'wsrep_ready is OFF' : undefined;
  }

  async #connect(): Promise<Connection> {
    const connection = await createConnection({ ...this.options, connectTimeout: TIMEOUT_MS });
    connection.on('error', () => undefined); // the next question meets it
    return connection;
  }
}

/** What SHOW answers: the value of each name, in lower case. */
async function valuesOf(connection: Connection, sql: string): Promise<Map<string, string>> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return new Map(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]));
}
