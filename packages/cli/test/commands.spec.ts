import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync, gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { CannotRun } from '../src/errors.js';
import { colloquy } from '../../../test/support/colloquy-cli.js';
import { startCommand } from '../../../test/support/command.js';
import { createTestApp } from '../../../test/support/create-test-app.js';
import { freePort } from '../../../test/support/machine.js';
import { tokenFor } from '../../../test/support/test-client.js';
import { TcpProxy } from '../../../test/support/tcp-proxy.js';

const PACKAGE = join(import.meta.dirname, '..');
const SCOPES = ['conversations:read', 'conversations:write', 'conversations:import'];

const { as, listen } = await createTestApp({ environment: { LOG_LEVEL: 'warn' } });
const url = await listen();
const limited = await createTestApp({
  environment: { LOG_LEVEL: 'error', RATE_LIMIT: '10', RATE_LIMIT_BURST: '5' },
});
const folder = await mkdtemp(join(tmpdir(), 'colloquy-cli-'));
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, ...lines: (object | string)[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return path;
}

const chat = (id: string, ...contents: string[]) => ({
  id,
  messages: contents.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })),
});

const run = (tenant: string, ...args: string[]) => colloquy('import', args, { url, identity: { tenant } });

async function contentsOf(tenant: string, externalId: string): Promise<string[]> {
  const client = as({ tenant });
  const { body } = await client.get('/conversations', { query: { external_id: externalId } });
  const contents: string[] = [];
  for (let after = 0, more = true; more;) {
    const page = await client.get(`/conversations/${body.data[0].id}/messages`, {
      query: { page_size: 200, after_sequence: after },
    });
    contents.push(...page.body.data.map(({ content }: { content: string }) => content));
    after += 200;
    more = page.body.has_next_page;
  }
  return contents;
}

