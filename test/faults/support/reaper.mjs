// Ends what a test file has started, whatever becomes of the file: `+pid`, `-pid` and `directory` come as lines on
// stdin, and when stdin closes, the processes that are left are killed and the directories removed.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const pids = new Set();
const directories = new Set();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line.startsWith('+')) pids.add(Number(line.slice(1)));
  else if (line.startsWith('-')) pids.delete(Number(line.slice(1)));
  else directories.add(line);
});
lines.once('close', () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }
  for (const directory of directories) {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
});
// Ctrl-C is for the tests; their end closes stdin.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
