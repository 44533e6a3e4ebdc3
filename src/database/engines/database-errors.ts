import { QueryFailedError } from 'typeorm';

/** What a driver says of a failure; both mysql2 and better-sqlite3 put a code on their errors. */
interface DriverFault {
  code: string | undefined;
  errno: number | undefined;
  fatal: boolean;
  message: string;
}

const RETRYABLE_CODES = new Set(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED']);
/** Lock wait time-out, deadlock, snapshot conflict, and what clusters answer to a failed certification (1213, 3101). */
const RETRYABLE_NUMBERS = new Set([1205, 1213, 1020, 3101]);

const LOST_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
]);
/** Too many connections, no quorum (of a cluster's node), shutting down, failed while committing, connection aborted or killed. */
const LOST_NUMBERS = new Set([1040, 1047, 1053, 1180, 1184, 1203, 1927]);
const LOST_MESSAGES = /closed state/i;

const UNABLE_CODES = new Set([
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'POOL_CLOSED',
  'SQLITE_FULL',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
]);
/** Disk full, table full, read-only, interrupted, out of time, refused by a plugin before the commit. */
const UNABLE_NUMBERS = new Set([1021, 1114, 1290, 1317, 1836, 1969, 3024, 3100]);
const UNABLE_MESSAGES = /Queue limit reached|Pool is closed|connection is not open/i;

function faultOf(error: unknown): DriverFault | undefined {
  const raw: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!Error.isError(raw)) return undefined;
  return {
    code: 'code' in raw && typeof raw.code === 'string' ? raw.code : undefined,
    errno: 'errno' in raw && typeof raw.errno === 'number' ? raw.errno : undefined,
    fatal: 'fatal' in raw && raw.fatal === true,
    message: raw.message,
  };
}

/** The transaction lost against another one; run from its start it may succeed. */
export function isConflict(error: unknown): boolean {
  const fault = faultOf(error);
  return (
    fault !== undefined && (RETRYABLE_CODES.has(fault.code ?? '') || RETRYABLE_NUMBERS.has(fault.errno ?? 0))
  );
}

/** A row with this key exists. */
export function isDuplicate(error: unknown): boolean {
  const fault = faultOf(error);
  return fault !== undefined && (fault.errno === 1062 || fault.code === 'SQLITE_CONSTRAINT_PRIMARYKEY');
}

/** The connection broke, or none can be had: another one may do. */
export function isConnectionLost(error: unknown): boolean {
  const fault = faultOf(error);
  if (!fault) return false;
  return (
    fault.fatal ||
    LOST_CODES.has(fault.code ?? '') ||
    LOST_NUMBERS.has(fault.errno ?? 0) ||
    LOST_MESSAGES.test(fault.message)
  );
}

/** The database is there but cannot do its work now. */
export function isUnable(error: unknown): boolean {
  const fault = faultOf(error);
  if (!fault) return false;
  const code = fault.code ?? '';
  return (
    UNABLE_CODES.has(code) ||
    code.startsWith('SQLITE_IOERR') ||
    UNABLE_NUMBERS.has(fault.errno ?? 0) ||
    UNABLE_MESSAGES.test(fault.message)
  );
}
