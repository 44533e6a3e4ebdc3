import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'colloquy-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMANDS = ['keys', 'migrations', 'counters', 'events', 'openapi'].map((name) => `cli/${name}.ts`);
const COLLOQUY = '../packages/cli/src/colloquy.ts';
const MISSING = join(folder, 'missing', 'colloquy.sqlite');

// What they say and do without a database is the same for each engine.
if (testEngine === 'sqlite') {
  describe('a command line', () => {
    it.each([...COMMANDS, 'main.ts'])('shows with --help what %s does', async (command) => {
      const { exitCode, stdout, stderr } = await runCommand(command, ['--help'], {});

      expect([exitCode, stdout, stderr]).toEqual([0, expect.stringMatching(/^Usage: npm /), '']);
    });

    it.each([[], ['import'], ['export'], ['tail']])(
      'shows with --help what colloquy %s does',
      async (...args) => {
        const { exitCode, stdout, stderr } = await runCommand(COLLOQUY, [...args, '--help'], {});

        expect([exitCode, stdout, stderr]).toEqual([0, expect.stringMatching(/^ {2}colloquy /m), '']);
      },
    );

    it.each([
      [['imprt'], 'there is no command "imprt": there are import, export and tail'],
      [['tail', '--typ', 'x'], "Unknown option '--typ'"],
      [['export', '--url', 'nowhere'], '--url is no http(s) URL'],
    ])('colloquy says what is wrong with %j', async (args, sentence) => {
      const { exitCode, stdout, stderr } = await runCommand(COLLOQUY, args, {});

      expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(sentence)]);
      expect(stderr).not.toMatch(/^ +at /m);
    });

    it.each([
      ['cli/keys.ts', 'lits', 'list'],
      ['cli/migrations.ts', 'rnu', 'run'],
      ['cli/counters.ts', 'chekc', 'check'],
      ['cli/events.ts', 'new-epcoh', 'new-epoch'],
    ])('%s names what is near another word', async (command, given, near) => {
      const { exitCode, stdout, stderr } = await runCommand(command, [given], {});

      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(`There is no command ${given}: did you mean ${near}?`);
    });

    it.each([
      ['cli/migrations.ts', 'run'],
      ['cli/counters.ts', 'rebuild'],
      ['cli/events.ts', 'new-epoch'],
      ['cli/keys.ts', 'list'],
    ])('%s %s does nothing where more is said than it takes', async (command, word) => {
      const { exitCode, stdout, stderr } = await runCommand(command, [word, '--dry-run'], {});

      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(`${word} takes no --dry-run.`);
    });

    it.each([
      ['cli/keys.ts', 'list'],
      ['cli/keys.ts', 'revoke', 'x'],
      ['cli/migrations.ts', 'list'],
      ['cli/counters.ts', 'check'],
    ])('%s %s makes no database, and says which it looked for', async (command, ...args) => {
      const { exitCode, stderr } = await runCommand(command, args, { DATABASE_URL: `sqlite:${MISSING}` });

      expect(exitCode).toBe(1);
      expect(stderr).toBe(
        `Database: sqlite:${MISSING}\nThere is no such database yet: start the service once, or set DATABASE_URL.\n`,
      );
      expect(existsSync(MISSING)).toBe(false);
    });

    it.each([
      ['--name', 'two\nlines', '--tenant', 'acme'],
      ['--name', 'x', '--tenant', 'acme', '--expires', '2020-01-01T00:00:00Z'],
      ['--name', 'x', '--tenat', 'acme'],
    ])('makes no key of %j', async (...args) => {
      const { exitCode, stderr = '' } = await runCommand('cli/keys.ts', ['create', ...args], {
        DATABASE_URL: `sqlite:${MISSING}`,
      });

      expect(exitCode).toBe(2);
      expect(stderr).not.toMatch(/^ +at |Database:/m);
    });
  });

  describe('a start that fails', () => {
    const notDatabase = join(folder, 'text.sqlite');
    writeFileSync(
      notDatabase,
      'This is a text, and it is long enough to be told from a database of SQLite.'.repeat(20),
    );
    const start = (environment: Record<string, string>, ...args: string[]) =>
      runCommand('main.ts', args, { PORT: '0', DATABASE_URL: 'sqlite::memory:', ...environment });

    it('is one sentence with the variable to change', async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const address = other.address();
      const port = typeof address === 'object' ? String(address?.port) : '';
      const failures: [Record<string, string>, string][] = [
        [{ PORT: port }, `127.0.0.1:${port} is in use by another process: set PORT`],
        [{ DATABASE_URL: `sqlite:${notDatabase}` }, `is no SQLite database. See DATABASE_URL.`],
        [
          { DATABASE_URL: `sqlite:${notDatabase}/x.sqlite` },
          `what stands for its folder is a file. See DATABASE_URL.`,
        ],
        [{ DATABASE_URL: `sqlite:${folder}` }, `is a folder. See DATABASE_URL.`],
        [{ DATABASE_URL: 'sqlite:/proc/none/x.sqlite' }, `its folder cannot be made. See DATABASE_URL.`],
        [{ DATABASE_URL: 'sqlite:/dev/full' }, `cannot be used: database or disk is full. See DATABASE_URL.`],
        [
          { DATABASE_URL: 'mysql://me:a-password@127.0.0.1:1/talk' },
          'See DATABASE_URL (mysql://127.0.0.1:1/talk).',
        ],
      ];
      for (const [environment, sentence] of failures) {
        const { exitCode, stdout = '', stderr } = await start(environment);
        const lines = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));

        expect([exitCode, stderr]).toEqual([1, '']);
        expect(lines.filter(({ level }) => ['error', 'fatal'].includes(level))).toEqual([
          { level: 'fatal', time: expect.anything(), message: expect.stringContaining(sentence) },
        ]);
      }
      other.close();
    }, 60_000);

    it('tells where with LOG_LEVEL=debug', async () => {
      const { stdout } = await start({ DATABASE_URL: `sqlite:${notDatabase}`, LOG_LEVEL: 'debug' });

      expect(stdout).toMatch(/"fatal".*"stack":" +at /);
    });

    it('is one with arguments, which it does not take', async () => {
      const { exitCode, stderr } = await start({}, '--port', '1');

      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringMatching(/^Colloquy takes no arguments, but --port/),
      ]);
    });
  });
}
