import type { AppConfig } from './config/app-config.js';
import { describeDatabase } from './config/describe-database.js';

const SQLITE: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: 'is no SQLite database',
  SQLITE_CORRUPT: 'is damaged',
  SQLITE_CANTOPEN: 'cannot be opened: its folder is missing or may not be written to',
  SQLITE_READONLY: 'may not be written to',
  EACCES: 'cannot be made: its folder may not be written to',
  EROFS: 'cannot be made: its folder may not be written to',
  EISDIR: 'is a folder',
  ENOTDIR: 'cannot be made: what stands for its folder is a file',
  EEXIST: 'cannot be made: what stands for its folder is a file',
  ENOENT: 'cannot be made: its folder cannot be made',
};

/** Why the service or a command could not start, in one sentence with the variable to change. */
export function startFailure(error: unknown, config?: AppConfig): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if ('syscall' in error && error.syscall === 'listen') return listenFailure(error, code);
  if (config?.database.engine === 'sqlite') {
    const why = Object.entries(SQLITE).find(([known]) => code === known || code.startsWith(`${known}_`))?.[1];
    const name = `The database ${describeDatabase(config.database)}`;
    if (why) return `${name} ${why}. See DATABASE_URL.`;
    if (code.startsWith('SQLITE_')) return `${name} cannot be used: ${error.message}. See DATABASE_URL.`;
  }
  if (config?.database.engine === 'mysql' && error.message.startsWith('The database cannot be'))
    return `${error.message.replace(/\.?$/, '.')} See DATABASE_URL (${describeDatabase(config.database)}).`;
  return error.message;
}

function listenFailure(error: Error, code: string): string {
  // Node.js leaves a port of 0 out.
  const port = 'port' in error ? `:${String(error.port)}` : '';
  const address = 'address' in error ? `${String(error.address)}${port}` : '';
  if (code === 'EADDRINUSE') return `${address} is in use by another process: set PORT or METRICS_PORT.`;
  if (code === 'EACCES') return `This user may not listen on ${address}: set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine: set HOST.`;
  return error.message;
}
