import { CannotRun } from './errors.js';
import { runExport } from './export/command.js';
import { runImport } from './import/command.js';
import { keepsNumbers } from './json.js';
import { meant } from './nearest.js';
import {
  exportUsage,
  importUsage,
  misspeltVariables,
  parseExport,
  parseImport,
  parseTail,
  tailUsage,
  usage,
} from './options.js';
import { outputTo } from './progress.js';
import { runTail } from './tail/command.js';
import manifest from '../package.json' with { type: 'json' };

const exitCodes = { couldNotRun: 2 };

async function run([command, ...args]: string[]): Promise<number> {
  const output = outputTo(process.stderr, process.stdout);
  const interruption = new AbortController();
  const interrupt = () => {
    output.note('finishing what is under way; once more to quit at once');
    interruption.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);

  if (!keepsNumbers) output.note('Node.js 20 rounds numbers of more than 15 digits; 22 keeps them');
  for (const line of misspeltVariables(process.env)) output.note(line);
  if (command === 'import') {
    const asked = parseImport(args, process.env);
    return asked ? runImport(asked, output, interruption.signal) : print(importUsage);
  }
  if (command === 'export') {
    const asked = parseExport(args, process.env);
    return asked ? runExport(asked, output, interruption.signal) : print(exportUsage);
  }
  if (command === 'tail') {
    const asked = parseTail(args, process.env);
    return asked ? runTail(asked, output, interruption.signal) : print(tailUsage);
  }
  if (command === '--version') return print(`${manifest.version}\n`);
  if (command === undefined || command === '--help' || command === '-h' || command === 'help')
    return print(usage);
  const near = meant(command, ['import', 'export', 'tail', '--help', '--version']);
  throw new CannotRun(
    `there is no command "${command.slice(0, 40)}"${near || ': there are import, export and tail (see --help)'}`,
  );
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

// Whoever reads the output may have enough: `| head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.couldNotRun);
  throw error;
});

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof CannotRun ? error.message : error);
  process.exitCode = exitCodes.couldNotRun;
}
