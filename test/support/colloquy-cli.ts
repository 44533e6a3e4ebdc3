import { runExport } from '../../packages/cli/src/export/command.js';
import { runImport } from '../../packages/cli/src/import/command.js';
import { parseExport, parseImport, parseTail } from '../../packages/cli/src/options.js';
import { runTail } from '../../packages/cli/src/tail/command.js';
import { type Identity, tokenFor } from './test-client.js';

interface Caller {
  url: string;
  identity: Identity;
  signal?: AbortSignal;
  /** Told of each line that goes to standard error. */
  onNote?: (text: string) => void;
  /** Told of what goes to standard output. */
  onPrint?: (text: string) => void;
}

interface CommandResult {
  exitCode: number;
  notes: string[];
  /** What goes to standard output. */
  printed: string;
}

const IMPORT_SCOPES = ['conversations:read', 'conversations:write', 'conversations:import'];

/** Runs `colloquy import`, `export` or `tail` in this process. */
export async function colloquy(
  command: 'import' | 'export' | 'tail',
  args: readonly string[],
  { url, identity, signal = new AbortController().signal, onNote = () => {}, onPrint = () => {} }: Caller,
): Promise<CommandResult> {
  const notes: string[] = [];
  let printed = '';
  const output = {
    start: () => {},
    stop: () => {},
    note: (text: string) => {
      notes.push(text);
      onNote(text);
    },
    print: (text: string) => {
      printed += text;
      onPrint(text);
    },
  };
  const environment = {
    COLLOQUY_URL: url,
    COLLOQUY_TOKEN: await tokenFor({ scopes: IMPORT_SCOPES, ...identity }, '30m'),
  };
  const commands = {
    import: () => run(runImport, parseImport([...args], environment)),
    export: () => run(runExport, parseExport([...args], environment)),
    tail: () => run(runTail, parseTail([...args], environment)),
  };
  const exitCode = await commands[command]();
  return { exitCode, notes, printed };

  function run<Command>(
    work: (command: Command, to: typeof output, signal: AbortSignal) => Promise<number>,
    asked: Command | null,
  ): Promise<number> {
    if (!asked) throw new Error('It was asked for help.');
    return work(asked, output, signal);
  }
}
