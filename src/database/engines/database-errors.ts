import { QueryFailedError } from 'typeorm';

/**
 * What a failure means for the work that met it.
 *
 * - `conflict`: it lost against another transaction. Run from its start it may succeed.
 * - `lost`: the connection broke, or this server lets nobody in now. Another connection may do.
 * - `full`: there are as many connections as may be. One of those that are open may do.
 * - `readOnly`: this server takes no writes, or no longer. Another server may.
 * - `unable`: the database is there, and cannot do this now.
 */
type Kind = 'conflict' | 'lost' | 'full' | 'readOnly' | 'unable';

interface Meaning {
  readonly kind: Kind;
  /** Whether what was sent, its COMMIT included, may have been carried out all the same. */
  readonly mayBeDone: boolean;
}

const CONFLICT: Meaning = { kind: 'conflict', mayBeDone: false };
const LOST: Meaning = { kind: 'lost', mayBeDone: true };
const NOT_LET_IN: Meaning = { kind: 'lost', mayBeDone: false };
const FULL: Meaning = { kind: 'full', mayBeDone: false };
const READ_ONLY: Meaning = { kind: 'readOnly', mayBeDone: false };
const UNABLE: Meaning = { kind: 'unable', mayBeDone: false };
const UNABLE_OR_DONE: Meaning = { kind: 'unable', mayBeDone: true };

