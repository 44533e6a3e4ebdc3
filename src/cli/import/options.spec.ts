import { describe, expect, it } from '@jest/globals';
import { CannotImport } from './import-errors.js';
import { parseOptions } from './options.js';

const agent = '0190a5b0-0000-7000-8000-000000000000';

describe('parseOptions', () => {
  it('needs only a file', () => {
    expect(parseOptions(['a.jsonl'], undefined)).toEqual({
      file: 'a.jsonl',
      url: 'http://127.0.0.1:3000',
      concurrency: 4,
    });
  });

  it('takes everything else from options and the token from the environment', () => {
    const args = ['--url', 'https://x.test/colloquy/', '--tenant', 't', '--unit', 'u', '--agent', agent];

    expect(parseOptions([...args, '--concurrency=64', 'a.jsonl'], ' key\n')).toEqual({
      file: 'a.jsonl',
      url: 'https://x.test/colloquy',
      tenantId: 't',
      unitId: 'u',
      agentId: agent,
      token: 'key',
      concurrency: 64,
    });
  });

  it('asks for nothing when asked for help', () => {
    expect(parseOptions(['--help'], undefined)).toBeNull();
  });

  it.each([
    [[]],
    [['a', 'b']],
    [['a', '--key', 'x']],
    [['a', '--url', 'localhost:3000']],
    [['a', '--url', 'http://user:secret@localhost']],
    [['a', '--tenant', '']],
    [['a', '--unit', 'a b']],
    [['a', '--agent', 'x']],
    [['a', '--concurrency', '0']],
    [['a', '--concurrency', '65']],
    [['a', '--concurrency', '1.5']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args, undefined)).toThrow(CannotImport);
  });

  it('refuses a token that is no header, without showing it', () => {
    expect(() => parseOptions(['a'], 'se\ncret')).toThrow('COLLOQUY_TOKEN is neither a JWT nor an API key');
  });
});
