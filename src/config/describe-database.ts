import type { DatabaseConfig } from './app-config.js';

/** Which database is meant, for people: without user and password. */
export const describeDatabase = (config: DatabaseConfig): string =>
  config.engine === 'sqlite'
    ? `sqlite:${config.path}`
    : `mysql://${config.hosts.map(({ host, port }) => `${host}:${port}`).join(',')}/${config.database}`;
