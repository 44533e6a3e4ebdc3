import { beforeAll, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import type { Answer } from './support/client.js';
import { DatabaseServer } from './support/database-server.js';
import { onServers } from './support/on-servers.js';
import { Service } from './support/service.js';

const NOT_KNOWN = /not known/;

onServers('a database that refuses', (kind) => {
  let database: DatabaseServer;
  beforeAll(async () => {
    database = await DatabaseServer.start(['--max-connections=20'], kind);
  });

  /** A replica with an account of its own, which has no rights beyond the database, as it should be. */
  async function startAs(name: string, limit = '', environment: Record<string, string> = {}) {
    await database.query(`CREATE USER ${name}@'127.0.0.1' IDENTIFIED BY '${name}' ${limit}`);
    await database.query(`GRANT ALL ON colloquy.* TO ${name}@'127.0.0.1'`);
    return Service.start(database.url.replace('app:app', `${name}:${name}`), environment);
  }
  const disconnect = async (name: string) => {
    const rows = await database.query<{ ID: number }>(
      `SELECT id AS ID FROM information_schema.processlist WHERE user = '${name}'`,
    );
    for (const { ID } of rows) await database.query(`KILL ${ID}`);
  };
  const writes = (service: Service, count: number): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, () => service.send('POST', '/conversations', {})));

  /** 503 with a hint when to try again, and without a doubt: nothing was done. */
  function expectCertainRefusals(answers: readonly Answer[]): void {
    for (const { status, body, headers } of answers) {
      expect([status, body.code, body.detail]).toEqual([
        503,
        'unavailable',
        expect.not.stringMatching(NOT_KNOWN),
      ]);
      expect(headers['retry-after']).toMatch(/^\d+$/);
    }
  }

  it('more connections than the account may have: all requests wait for those it has (1226)', async () => {
    const service = await startAs('few', 'WITH MAX_USER_CONNECTIONS 3');
    const answers = await writes(service, 60);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(await service.isReady()).toBe(true);
    expect(service.process.output).not.toMatch(/internal_error/);
    await service.process.stop();
  });

  it('any further connection: 503, and well when there is room again (1040)', async () => {
    const service = await startAs('late', '', { LOG_LEVEL: 'info' });
    await disconnect('late');
    const others = await Promise.all(
      Array.from({ length: 19 }, () => database.connect().catch(() => undefined)),
    );
    const answers = await writes(service, 20);
    expectCertainRefusals(answers.filter(({ status }) => status !== 201));
    for (const other of others) other?.destroy();
    await until('it writes again', async () => (await writes(service, 1))[0]?.status === 201);
    expect(service.process.output).not.toMatch(/internal_error/);
    await service.process.stop();
  });

  it('the account, which is locked, or its password, which was changed: 503 and not ready', async () => {
    const service = await startAs('guest');
    for (const [lock, unlock] of [
      ['ACCOUNT LOCK', 'ACCOUNT UNLOCK'],
      [`IDENTIFIED BY 'another'`, `IDENTIFIED BY 'guest'`],
    ]) {
      await database.query(`ALTER USER guest@'127.0.0.1' ${lock}`);
      await disconnect('guest');
      expectCertainRefusals(await writes(service, 20));
      await until('/readyz says no', async () => !(await service.isReady()));
      await until('the log says why', () =>
        /takes no writes\. .*(is locked|denied)/.test(service.process.output),
      );
      await database.query(`ALTER USER guest@'127.0.0.1' ${unlock}`);
      await until('/readyz says yes', () => service.isReady());
      expect((await writes(service, 1))[0]?.status).toBe(201);
    }
    expect(service.process.output).not.toMatch(/internal_error/);
    await service.process.stop();
  });

  it('writes, as a server that became a reader: reads go on, writes are 503, /readyz says no (1290)', async () => {
    const service = await startAs('loyal');
    const id = await service.newConversation();
    const readOnly = (on: 0 | 1) =>
      database.query(`SET GLOBAL ${kind === 'mysql' ? 'super_read_only' : 'read_only'} = ${on}`);

    await readOnly(1);
    expectCertainRefusals(await writes(service, 5));
    expect((await service.send('GET', `/conversations/${id}`)).status).toBe(200);
    await until('/readyz says no', async () => !(await service.isReady()));
    await until('the log says why', () => /takes no writes\. .*read_only is ON/.test(service.process.output));

    await readOnly(0);
    if (kind === 'mysql') await database.query('SET GLOBAL read_only = 0');
    await until('/readyz says yes', () => service.isReady());
    expect((await writes(service, 1))[0]?.status).toBe(201);
    await service.process.stop();
  });
});
