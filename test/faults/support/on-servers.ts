import { describe, it } from '@jest/globals';
import { isCi, MYSQL_MISSING, type ServerKind } from '../../support/machine.js';
import { DatabaseServer } from './database-server.js';

/** The same stories on MariaDB and on MySQL; under CI neither may be left out. */
export function onServers(
  story: string,
  stories: (kind: ServerKind) => void,
  kinds: readonly ServerKind[] = ['mariadb', 'mysql'],
): void {
  describe.each(kinds)(`${story} (%s)`, (kind) => {
    if (DatabaseServer.isInstalled(kind)) return stories(kind);
    const missing = `NOT run on ${kind}: ${kind === 'mysql' ? MYSQL_MISSING : 'apt-get install mariadb-server'}`;
    if (isCi)
      it('is tested under CI', () => {
        throw new Error(missing);
      });
    else {
      process.stderr.write(`\n${missing}\n`);
      it.skip(missing, () => undefined);
    }
  });
}
