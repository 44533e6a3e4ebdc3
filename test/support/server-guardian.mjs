// Runs a server for as long as its parent lives: `node server-guardian.mjs <directory>`.
// One line on stdin is the command (a JSON array). When stdin ends, by a stop, Ctrl-C, a crash or kill -9
// of the parent, the server is ended and its directory removed.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const KILL_AFTER_MS = 10_000;
const directory = process.argv[2];
const lines = createInterface({ input: process.stdin });
let server;
let stopping = false;

function stop() {
  if (stopping) return;
  stopping = true;
  if (!server) return remove();
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), KILL_AFTER_MS).unref();
}

function ended() {
  if (!stopping) {
    const log = readFileSync(`${directory}/error.log`, { encoding: 'utf8', flag: 'a+' });
    console.error(`The test server ended by itself. The end of its log:\n${log.slice(-3000)}`);
  }
  remove();
}

function remove() {
  rmSync(directory, { recursive: true, force: true });
  process.exit();
}

lines.once('line', (line) => {
  const [command, ...options] = JSON.parse(line);
  server = spawn(command, options, { stdio: 'ignore' });
  server.once('error', ended);
  server.once('exit', ended);
});
lines.once('close', stop);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
