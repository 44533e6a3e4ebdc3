import { QueryFailedError } from 'typeorm';

/** What a driver says of a failure; both mysql2 and better-sqlite3 put a code on their errors. */
interface DriverFault {
  code: string | undefined;
  errno: number | undefined;
  fatal: boolean;
  message: string;
}

const RETRYABLE_CODES = new Set(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED']);
/** Lock wait time-out, deadlock (also a failed certification on a cluster), snapshot conflict. */
const RETRYABLE_NUMBERS = new Set([1205, 1213, 1020]);

const UNAVAILABLE_CODES = new Set([
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
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'POOL_CLOSED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
]);
/** Too many connections, unknown command (a cluster node that lost its quorum), shutting down, commit failed, interrupted, timed out, read-only, disk full. */
const UNAVAILABLE_NUMBERS = new Set([
  1040, 1047, 1053, 1180, 1184, 1203, 1317, 1927, 1969, 1290, 1836, 1021, 1114, 3024, 3100,
]);
const UNAVAILABLE_MESSAGES = /closed state|Queue limit reached|Pool is closed|connection is not open/i;

function faultOf(error: unknown): DriverFault | undefined {
  const raw: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(raw instanceof Error)) return undefined;
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

/** The database cannot be reached, or cannot do its work now. */
export function isUnavailable(error: unknown): boolean {
  const fault = faultOf(error);
  if (!fault) return false;
  return (
    fault.fatal ||
    UNAVAILABLE_CODES.has(fault.code ?? '') ||
    (fault.code ?? '').startsWith('SQLITE_IOERR') ||
    UNAVAILABLE_NUMBERS.has(fault.errno ?? 0) ||
    UNAVAILABLE_MESSAGES.test(fault.message)
  );
}
