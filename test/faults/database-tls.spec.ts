import { chmodSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { Authority, type Pair, replace } from './support/certificates.js';
import { DatabaseServer } from './support/database-server.js';
import { onServers } from './support/on-servers.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';

const HELLO = { message_from: 'user', content: 'Hello' };
/** Longer than what was read is kept. */
const ROTATED_WITHIN_MS = 30_000;
const EXPIRES_AFTER_MS = 3_000;

onServers('a database that takes encrypted connections only', (kind) => {
  const [ours, theirs] = [new Authority('ours'), new Authority('theirs')];
  const client = ours.sign('DNS:colloquy');
  const server: Pair & { ca: string } = inOneFolder({ ...ours.sign('DNS:localhost'), ca: ours.ca });
  let database: DatabaseServer;

  beforeAll(async () => {
    const files = [`--ssl-ca=${server.ca}`, `--ssl-cert=${server.cert}`, `--ssl-key=${server.key}`];
    database = await DatabaseServer.start(['--require-secure-transport=ON', ...files], kind);
    await database.query(`CREATE USER known@'127.0.0.1' IDENTIFIED BY 'known' REQUIRE X509`);
    await database.query(`GRANT ALL ON *.* TO known@'127.0.0.1'`);
  });
  afterAll(() => database.stop());

  /** The database in parts, which is how secrets are mounted. */
  const parts = (more: Record<string, string> = {}) => ({
    DATABASE_URL: '',
    DATABASE_HOSTS: `localhost:${database.port}`,
    DATABASE_NAME: 'colloquy',
    DATABASE_USER: 'app',
    DATABASE_PASSWORD: 'app',
    ...more,
  });
  const start = (more: Record<string, string>) => Service.start('', parts(more));

  /** Starts the service, writes and reads, and stops it. */
  async function works(more: Record<string, string>): Promise<string> {
    const service = await start(more);
    const id = await service.newConversation();
    const { status } = await service.send('POST', `/conversations/${id}/messages`, HELLO);
    expect(status).toBe(201);
    await service.process.stop();
    return service.process.output;
  }

  /** With these certificates the server goes on. */
  async function serveWith({ cert, key }: Pair): Promise<void> {
    replace(server.key, key);
    replace(server.cert, cert);
    await database.query(kind === 'mysql' ? 'ALTER INSTANCE RELOAD TLS' : 'FLUSH SSL');
  }

  it('is not reached without TLS, and the log says why', async () => {
    const words = kind === 'mysql' ? /insecure transport are prohibited/ : /insecure transport|Access denied/;
    await expect(start({})).rejects.toThrow(words);
  });

  it('is reached with required, whatever its certificate, and with verify by its name', async () => {
    await works({ DATABASE_TLS: 'required' });
    await works({ DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: ours.ca });
  });

  it('is not trusted with a wrong authority, the system’s ones, or another name', async () => {
    const verify = { DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: ours.ca };
    await expect(start({ ...verify, DATABASE_TLS_CA_FILE: theirs.ca })).rejects.toThrow(/certificate/i);
    await expect(start({ DATABASE_TLS: 'verify' })).rejects.toThrow(/certificate/i);
    const address = { DATABASE_HOSTS: `127.0.0.1:${database.port}` };
    await expect(start({ ...verify, ...address })).rejects.toThrow(/IP: 127\.0\.0\.1/);

    await serveWith(ours.sign('IP:127.0.0.1'));
    await works({ ...verify, ...address });
    await expect(start(verify)).rejects.toThrow(/altnames/);
    await serveWith(ours.sign('DNS:localhost'));
  });

  it('is not trusted with a certificate that has expired', async () => {
    await serveWith(ours.sign('DNS:localhost', EXPIRES_AFTER_MS)); // MySQL takes none that has expired already
    await sleep(EXPIRES_AFTER_MS);
    const verify = { DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: ours.ca };
    await expect(start(verify)).rejects.toThrow(/expired/);
    await works({ DATABASE_TLS: 'required' });
    await serveWith(ours.sign('DNS:localhost'));
  });

  it('asks for a certificate of the service, where its account is set so', async () => {
    const known = { DATABASE_TLS: 'verify', DATABASE_TLS_CA_FILE: ours.ca, DATABASE_USER: 'known' };
    await expect(start({ ...known, DATABASE_PASSWORD: 'known' })).rejects.toThrow(/Access denied/);
    await works({
      ...known,
      DATABASE_PASSWORD: 'known',
      DATABASE_TLS_CERT_FILE: client.cert,
      DATABASE_TLS_KEY_FILE: client.key,
    });
  });

  it('is reached on with files that were replaced, and not left for a pair that does not fit', async () => {
    const mounted = inOneFolder({ ...client, ca: ours.ca });
    const service = await start({
      DATABASE_USER: 'known',
      DATABASE_PASSWORD: 'known',
      DATABASE_TLS: 'verify',
      DATABASE_TLS_CA_FILE: mounted.ca,
      DATABASE_TLS_CERT_FILE: mounted.cert,
      DATABASE_TLS_KEY_FILE: mounted.key,
    });
    const write = () => service.send('POST', '/conversations', {});
    const isWritten = async () => (await write()).status === 201;
    /** Connections that exist are not asked for certificates again. */
    const disconnect = async () => {
      const rows = await database.query<{ ID: number }>(
        `SELECT id AS ID FROM information_schema.processlist WHERE user = 'known'`,
      );
      for (const { ID } of rows) await database.query(`KILL ${ID}`);
    };

    replace(mounted.key, theirs.sign('DNS:colloquy').key);
    await until(
      'the pair is refused',
      async () => {
        await write();
        return /DATABASE_TLS_KEY is not the key/.test(service.process.output);
      },
      ROTATED_WITHIN_MS,
    );
    await disconnect();
    expect(await isWritten()).toBe(true);

    // Both sides get certificates of another authority.
    replace(server.ca, theirs.ca);
    await serveWith(theirs.sign('DNS:localhost'));
    await disconnect();
    expect((await write()).status).toBe(503);
    const { cert, key } = theirs.sign('DNS:colloquy');
    replace(mounted.ca, theirs.ca);
    replace(mounted.cert, cert);
    replace(mounted.key, key);
    await until('the new ones are used', isWritten, ROTATED_WITHIN_MS);
    await service.process.stop();

    replace(server.ca, ours.ca);
    await serveWith(ours.sign('DNS:localhost'));
  });
});

/** Copies of files that may be replaced. */
function inOneFolder<Files extends Record<string, string>>(files: Files): Files {
  const directory = newDirectory(tmpdir());
  chmodSync(directory, 0o755); // a server that gives up root's rights reads it
  const copies = Object.entries(files).map(([name, path]) => {
    copyFileSync(path, join(directory, name));
    return [name, join(directory, name)];
  });
  return Object.fromEntries(copies) as Files;
}
