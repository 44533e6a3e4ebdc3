// `npm run bench:history [-- --against <checkout>]`: what it takes to bring the 38,768 messages of the sample file in, and
// out again, on SQLite and MariaDB; and to bring them in with the service and the command of another checkout, built.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDatabase } from './database.js';
import {
  cpuMsOf,
  cpuMsOfEnded,
  describeMachine,
  OTHER_CORE,
  pin,
  pinned,
  ROOT,
  SCRATCH,
  SERVER_CORE,
} from './machine.js';
import { spreadOf } from './statistics.js';
import { SECRET, tokenOf } from './tokens.js';

const FILE = join(ROOT, 'test/data/sgd-dev.jsonl.gz');
const MESSAGES = 38_768;
const ROUNDS = 3;
const SCOPES = 'conversations:read conversations:write conversations:import';

/** A service and its command, built. */
interface Build {
  title: string;
  directory: string;
  importCommand: string[];
  /** Null for one that has none. */
  exportCommand: string[] | null;
}

interface Cost {
  seconds: number;
  clientCpuMs: number;
  serverCpuMs: number;
}

const { values } = parseArgs({ options: { against: { type: 'string' } } });
pin(process.pid, OTHER_CORE);
const own: Build = {
  title: 'this',
  directory: ROOT,
  importCommand: ['packages/cli/dist/colloquy.js', 'import'],
  exportCommand: ['packages/cli/dist/colloquy.js', 'export', '--out', join(SCRATCH, 'export.jsonl.gz')],
};
const builds = [own, ...(values.against === undefined ? [] : [otherIn(resolve(ROOT, values.against))])];
const database = await startDatabase();
const scratch = mkdtempSync(join(SCRATCH, 'history-'));
try {
  console.log(
    `${JSON.stringify(describeMachine())}; MariaDB ${database.version}; medians of ${ROUNDS} rounds\n`,
  );
  console.log('| what | messages/s | client, CPU s per 1,000 messages | server, CPU s per 1,000 messages |');
  console.log('| --- | --- | --- | --- |');
  for (const engine of ['SQLite', 'MariaDB'] as const) await measure(engine);
} finally {
  await database.stop();
  rmSync(scratch, { recursive: true });
}

/** In turns, so that what else the machine does meets all of them. */
async function measure(engine: 'SQLite' | 'MariaDB'): Promise<void> {
  const costs = new Map<string, Cost[]>();
  const note = (what: string, cost: Cost) => costs.set(what, [...(costs.get(what) ?? []), cost]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const build of builds) {
      const name = `${builds.indexOf(build)}_${round}`;
      const service = await start(build, await emptyDatabase(engine, name));
      note(`import, ${engine}, ${build.title}`, await costOf(service, build, [...build.importCommand, FILE]));
      if (build.exportCommand) {
        rmSync(join(SCRATCH, 'export.jsonl.gz'), { force: true });
        note(`export, ${engine}, ${build.title}`, await costOf(service, build, build.exportCommand));
        note(
          `import again, ${engine}, ${build.title}`,
          await costOf(service, build, [...build.importCommand, FILE]),
        );
      }
      service.child.kill('SIGTERM');
      await once(service.child, 'exit');
    }
  }
  for (const [what, all] of [...costs].sort()) {
    const median = (of: (cost: Cost) => number) => spreadOf(all.map(of)).median;
    const perThousand = (ms: number) => (ms / MESSAGES).toFixed(3);
    const rate = Math.round(MESSAGES / median(({ seconds }) => seconds)).toLocaleString('en');
    const [client, server] = [
      median(({ clientCpuMs }) => clientCpuMs),
      median(({ serverCpuMs }) => serverCpuMs),
    ];
    console.log(`| ${what} | ${rate} | ${perThousand(client)} | ${perThousand(server)} |`);
  }
}

function otherIn(directory: string): Build {
  if (!existsSync(join(directory, 'dist/main.js'))) throw new Error(`${directory} is not built.`);
  const isWithPackages = existsSync(join(directory, 'packages/cli'));
  return {
    title: 'the other',
    directory,
    importCommand: isWithPackages ? own.importCommand : ['dist/cli/import.js'],
    exportCommand: null,
  };
}

async function emptyDatabase(engine: 'SQLite' | 'MariaDB', name: string): Promise<string> {
  if (engine === 'SQLite') return `sqlite:${join(scratch, `${name}.sqlite`)}`;
  await database.connection.query(`CREATE DATABASE history_${name} CHARACTER SET utf8mb4`);
  const url = new URL(database.url);
  url.pathname = `/history_${name}`;
  return url.href;
}

async function start(
  { directory }: Build,
  databaseUrl: string,
): Promise<{ url: string; child: ChildProcess }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  const [command, parameters] = pinned(SERVER_CORE, process.execPath, join(directory, 'dist/main.js'));
  const child = spawn(command, parameters, {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      AUTH_MODE: 'jwt',
      AUTH_JWT_SECRET: SECRET,
      AUTH_JWT_AUDIENCE: 'history',
      LOG_LEVEL: 'warn',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error('A service ended while it started.');
    await sleep(20);
  }
  return { url, child };
}

async function costOf(
  service: { url: string; child: ChildProcess },
  build: Build,
  args: string[],
): Promise<Cost> {
  const processId = service.child.pid ?? NaN;
  const [serverBefore, clientBefore, started] = [cpuMsOf(processId), cpuMsOfEnded(), performance.now()];
  const client = spawn(process.execPath, [...args, '--url', service.url, '--tenant', 'history'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: build.directory,
    env: {
      PATH: process.env.PATH,
      COLLOQUY_TOKEN: await tokenOf('history', SCOPES, { audience: 'history' }),
    },
  });
  const [exitCode] = (await once(client, 'exit')) as [number];
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}.`);
  const seconds = (performance.now() - started) / 1000;
  return {
    seconds,
    clientCpuMs: cpuMsOfEnded() - clientBefore,
    serverCpuMs: cpuMsOf(processId) - serverBefore,
  };
}
