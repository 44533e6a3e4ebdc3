import { beforeAll, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { createTestApp } from '../support/create-test-app.js';
import { command } from './command.js';
import { describeInstalled, folderOf } from './installed.js';

const service = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const url = await service.listen();
const cwd = folderOf('generators');
const ROOT = join(import.meta.dirname, '../..');
const OPENAPI = join(ROOT, 'openapi.json');
/** As these programs would be: what @hey-api/openapi-ts writes is for a bundler. */
const ROLLDOWN = join(ROOT, 'node_modules/rolldown/bin/cli.mjs');

const node = (...args: string[]) =>
  command(process.execPath, args, { cwd, env: { COLLOQUY_URL: url, OPENAPI, REDOCLY_TELEMETRY: 'off' } });
const installed = (file: string) => `node_modules/${file}`;

describeInstalled('generators', 'what others make of openapi.json', () => {
  beforeAll(async () => {
    await node(installed('openapi-typescript/bin/cli.js'), OPENAPI, '-o', 'openapi-typescript.gen.ts');
    await node(installed('orval/dist/bin/orval.mjs'), '--config', 'orval.config.mjs');
    await node(
      installed('@hey-api/openapi-ts/bin/run.js'),
      ...['-i', OPENAPI, '-o', 'hey-api.gen', '--no-log-file'],
    );
    await node(installed('typescript/bin/tsc'), '-p', '.');
  });

  it.each(['openapi-fetch', 'orval', 'hey-api'])('%s is a client that does what it should', async (name) => {
    const program = `${name}.gen.js`;
    await node(ROLLDOWN, `${name}.ts`, '--platform', 'node', '--file', program);

    expect(await node(program)).toBe('played\n');
  });
});

describeInstalled('generators', 'what judges openapi.json', () => {
  it('redocly finds nothing', async () => {
    const printed = await node(
      installed('@redocly/cli/bin/cli.js'),
      ...['lint', '--config', 'redocly.yaml', '--format', 'json', OPENAPI],
    );

    expect(JSON.parse(printed)).toMatchObject({ totals: { errors: 0, warnings: 0 } });
  });

  it('spectral finds nothing', () =>
    node(
      installed('@stoplight/spectral-cli/dist/index.js'),
      ...['lint', OPENAPI, '--ruleset', 'spectral.yaml', '--fail-severity', 'hint'],
    ));
});