/** Errors that servers and the proxies before them answer with. What is not here is a fault of the service. */
const NUMBERS = new Map<number, Meaning>([
  // Lost against another transaction.
  [1020, CONFLICT], // ER_CHECKREAD: changed since the snapshot (MariaDB, innodb_snapshot_isolation)
  [1205, CONFLICT], // ER_LOCK_WAIT_TIMEOUT; on a Galera node also: it has not caught up (wsrep_sync_wait)
  [1213, CONFLICT], // ER_LOCK_DEADLOCK; on Galera also: certification failed
  [1412, CONFLICT], // ER_TABLE_DEF_CHANGED: the schema was changed meanwhile
  [1613, CONFLICT], // ER_XA_RBTIMEOUT (Spider)
  [1614, CONFLICT], // ER_XA_RBDEADLOCK (Spider)
  [1689, CONFLICT], // ER_LOCK_ABORTED: DDL has taken the lock
  [3101, CONFLICT], // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: Group Replication's certification failed
  [8002, CONFLICT], // TiDB: SELECT FOR UPDATE met a conflict
  [8005, CONFLICT], // TiDB: write conflict
  [8022, CONFLICT], // TiDB: the commit failed and was rolled back
  [8027, CONFLICT], // TiDB: its schema is out of date
  [8028, CONFLICT], // TiDB: the schema was changed meanwhile
  [8055, CONFLICT], // TiDB: its snapshot is too old
  [8147, CONFLICT], // TiDB: its lock is gone
  [8229, CONFLICT], // TiDB: it took longer than its locks live
  [9006, CONFLICT], // TiDB: its snapshot was collected
  [9007, CONFLICT], // TiDB: write conflict in TiKV

  // The connection ended, or a server or proxy cannot serve it: another one may.
  [1043, NOT_LET_IN], // ER_HANDSHAKE_ERROR
  [1047, NOT_LET_IN], // ER_UNKNOWN_COM_ERROR: a Galera node without majority
  [1053, LOST], // ER_SERVER_SHUTDOWN
  [1077, LOST], // ER_NORMAL_SHUTDOWN
  [1079, LOST], // ER_SHUTDOWN_COMPLETE
  [1080, LOST], // ER_FORCING_CLOSE
  [1129, NOT_LET_IN], // ER_HOST_IS_BLOCKED: too many broken handshakes (max_connect_errors)
  [1152, LOST], // ER_ABORTING_CONNECTION
  [1153, UNABLE], // ER_NET_PACKET_TOO_LARGE: more than max_allowed_packet, or than Vitess sends in one message
  [1158, LOST], // ER_NET_READ_ERROR
  [1159, LOST], // ER_NET_READ_INTERRUPTED
  [1160, LOST], // ER_NET_ERROR_ON_WRITE
  [1161, LOST], // ER_NET_WRITE_INTERRUPTED
  [1180, LOST], // ER_ERROR_DURING_COMMIT: a Galera node lost its majority
  [1184, LOST], // ER_NEW_ABORTING_CONNECTION
  [1429, LOST], // ER_CONNECT_TO_FOREIGN_DATA_SOURCE (Spider)
  [1927, LOST], // ER_CONNECTION_KILLED (MariaDB)
  [2002, LOST], // CR_CONNECTION_ERROR: of a proxy
  [2003, LOST], // CR_CONN_HOST_ERROR: of a proxy (MySQL Router, MaxScale)
  [2006, LOST], // CR_SERVER_GONE_ERROR: of a proxy
  [2013, LOST], // CR_SERVER_LOST: of a proxy
  [3032, NOT_LET_IN], // ER_SERVER_OFFLINE_MODE: a member that was expelled
  [3100, LOST], // ER_RUN_HOOK_ERROR: Group Replication could not bring the transaction to the group
  [3168, LOST], // ER_SERVER_ISNT_AVAILABLE
  [3169, LOST], // ER_SESSION_WAS_KILLED
  [3781, NOT_LET_IN], // ER_GR_HOLD_WAIT_TIMEOUT: the new primary still applies what the former one wrote
  [3782, NOT_LET_IN], // ER_GR_HOLD_KILLED
  [3783, NOT_LET_IN], // ER_GR_HOLD_MEMBER_STATUS_ERROR
  [3797, NOT_LET_IN], // ER_GRP_TRX_CONSISTENCY_BEFORE: it has not caught up with the group
  [3798, NOT_LET_IN], // ER_GRP_TRX_CONSISTENCY_AFTER_ON_TRX_BEGIN
  [4031, LOST], // ER_CLIENT_INTERACTION_TIMEOUT: idle for longer than wait_timeout
  [8120, LOST], // TiDB: PD gave no time to start at
  [9001, LOST], // TiDB: PD did not answer; ProxySQL: no server of the host group did
  [9002, LOST], // TiDB: TiKV did not answer
  [9003, LOST], // TiDB: TiKV is busy
  [9004, LOST], // TiDB: locks were not resolved in time
  [9005, LOST], // TiDB: the region is not available
  [9008, LOST], // TiDB: too many requests to TiKV
  [12701, LOST], // ER_SPIDER_REMOTE_SERVER_GONE_AWAY

  // As many connections as may be.
  [1040, FULL], // ER_CON_COUNT_ERROR: max_connections
  [1135, FULL], // ER_CANT_CREATE_THREAD
  [1203, FULL], // ER_TOO_MANY_USER_CONNECTIONS: max_user_connections; Vitess: its pool is used up
  [1226, FULL], // ER_USER_LIMIT_REACHED: what the account may have or ask for

  // A server that is a reader now, as after a fail-over.
  [1036, READ_ONLY], // ER_OPEN_AS_READONLY
  [1290, READ_ONLY], // ER_OPTION_PREVENTS_STATEMENT: read_only, super_read_only
  [1792, READ_ONLY], // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  [1836, READ_ONLY], // ER_READ_ONLY_MODE
  [1874, READ_ONLY], // ER_INNODB_READ_ONLY

  // It cannot do this now.
  [1021, UNABLE], // ER_DISK_FULL
  [1026, UNABLE_OR_DONE], // ER_ERROR_ON_WRITE
  [1030, UNABLE_OR_DONE], // ER_GET_ERRNO: the storage engine failed
  [1037, UNABLE], // ER_OUTOFMEMORY
  [1038, UNABLE], // ER_OUT_OF_SORTMEMORY
  [1041, UNABLE], // ER_OUT_OF_RESOURCES
  [1114, UNABLE], // ER_RECORD_FILE_FULL: the table space is full
  [1206, UNABLE], // ER_LOCK_TABLE_FULL
  [1223, UNABLE], // ER_CANT_UPDATE_WITH_READLOCK
  [1297, UNABLE], // ER_GET_TEMPORARY_ERRMSG: of a storage engine
  [1317, UNABLE_OR_DONE], // ER_QUERY_INTERRUPTED: KILL QUERY; Vitess: the transaction took too long
  [1637, UNABLE], // ER_TOO_MANY_CONCURRENT_TRXS
  [8001, UNABLE], // TiDB: a statement needs more memory than it may have
  [8004, UNABLE], // TiDB: the transaction is too large (txn-total-size-limit)
  [8025, UNABLE], // TiDB: a row is too large (txn-entry-size-limit)
  [8252, UNABLE], // TiDB: more than the resource group may use
  [9500, UNABLE], // TiDB: the transaction is too large
  [1969, UNABLE_OR_DONE], // ER_STATEMENT_TIMEOUT (MariaDB, max_statement_time)
  [3024, UNABLE_OR_DONE], // ER_QUERY_TIMEOUT (MySQL, max_execution_time)

  // It will not have this account, or not so: somebody has to set it right.
  [1044, UNABLE], // ER_DBACCESS_DENIED_ERROR
  [1045, UNABLE], // ER_ACCESS_DENIED_ERROR: a wrong password, or one that was changed
  [1049, UNABLE], // ER_BAD_DB_ERROR: there is no such database
  [1130, UNABLE], // ER_HOST_NOT_PRIVILEGED
  [1142, UNABLE], // ER_TABLEACCESS_DENIED_ERROR
  [1143, UNABLE], // ER_COLUMNACCESS_DENIED_ERROR
  [1227, UNABLE], // ER_SPECIFIC_ACCESS_DENIED_ERROR
  [1251, UNABLE], // ER_NOT_SUPPORTED_AUTH_MODE
  [1698, UNABLE], // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  [1820, UNABLE], // ER_MUST_CHANGE_PASSWORD
  [1862, UNABLE], // ER_MUST_CHANGE_PASSWORD_LOGIN
  [1873, UNABLE], // ER_ACCESS_DENIED_CHANGE_USER_ERROR
  [3118, UNABLE], // ER_ACCOUNT_HAS_BEEN_LOCKED (MySQL)
  [3159, UNABLE], // ER_SECURE_TRANSPORT_REQUIRED
  [3955, UNABLE], // ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
  [4151, UNABLE], // ER_ACCOUNT_HAS_BEEN_LOCKED (MariaDB)
]);