describe('an import', () => {
  it('adds what a later file has more, and leaves out what is there otherwise', async () => {
    await run('later', await file('first.jsonl', chat('grows', 'a', 'b'), chat('changes', 'a', 'b')));

    const { exitCode, notes, printed } = await run(
      'later',
      await file(
        'second.jsonl',
        chat('grows', 'a', 'b', 'c'),
        chat('changes', 'a', 'x', 'c'),
        chat('new', 'd'),
      ),
    );

    expect(printed).toMatch(
      '1 conversation and 2 messages stored; 1 continued; 0 already there; 1 left out; ',
    );
    expect(exitCode).toBe(1);
    expect(notes.at(-1)).toMatch(
      /second\.jsonl, line 2: conversation \S+ is there with another message 2; left out$/,
    );
    expect(await contentsOf('later', 'openai:grows')).toEqual(['a', 'b', 'c']);
    expect(await contentsOf('later', 'openai:changes')).toEqual(['a', 'b']);
  });

  it('names what it cannot take, and keeps it', async () => {
    const rejects = join(folder, 'rejects.jsonl');
    const broken = {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'narrator', content: 'b' },
      ],
    };
    const source = await file('some.jsonl', chat('good', 'a'), '{"messages": [', broken);

    const { exitCode, notes } = await run('rejects', source, '--rejects', rejects);

    expect(exitCode).toBe(1);
    expect(notes.slice(1)).toEqual([
      `${source}, line 2: not valid JSON; left out`,
      `${source}, line 3: message 2 has the unknown role "narrator"; left out`,
    ]);
    expect(await readFile(rejects, 'utf8')).toBe(`{"messages": [\n${JSON.stringify(broken)}\n`);
  });

  it('makes conversations of branches when it is asked for them', async () => {
    const sample = join(PACKAGE, 'samples/openwebui.json');

    const shown = await run('branches', sample);
    const all = await run('branches', sample, '--branches', 'all');

    expect(shown.printed).toMatch('1 branch not taken (--branches all takes them)');
    expect(all.printed).toMatch('1 conversation and 2 messages stored; 1 already there; 0 left out; ');
    expect(await contentsOf('branches', 'openwebui:c1/b1')).toEqual(['15*17?', '254']);
  });

  it('shows what it would do, and sends nothing', async () => {
    const { exitCode, printed } = await run(
      'dry',
      await file('dry.jsonl', chat('x', 'Hello?', 'Yes.')),
      '--dry-run',
    );

    expect([exitCode, printed]).toEqual([
      0,
      expect.stringMatching(
        /^openai:x \(.*line 1\), "Hello\?", completed\n {4}1 user {3}Hello\?\n {4}2 agent {2}Yes\.\n1 conversation and 2 messages found, nothing sent; 0 left out; /,
      ),
    ]);
    expect((await as({ tenant: 'dry' }).get('/conversations')).body.total_count).toBe(0);
  });

  it('takes of an archive what is chats, and what was thought of them', async () => {
    const sample = join(PACKAGE, 'samples/chatgpt.zip');

    const { exitCode, notes } = await run('zip', sample);

    expect([exitCode, notes]).toEqual([
      0,
      [`${sample}/conversations.json: ChatGPT export`, `${sample}/user.json: no chats`],
    ]);
    const client = as({ tenant: 'zip' });
    const { body: list } = await client.get('/conversations');
    const { body } = await client.get(`/conversations/${list.data[0].id}/messages`);
    expect(body.data.at(-1).feedback).toBe('thumbs_down: Too short.');
  });

  it('is over at once where nothing can be done', async () => {
    const nothing = await file('nothing.json', { name: 'no chat', scripts: { build: 'x' } });
    const unknown = await run('none', nothing);
    expect([unknown.exitCode, unknown.notes]).toEqual([
      2,
      [expect.stringContaining('holds no chat history that is known')],
    ]);

    const good = await file('good.jsonl', chat('good', 'a'));
    const identity = { tenant: 'none' };
    await expect(colloquy('import', [good], { url: 'http://127.0.0.1:1', identity })).rejects.toThrow(
      'does not answer',
    );
    await expect(colloquy('import', [good, '--tenant', 'other'], { url, identity })).rejects.toThrow(
      '403 tenant_forbidden',
    );
    await expect(run('none', join(folder, 'missing'))).rejects.toThrow('cannot read');
    await expect(run('none', good, '--format', 'word')).rejects.toThrow('--format is one of');

    const timed = await file('timed.jsonl', { ...chat('t', 'a'), created_at: 1_700_000_000 });
    const scopes = ['conversations:read', 'conversations:write'];
    const refused = await colloquy('import', [timed], { url, identity: { ...identity, scopes } });
    expect([refused.exitCode, refused.notes.at(1)]).toEqual([
      2,
      expect.stringContaining('conversations:import'),
    ]);
  });

  it('goes on where it was killed, in the middle of a conversation', async () => {
    const contents = Array.from({ length: 3_000 }, (_, index) => `message ${index}`);
    const source = await file('long.jsonl', chat('long', ...contents));
    const environment = {
      COLLOQUY_URL: url,
      COLLOQUY_TOKEN: await tokenFor({ tenant: 'killed', scopes: SCOPES }),
    };
    const stored = async () => {
      const { body } = await as({ tenant: 'killed' }).get('/conversations');
      return body.data[0]?.message_count ?? 0;
    };

    const child = startCommand('../packages/cli/src/colloquy.ts', ['import', source], environment);
    const end = once(child, 'exit');
    while (child.exitCode === null && (await stored()) < 500) await wait(5);
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    expect(await end).toEqual([null, 'SIGKILL']);
    expect(await stored()).toBeLessThan(contents.length);
    const { exitCode } = await run('killed', source);

    expect(exitCode).toBe(0);
    expect(await contentsOf('killed', 'openai:long')).toEqual(contents);
    expect((await run('killed', source)).printed).toMatch('0 messages stored; 1 already there');
  }, 60_000);

  it('waits for a service that is away, and stores nothing twice', async () => {
    const source = await file(
      'away.jsonl',
      ...Array.from({ length: 60 }, (_, index) => chat(`c-${index}`, 'a', 'b')),
    );
    const proxy = await TcpProxy.before(url);
    const target = { url: proxy.url, identity: { tenant: 'away' } };

    const importing = colloquy('import', [source], target);
    await wait(150);
    await proxy.close();
    await wait(1_500);
    await proxy.open();
    const { exitCode, printed } = await importing;
    await proxy.close();

    expect([exitCode, printed]).toEqual([0, expect.stringContaining('; 0 left out; ')]);
    const { body } = await as({ tenant: 'away' }).get('/conversations');
    expect(body.total_count).toBe(60);
  }, 60_000);

  it('waits where requests are limited', async () => {
    const source = await file(
      'limited.jsonl',
      ...Array.from({ length: 20 }, (_, index) => chat(`c-${index}`, 'a')),
    );

    const { exitCode, printed } = await colloquy('import', [source, '--concurrency', '8'], {
      url: await limited.listen(),
      identity: { tenant: 'limited' },
    });

    expect([exitCode, printed]).toEqual([
      0,
      expect.stringContaining('20 conversations and 20 messages stored'),
    ]);
  }, 60_000);

  it('stops in order when it is interrupted, and goes on later', async () => {
    const source = await file(
      'many.jsonl',
      ...Array.from({ length: 200 }, (_, index) => chat(`c-${index}`, 'a')),
    );
    const interruption = new AbortController();
    const { signal } = interruption;

    const interrupted = await colloquy('import', [source], {
      url,
      identity: { tenant: 'interrupted' },
      signal,
      onNote: () => setTimeout(() => interruption.abort(), 50),
    });
    const { printed, exitCode } = await run('interrupted', source);

    expect(interrupted.exitCode).toBe(130);
    expect(interrupted.notes.at(-1)).toBe('interrupted; the same command goes on from here');
    expect([exitCode, printed]).toEqual([0, expect.stringMatching(/ [1-9]\d* already there; 0 left out/)]);
    expect((await as({ tenant: 'interrupted' }).get('/conversations')).body.total_count).toBe(200);
  }, 60_000);
});

