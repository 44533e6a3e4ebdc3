import { NAMED_SERVER, startServer } from './server.mjs';

const started = [];

/** One private server for the whole run. Workers are forked afterwards and inherit what names it. */
export async function setUp(kind) {
  const variable = NAMED_SERVER[kind];
  if (process.env[variable]) return;
  const server = await startServer({ kind });
  process.env[variable] = server.url;
  started.push({ variable, server });
}

export async function stopServers() {
  for (const { variable, server } of started.splice(0)) {
    delete process.env[variable];
    await server.stop();
  }
}