/** What drivers and Node.js say by a name. */
const CODES = new Map<string, Meaning>([
  ['ECONNREFUSED', NOT_LET_IN],
  ['ENOTFOUND', NOT_LET_IN],
  ['EAI_AGAIN', NOT_LET_IN],
  ['ECONNRESET', LOST],
  ['ECONNABORTED', LOST],
  ['EPIPE', LOST],
  ['ETIMEDOUT', LOST],
  ['EHOSTUNREACH', LOST],
  ['ENETUNREACH', LOST],
  ['HANDSHAKE_NO_SSL_SUPPORT', NOT_LET_IN],
  ['HANDSHAKE_SSL_ERROR', NOT_LET_IN],
  ['AUTH_SWITCH_PLUGIN_ERROR', UNABLE],
  ['PROTOCOL_CONNECTION_LOST', LOST],
  ['PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR', LOST],
  ['PROTOCOL_SEQUENCE_TIMEOUT', UNABLE_OR_DONE],
  ['POOL_CLOSED', UNABLE],
  ['SQLITE_BUSY', CONFLICT],
  ['SQLITE_BUSY_SNAPSHOT', CONFLICT],
  ['SQLITE_LOCKED', CONFLICT],
  ['SQLITE_FULL', UNABLE],
  ['SQLITE_CANTOPEN', UNABLE],
  ['SQLITE_READONLY', UNABLE],
  ['SQLITE_NOMEM', UNABLE],
  ['SQLITE_CORRUPT', UNABLE],
  ['SQLITE_NOTADB', UNABLE],
  ['SQLITE_IOERR', UNABLE_OR_DONE],
]);

/**
 * What has no number or code of its own, or one for much: no number, ER_UNKNOWN_ERROR, and what Vitess calls
 * ER_QUERY_INTERRUPTED. Of others the text is not looked at: it may quote what a client has sent.
 */
const VAGUE_NUMBERS = new Set([0, 1105, 1317]);
const MESSAGES: readonly (readonly [RegExp, Meaning])[] = [
  [/closed state/i, LOST],
  [/Queue limit reached|Pool is closed|connection is not open/i, UNABLE],
  // Vitess.
  [/VT15001|VT09032|\btransaction \d+: (ended|not found)|code = Aborted/i, CONFLICT],
  [
    /VT14\d\d\d|primary is not serving|no healthy tablet|is either down or nonexistent|code = (Unavailable|ClusterEvent)/i,
    LOST,
  ],
  // TiDB.
  [/Information schema is (changed|out of date)|try again later/i, CONFLICT],
];

/** What a driver says of a failure; both mysql2 and better-sqlite3 put a code on their errors. */
interface DriverFault {
  code: string;
  errno: number;
  fatal: boolean;
  /** It never came to a connection. */
  connecting: boolean;
  message: string;
}

function faultOf(error: unknown): DriverFault | undefined {
  const raw: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!Error.isError(raw)) return undefined;
  return {
    code: 'code' in raw && typeof raw.code === 'string' ? raw.code : '',
    errno: 'errno' in raw && typeof raw.errno === 'number' ? raw.errno : 0,
    fatal: 'fatal' in raw && raw.fatal === true,
    connecting: 'syscall' in raw && raw.syscall === 'connect',
    message: raw.message,
  };
}

/** What the database's state has to do with a failure; undefined when nothing, so that it is a fault of the service. */
export function meaningOf(error: unknown): Meaning | undefined {
  const fault = faultOf(error);
  if (!fault) return undefined;
  if (fault.connecting) return NOT_LET_IN;
  const named = VAGUE_NUMBERS.has(fault.errno) && MESSAGES.find(([text]) => text.test(fault.message));
  return (
    (named ? named[1] : undefined) ??
    NUMBERS.get(fault.errno) ??
    CODES.get(fault.code) ??
    CODES.get(sqliteCode(fault.code)) ??
    (fault.fatal ? LOST : undefined)
  );
}

/** SQLite's extended codes begin with those that they extend: SQLITE_IOERR_WRITE is a SQLITE_IOERR. */
const sqliteCode = (code: string): string => /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? '';

/** The transaction lost against another one; run from its start it may succeed. */
export const isConflict = (error: unknown): boolean => meaningOf(error)?.kind === 'conflict';

/** A row with this key exists. */
export function isDuplicate(error: unknown): boolean {
  const fault = faultOf(error);
  return (
    fault !== undefined &&
    (fault.errno === 1062 || /^SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)$/.test(fault.code))
  );
}

/** A statement names a table (ER_NO_SUCH_TABLE) or a column (ER_BAD_FIELD_ERROR) that is not there, or Vitess has not heard of. */
export function isUnknownName(error: unknown): boolean {
  const fault = faultOf(error);
  return (
    fault !== undefined &&
    (fault.errno === 1146 || fault.errno === 1054 || /^VT09015: schema tracking required/.test(fault.message))
  );
}
