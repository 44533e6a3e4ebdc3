import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'colloquy-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMANDS = ['keys', 'migrations', 'counters', 'events', 'openapi'].map((name) => `cli/${name}.ts`);
const COLLOQUY = '../packages/cli/src/colloquy.ts';
const ROOT = join(import.meta.dirname, '../..');
const MISSING = join(folder, 'missing', 'colloquy.sqlite');

/** The lines that do not fit into a narrow terminal. */
const tooWide = (text = '') => text.split('\n').filter((line) => line.length > 80);

// What they say and do without a database is the same for each engine.
if (testEngine === 'sqlite') {
  describe('a command line', () => {
    it.each([...COMMANDS, 'main.ts'])('shows with --help what %s does', async (command) => {
      const { exitCode, stdout, stderr } = await runCommand(command, ['--help'], {});

      expect([exitCode, stdout, stderr]).toEqual([0, expect.stringMatching(/^Usage: npm /), '']);
      expect(tooWide(stdout)).toEqual([]);
    });

    it.each([[], ['import'], ['export'], ['tail']])(
      'shows with --help what colloquy %s does',
      async (...args) => {
        const { exitCode, stdout, stderr } = await runCommand(COLLOQUY, [...args, '--help'], {});

        expect([exitCode, stdout, stderr]).toEqual([0, expect.stringMatching(/^ {2}colloquy /m), '']);
        expect(tooWide(stdout)).toEqual([]);
      },
    );

    it.each([
      [['imprt'], 'there is no command "imprt": did you mean import?'],
      [['words'], 'there is no command "words": there are import, export and tail'],
      [['tail', '--typ', 'x'], 'there is no option --typ: did you mean --type?'],
      [['import', '--word', 'x'], 'there is no option --word (see --help)'],
      [['import', 'x', '--format', 'opnai'], 'messages: did you mean openai?'],
      [['import', '/missing.json'], 'cannot read /missing.json: ENOENT'],
      [['export', '--url', 'nowhere'], '--url is no http(s) URL'],
    ])('colloquy says what is wrong with %j', async (args, sentence) => {
      const { exitCode, stdout, stderr } = await runCommand(COLLOQUY, args, {});

      expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(sentence)]);
      expect(stderr).not.toMatch(/^ +at /m);
    });

    it('colloquy names what a misspelt variable is probably meant to be', async () => {
      const environment = {
        COLLOQUY_TOKN: 'a-secret',
        COLOQUY_URL: 'http://x',
        COLLOQUY_PORT: 'tcp://10.0.0.1',
      };
      const { stderr } = await runCommand(COLLOQUY, ['export', '--url', 'nowhere'], environment);

      expect(stderr).toBe(
        [
          'COLLOQUY_TOKN is no variable of colloquy and is ignored: did you mean COLLOQUY_TOKEN?',
          'COLOQUY_URL is no variable of colloquy and is ignored: did you mean COLLOQUY_URL?',
          '--url is no http(s) URL\n',
        ].join('\n'),
      );
    });

    it.each([
      ['--nmae', 'There is no option --nmae: did you mean --name?'],
      ['--scopes=conversation:read', 'There is no scope conversation:read: did you mean conversations:read?'],
      ['--scopes=all', 'There is no scope all.'],
    ])('keys create names what is near %s', async (option, sentence) => {
      const args = ['create', '--name', 'x', '--tenant', 'acme', option];
      const { exitCode, stderr } = await runCommand('cli/keys.ts', args, {});

      expect([exitCode, stderr]).toEqual([2, `${sentence}\n--help shows what there is.\n`]);
    });

    it('npm run openapi hands its arguments on', async () => {
      const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
        execFile('npm', ['run', '--silent', 'openapi', '--', '--chek'], { cwd: ROOT }, (error, _, text) =>
          resolve({ code: error?.code, stderr: text }),
        ),
      );

      expect([code, stderr]).toEqual([2, expect.stringMatching('no option --chek: did you mean --check?')]);
    }, 120_000);

    it('npm run demo imports nothing into the service of somebody else', async () => {
      let requests = 0;
      const other = createHttpServer((_, response) => {
        requests += 1;
        response.end();
      });
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const address = other.address();
      const port = typeof address === 'object' ? String(address?.port) : '';
      const { exitCode, stderr } = await runCommand('../tools/demo.mjs', [], { PORT: port });
      other.close();

      expect([exitCode, stderr, requests]).toEqual([1, expect.stringMatching(`${port} is in use`), 1]);
    });

    it('npm run build says in a sentence that it cannot write', () => {
      const copy = join(folder, 'copy');
      mkdirSync(join(copy, 'tools'), { recursive: true });
      mkdirSync(join(copy, 'node_modules/rolldown/bin'), { recursive: true });
      for (const name of ['build.mjs', 'build-if-stale.mjs', 'no-arguments.mjs'])
        copyFileSync(join(ROOT, 'tools', name), join(copy, 'tools', name));
      for (const name of ['dist', 'node_modules/rolldown/bin/cli.mjs']) writeFileSync(join(copy, name), '');

      const { status, stderr } = spawnSync(
        process.execPath,
        [join(copy, 'tools/build-if-stale.mjs'), '--force'],
        { encoding: 'utf8' },
      );

      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/^The build cannot write \S+dist \(EEXIST\): may this user write there\?\n$/),
      ]);
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
