import { startMariadb } from './mariadb.mjs';

let server;

/** One private server for the whole run. Workers are forked afterwards and inherit TEST_DATABASE_URL. */
export default async function globalSetup() {
  if (process.env.TEST_DATABASE_URL) return;
  server = await startMariadb();
  process.env.TEST_DATABASE_URL = server.url;
}

export async function stopServer() {
  if (!server) return;
  delete process.env.TEST_DATABASE_URL;
  await server.stop();
  server = undefined;
}
