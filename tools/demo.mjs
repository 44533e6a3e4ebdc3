// npm run demo: the service with some real dialogues of two tenants in it, to look at. Its database is data/demo.sqlite.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { takeNoArguments } from './no-arguments.mjs';

takeNoArguments(`Usage: npm run demo
  starts Colloquy with 300 sample dialogues of two tenants in data/demo.sqlite.
  PORT=8080 npm run demo`);

const PORT = process.env.PORT ?? '3000';
const url = `http://127.0.0.1:${PORT}`;
const api = `${url}/admin/api/v2`;
/** The first is the one that requests without `tenant_id` act for. */
const TENANTS = [
  { id: '40d39c4b-9585-4123-8fd4-f1cc23a1184c', user: 'ada', from: 0, to: 200 },
  { id: 'acme', user: 'bob', from: 200, to: 300 },
];

const dialogues = gunzipSync(readFileSync('test/data/sgd-dev.jsonl.gz')).toString().trimEnd().split('\n');
const environment = {
  ...process.env,
  PORT,
  HOST: '127.0.0.1',
  AUTH_MODE: 'none',
  NODE_ENV: 'development',
  DATABASE_URL: 'sqlite:./data/demo.sqlite',
  DEFAULT_TENANT_ID: TENANTS[0].id,
  LOG_LEVEL: 'error',
};

// Nothing is to be imported into another service.
if (await fetch(url, { redirect: 'manual' }).catch(() => null)) {
  console.error(`${url} is in use by another process: PORT=${Number(PORT) + 1} npm run demo`);
  process.exit(1);
}
const service = spawn(process.execPath, ['dist/main.js'], { env: environment, stdio: 'inherit' });
service.once('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => service.kill(signal));

await untilReady();
for (const { id, user, from, to } of TENANTS) {
  const args = ['import', '-', '--tenant', id, '--user', user, '--agent', 'concierge', '--url', url];
  const command = spawn(process.execPath, ['packages/cli/dist/colloquy.js', ...args], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  command.stdin.end(dialogues.slice(from, to).join('\n'));
  const [code] = await once(command, 'exit');
  if (code !== 0) service.kill();
}

console.log(`
300 dialogues of two tenants are there. What to look at, until Ctrl-C:

  every operation, to be tried:
    ${url}/docs
  the latest conversations of the first tenant:
    curl '${api}/conversations?page_size=3'
  those of another tenant; neither sees the other:
    curl '${api}/conversations?tenant_id=acme'
  all that it has said:
    npm run --silent export -- --url ${url} --tenant acme | head -c 2000
`);

async function untilReady() {
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 200));
  }
}