describe('an export', () => {
  const target = () => ({ url, identity: { tenant: 'refused' } });

  it.each([
    ['--status', 'complted', /^--status must each be one of .*; did you mean completed\?$/],
    ['--created-after', 'yesterday', /^--created-after must be an RFC 3339 time such as /],
    ['--agent', 'a/b', /^--agent must be 1 to 64 characters from /],
  ])('says in a sentence what is wrong with %s %s', async (option, value, sentence) => {
    const refused = await colloquy('export', [option, value], target()).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(CannotRun);
    expect(refused).toMatchObject({ message: expect.stringMatching(sentence) });
  });

  it('says at once that it cannot write a directory', async () => {
    await expect(colloquy('export', ['--out', folder], target())).rejects.toThrow(
      `cannot write ${folder}: it is a directory`,
    );
    expect(existsSync(`${folder}.part`)).toBe(false);
  });
});

describe('a tail', () => {
  it('says in a sentence what is wrong with an option', async () => {
    const identity = { tenant: 'refused', scopes: ['events:read'] };

    await expect(colloquy('tail', ['--type', 'message.creatd'], { url, identity })).rejects.toThrow(
      /^--type must each be one of .*; did you mean message\.created\?$/,
    );
  });
});

describe('an export to a file', () => {
  it('goes on behind what it has when the connection breaks, and when it was killed', async () => {
    const identity = { tenant: 'broken' };
    const text = 'x'.repeat(100_000);
    await run(
      'broken',
      await file('broken.jsonl', ...Array.from({ length: 40 }, (_, index) => chat(`c-${index}`, text))),
    );
    const whole = join(folder, 'whole.jsonl');
    await colloquy('export', ['--out', whole], { url, identity });
    const lines = (await readFile(whole, 'utf8')).trimEnd().split('\n');
    const { port, requests, close } = await half(lines);

    const out = join(folder, 'resumed.jsonl.gz');
    const { exitCode, notes } = await colloquy('export', ['--out', out], {
      url: `http://127.0.0.1:${port}`,
      identity,
    });
    close();

    expect([exitCode, notes.at(-1)]).toEqual([0, `40 conversations, 40 messages exported to ${out}`]);
    expect(requests.length).toBeGreaterThan(1);
    expect(gunzipSync(readFileSync(out)).toString()).toBe(`${lines.join('\n')}\n`);
    expect([existsSync(`${out}.part`), existsSync(`${out}.part.json`)]).toEqual([false, false]);
  }, 60_000);
});

/** A service whose connections break in the middle of an export, each a little later than the one before. */
async function half(lines: readonly string[]) {
  const requests: string[] = [];
  const ids = lines.map((line) => (JSON.parse(line) as { id?: string }).id);
  const server = createServer((request, response) => {
    if (!request.url?.includes('/export/')) {
      response
        .setHeader('content-type', 'application/json')
        .end('{"total_count":40,"data":[],"has_next_page":false}');
      return;
    }
    requests.push(request.url);
    const after = new URL(request.url, 'http://x').searchParams.get('after');
    const start = after === null ? 1 : ids.indexOf(after) + 1;
    const rest = [lines[0], ...lines.slice(start)].join('\n');
    response.setHeader('content-type', 'application/x-ndjson');
    if (requests.length >= 3) {
      response.end(`${rest}\n`);
      return;
    }
    // Longer than the pause between two marks.
    response.write(rest.slice(0, 1_000_000));
    setTimeout(() => response.write(rest.slice(1_000_000, 1_500_000), () => response.destroy()), 2_500);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { port, requests, close: () => server.close() };
}

describe('the package', () => {
  it('runs by npx from its tarball, without this repository', async () => {
    const npm = (args: string[], cwd: string) =>
      execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [packed] = JSON.parse(
      npm(['run', '--silent', 'tarball', '--', '--json', '--pack-destination', folder], PACKAGE),
    ) as {
      filename: string;
      files: { path: string }[];
    }[];
    const elsewhere = await mkdtemp(join(tmpdir(), 'colloquy-npx-'));
    await writeFile(join(elsewhere, 'chat.jsonl.gz'), gzipSync(JSON.stringify(chat('packed', 'Hello?'))));
    const colloquyOf = (...args: string[]) =>
      npm(
        [
          'exec',
          '--yes',
          '--offline',
          '--cache',
          join(elsewhere, 'cache'),
          `--package=${join(folder, packed?.filename ?? '')}`,
          '--',
          'colloquy',
          ...args,
        ],
        elsewhere,
      );

    expect(packed?.files.map(({ path }) => path).sort()).toEqual([
      'README.md',
      'dist/LICENSES.txt',
      'dist/colloquy.js',
      'package.json',
    ]);
    expect(colloquyOf('import', 'chat.jsonl.gz', '--dry-run')).toMatch('1 conversation and 1 message found');
    await rm(elsewhere, { recursive: true });
  }, 120_000);
});
