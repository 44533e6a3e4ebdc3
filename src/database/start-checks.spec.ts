import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../config/load-config.js';
import { encryptionWarnings } from './start-checks.js';

const warningsFor = (environment: Record<string, string>) =>
  encryptionWarnings(loadConfig({ environment }).database);

describe('what is said at start of unencrypted connections', () => {
  it('names the servers that are not on this machine', () => {
    expect(warningsFor({ DATABASE_URL: 'mysql://u:secret@db.example,127.0.0.1/c' })).toEqual([
      expect.stringMatching(/^Connections to db\.example are not encrypted.*DATABASE_TLS=verify/),
    ]);
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3:3307', '[::1]'])('is nothing for %s', (host) => {
    expect(warningsFor({ DATABASE_URL: `mysql://u:p@${host}/c` })).toEqual([]);
  });

  it('is nothing for SQLite and for encrypted connections', () => {
    expect(warningsFor({})).toEqual([]);
    for (const tls of ['required', 'verify'])
      expect(warningsFor({ DATABASE_URL: 'mysql://u:p@db.example/c', DATABASE_TLS: tls })).toEqual([]);
  });
});
