import { CannotImport } from './import/import-errors.js';
import { importDialogues, type ImportResult } from './import/importer.js';
import { parseOptions, usage } from './import/options.js';
import { clientToken } from '../config/client-token.js';
import { countsOf, outputTo } from './import/progress.js';

const exitCodes = { couldNotRun: 2, interrupted: 130 };

async function run(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), clientToken());
  if (!options) {
    process.stdout.write(usage);
    return 0;
  }
  const output = outputTo(process.stderr);
  const interruption = new AbortController();
  const interrupt = () => {
    output.note('finishing the conversations in flight; once more to quit at once');
    interruption.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);

  const result = await importDialogues({ ...options, signal: interruption.signal }, output);
  return report(result);
}

function report(result: ImportResult): number {
  const { end, lastLine, failedLines, elapsedMs } = result;
  if (end !== 'complete') {
    const reason =
      end === 'interrupted' ? 'interrupted' : 'stopped, because the server does not take any more';
    process.stderr.write(`${reason}: up to line ${lastLine}, every line is imported or named above\n`);
  }
  process.stdout.write(`imported ${countsOf(result)}; ${(elapsedMs / 1000).toFixed(1)} s\n`);
  if (end === 'interrupted') return exitCodes.interrupted;
  if (end === 'server-failed') return exitCodes.couldNotRun;
  return failedLines > 0 ? 1 : 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  const reason = error instanceof CannotImport ? error.message : error;
  console.error('cannot import:', reason);
  process.exitCode = exitCodes.couldNotRun;
}
